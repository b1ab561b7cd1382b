"""A small world for one rehearsal: all stand-ins, the proxy, and the environment that leads there."""

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

from release_tasks import files
from release_tasks.rehearsal import clients
from release_tasks.rehearsal.clock import Clock
from release_tasks.rehearsal.faults import Faults
from release_tasks.rehearsal.server import Servers
from release_tasks.rehearsal.web import Log

if TYPE_CHECKING:
    from release_tasks.rehearsal.crates_io.app import CratesIo
    from release_tasks.rehearsal.github.app import GitHub
    from release_tasks.rehearsal.oci.app import Oci
    from release_tasks.rehearsal.pypi.app import PyPI


@dataclass(frozen=True)
class LocalRegistries:
    """Running stand-ins. `urls` are their loopback addresses by name ("crates", "pypi", "oci",
    "github", "proxy"), `env` what leads clients to their public names, `removed` what to unset."""

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

    def environment(self) -> dict[str, str]:
        """Return this process's environment as a client in this world should see it."""
        return {
            key: value for key, value in os.environ.items() if key not in self.removed
        } | self.env


@contextlib.contextmanager
def run_registries(
    folder: Path,
    *,
    owner_repo: str = "",
    source: Path | None = None,
    offline: bool = False,
    cache: Path | None = None,
    crates: Collection[str] | None = None,
    packages: Collection[str] | None = None,
    rate_limits: bool = False,
) -> Iterator[LocalRegistries]:
    """Run all stand-ins inside the block and keep what they hold in `folder`.

    `owner_repo` (`owner/name`) is made on GitHub, with the branches and tags of `source`;
    `cache` keeps downloads for later rehearsals; `crates` and `packages` name what may be
    published, which `offline` needs to tell "free" from "not known".
    """
    from release_tasks.rehearsal.crates_io.app import CratesIo
    from release_tasks.rehearsal.github.app import GitHub
    from release_tasks.rehearsal.oci.app import Oci
    from release_tasks.rehearsal.pypi.app import PyPI

    clock, kept = Clock(), cache or download_cache()
    settings = folder / "clients"
    settings.mkdir(parents=True, exist_ok=True)
    index = CratesIo(
        folder / "crates",
        clients.CRATES_TOKEN,
        offline,
        cache=kept / "crates",
        ours=crates,
        rate_limits=rate_limits,
        clock=clock,
    )
    pypi = PyPI(
        folder / "pypi",
        clients.PYPI_TOKEN,
        offline,
        cache=kept / "pypi",
        ours=packages,
        rate_limits=rate_limits,
        clock=clock,
    )
    oci = Oci(folder / "oci", clients.REGISTRY_PASSWORD)
    github = GitHub(folder / "github", clients.GITHUB_TOKEN)
    if owner_repo:
        owner, repo = owner_repo.split("/", 1)
        github.create(owner, repo, source)
    with Servers((index, pypi, oci, github), folder) as servers:
        env = clients.environment(servers.proxy, servers.ca_file, settings)
        yield LocalRegistries(
            {**servers.urls, "proxy": servers.proxy},
            env,
            clients.leftovers(os.environ, env),
            servers.log,
            servers.faults,
            clock,
            index,
            pypi,
            oci,
            github,
        )


def serve_registries(stdin: TextIO, stdout: TextIO, offline: bool = False) -> None:
    """Offer the registries alone until `stdin` closes, or Ctrl-C; leave nothing behind.

    The first line on `stdout` is one JSON object: the address of each stand-in and of the proxy,
    `env`, what a client needs to reach them under their public names, and `unset`.
    """
    quiet = contextlib.suppress(KeyboardInterrupt)
    with (
        _interrupted_by_sigterm(),
        quiet,
        files.scratch("serve") as folder,
        run_registries(folder, offline=offline) as registries,
    ):
        print(
            json.dumps({**registries.urls, "env": registries.env, "unset": registries.removed}),
            file=stdout,
            flush=True,
        )
        while stdin.read(4096):
            continue


def download_cache() -> Path:
    """Return the folder of the user's caches in which rehearsals keep what they download."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "release-tasks" / "downloads"


@contextlib.contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
