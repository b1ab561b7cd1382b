"""All local registries, the proxy in front of them, and the environment of their clients."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from release_tasks import endpoints, files
from release_tasks.rehearsal import clients, identity
from release_tasks.rehearsal.clock import Clock
from release_tasks.rehearsal.elsewhere import Elsewhere
from release_tasks.rehearsal.faults import Faults
from release_tasks.rehearsal.identity import Issuer
from release_tasks.rehearsal.mirrors import Mirrors
from release_tasks.rehearsal.oci.remote import Remote, UnknownOurs
from release_tasks.rehearsal.server import Servers
from release_tasks.rehearsal.tokens import Tokens
from release_tasks.rehearsal.upstream import Upstream
from release_tasks.rehearsal.web import Log
from release_tasks.rules import oci as oci_rules

if TYPE_CHECKING:
    from release_tasks.rehearsal.crates_io.app import CratesIo
    from release_tasks.rehearsal.github.app import GitHub
    from release_tasks.rehearsal.oci.app import Oci
    from release_tasks.rehearsal.pypi.app import PyPI


DOCKER_HUB_HOST = endpoints.host(endpoints.DOCKER_HUB)
HTTP = 80  # the port of a registry on loopback that names none


@dataclass(frozen=True)
class Ours:
    """What the release may publish, by name; `references` are those of images and charts.

    `github_host` is the GitHub of origin, which may be a GitHub Enterprise Server; `ssh_hosts` are
    hosts from which the project takes repositories of others with ssh.
    """

    crates: Collection[str] = ()
    packages: Collection[str] = ()
    references: Collection[str] = ()
    github_host: str = clients.GITHUB_HOST
    ssh_hosts: Collection[str] = ()

    @property
    def names(self) -> list[oci_rules.Name]:
        """Return the registry and repository of each reference."""
        return [oci_rules.name(reference) for reference in self.references]


@dataclass(frozen=True)
class LocalRegistries:
    """Running local registries.

    `urls` are their loopback addresses by name ("crates", "pypi", "oci", "github", "proxy"), `env`
    are the variables with which clients reach them by their public names, `removed` those to unset.
    """

    urls: dict[str, str]
    env: dict[str, str]
    removed: list[str]
    log: Log
    faults: Faults
    clock: Clock
    crates: CratesIo
    pypi: PyPI
    oci: Oci
    github: GitHub
    elsewhere: Elsewhere
    tokens: Tokens
    issuer: Issuer

    def unreachable(self) -> dict[str, str]:
        """Return why hosts and repositories of others could not be read, by their names."""
        mirrors = self.elsewhere.mirrors
        repositories = mirrors.unreachable if mirrors else {}
        return {**self.elsewhere.unreachable, **repositories}

    def job(
        self,
        repository: str,
        workflow: str = "release.yml",
        environment: str = "",
    ) -> dict[str, str]:
        """Return the variables with which a job of GitHub Actions proves who it is."""
        token = self.issuer.start_job(repository, workflow, environment)
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.urls['github']}{identity.PATH}?v=1",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": token,
        }

    def environment(self) -> dict[str, str]:
        """Return this process's environment, changed for a client of these registries."""
        env = dict(os.environ)
        for name in self.removed:
            env.pop(name, None)
        return env | self.env


@contextlib.contextmanager
def run_registries(
    folder: Path,
    *,
    offline: bool = False,
    cache: Path | None = None,
    ours: Ours | None = None,
    rate_limits: bool = False,
    references: Collection[str] | None = None,
) -> Iterator[LocalRegistries]:
    """Run all local registries inside the block; their data is kept in `folder`.

    `cache` keeps downloads for later rehearsals; `ours` names what may be published, which
    `offline` needs to distinguish a free name from an unknown one. Without it, nothing of others
    is read from the real GHCR. `references` instead of `ours` serves the registries of these
    images, Docker Hub and others of everybody, where all can be pushed.
    Raises `ReleaseError` where the port of a registry on loopback is in use.
    """
    from release_tasks.rehearsal.crates_io.app import CratesIo
    from release_tasks.rehearsal.github.packages import Packages
    from release_tasks.rehearsal.oci.app import Oci
    from release_tasks.rehearsal.pypi.app import PyPI

    clock, tokens, issuer = Clock(), Tokens.made(), Issuer()
    folder.mkdir(0o700, parents=True, exist_ok=True)
    downloads = cache or download_cache()
    known = ours or Ours(references=references or ())
    mirrors = None if offline else Mirrors(folder / "mirrors", known.ssh_hosts)
    elsewhere = Elsewhere(downloads / "blobs", offline, mirrors)
    crates = packages = remote = None
    if ours is not None:
        crates, packages = ours.crates, ours.packages
        remote = _remote(elsewhere, ours.names)
    hosts = _registry_hosts(known.names)
    if references is not None:
        hosts = tuple(
            dict.fromkeys((*hosts, DOCKER_HUB_HOST, *endpoints.REGISTRIES))
        )
        remote = UnknownOurs(elsewhere, hosts[1:])
    crates_io = CratesIo(
        folder / "crates",
        tokens.crates,
        Upstream(downloads / "crates", offline, crates),
        rate_limits=rate_limits,
        clock=clock,
        issuer=issuer,
    )
    pypi = PyPI(
        folder / "pypi",
        tokens.pypi,
        Upstream(downloads / "pypi", offline, packages),
        rate_limits=rate_limits,
        clock=clock,
        issuer=issuer,
    )
    oci = Oci(folder / "oci", tokens.registry, hosts, remote=remote)
    oci.tokens.others = (tokens.github,)  # GHCR takes the token of a workflow
    github = _github(folder / "github", tokens, known.github_host)
    github.mirrors = mirrors
    github.issuer = issuer
    github.packages = Packages(oci.store)
    settings = folder / "clients"
    settings.mkdir(parents=True, exist_ok=True)
    servers = Servers(
        (crates_io, pypi, oci, github),
        folder,
        None if offline else elsewhere,
        dict.fromkeys(_loopback_ports(known.names), oci),
        tokens,
    )
    with servers:
        place = clients.Place(
            servers.proxy,
            servers.ca_file,
            settings,
            tokens,
            sorted({*hosts, *(name.registry for name in known.names)}),
            known.github_host,
            known.ssh_hosts,
        )
        env = clients.environment(place)
        yield LocalRegistries(
            urls={**servers.urls, "proxy": place.proxy_with_login},
            env=env,
            removed=clients.variables_to_unset(os.environ, env),
            log=servers.log,
            faults=servers.faults,
            clock=clock,
            crates=crates_io,
            pypi=pypi,
            oci=oci,
            github=github,
            elsewhere=elsewhere,
            tokens=tokens,
            issuer=issuer,
        )


def _github(folder: Path, tokens: Tokens, host: str) -> GitHub:
    """Return a GitHub at `host` that has a token to write and one to read."""
    from release_tasks.rehearsal.github.app import GitHub
    from release_tasks.rehearsal.github.rights import Rights

    github = GitHub(folder, tokens.github, open_push=False, hosts=(host,))
    github.add_token(tokens.github_read, Rights.READ)
    return github


def _registry_hosts(names: Collection[oci_rules.Name]) -> tuple[str, ...]:
    """Return the hosts of the registries that are rehearsed, GHCR first."""
    found = [endpoints.host(endpoints.GHCR)]
    found += [
        endpoints.host(endpoints.registry(name.registry)) for name in names
    ]
    return tuple(dict.fromkeys(found))


def _remote(elsewhere: Elsewhere, names: Collection[oci_rules.Name]) -> Remote:
    ours = {
        (endpoints.host(endpoints.registry(name.registry)), name.repository)
        for name in names
    }
    return Remote(elsewhere, ours)


def _loopback_ports(names: Collection[oci_rules.Name]) -> set[int]:
    """Return the ports of registries on loopback, which no proxy leads to."""
    hosts = {
        name.registry
        for name in names
        if endpoints.is_plain_http(name.registry)
    }
    return {int(host.partition(":")[2] or HTTP) for host in hosts}


def serve_registries(
    stdin: TextIO,
    stdout: TextIO,
    offline: bool = False,
    references: Collection[str] = (),
) -> None:
    """Run the local registries alone until `stdin` closes, or Ctrl-C; leave nothing behind.

    `references` are those of the project's images and charts.

    The first line on `stdout` is one JSON object: the address of each registry and of the proxy
    (that of images has their password in it: below it a script pushes without a login), `env`,
    the variables with which a client reaches them by their public names, `unset`, and `tokens`
    with other rights than those of `env`.
    """
    with (
        _interrupted_by_sigterm(),
        contextlib.suppress(KeyboardInterrupt),
        files.scratch("serve") as folder,
        run_registries(
            folder, offline=offline, references=references
        ) as registries,
    ):
        line = {
            **registries.urls,
            "oci": f"{registries.urls['oci']}/{registries.tokens.registry}",
            "env": registries.env,
            "unset": registries.removed,
            "tokens": {
                "github_read": registries.tokens.github_read,
                "registry": registries.tokens.registry,
            },
        }
        print(json.dumps(line), file=stdout, flush=True)
        while stdin.read(4096):
            continue


def download_cache() -> Path:
    """Return the folder of the user's caches in which rehearsals keep what they download."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "release-tasks" / "downloads"


@contextlib.contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """Let SIGTERM raise `KeyboardInterrupt` inside the block, as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
