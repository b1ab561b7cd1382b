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

from release_tasks import files
from release_tasks.rehearsal import clients
from release_tasks.rehearsal.clock import Clock
from release_tasks.rehearsal.faults import Faults
from release_tasks.rehearsal.server import Servers
from release_tasks.rehearsal.upstream import Upstream
from release_tasks.rehearsal.web import Log

if TYPE_CHECKING:
    from release_tasks.rehearsal.crates_io.app import CratesIo
    from release_tasks.rehearsal.github.app import GitHub
    from release_tasks.rehearsal.oci.app import Oci
    from release_tasks.rehearsal.pypi.app import PyPI


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
    crates: Collection[str] | None = None,
    packages: Collection[str] | None = None,
    rate_limits: bool = False,
) -> Iterator[LocalRegistries]:
    """Run all local registries inside the block; their data is kept in `folder`.

    `cache` keeps downloads for later rehearsals; `crates` and `packages` name what may be
    published, which `offline` needs to distinguish a free name from an unknown one.
    """
    from release_tasks.rehearsal.crates_io.app import CratesIo
    from release_tasks.rehearsal.github.app import GitHub
    from release_tasks.rehearsal.oci.app import Oci
    from release_tasks.rehearsal.pypi.app import PyPI

    clock = Clock()
    downloads = cache or download_cache()
    crates_io = CratesIo(
        folder / "crates",
        clients.CRATES_TOKEN,
        Upstream(downloads / "crates", offline, crates),
        rate_limits=rate_limits,
        clock=clock,
    )
    pypi = PyPI(
        folder / "pypi",
        clients.PYPI_TOKEN,
        Upstream(downloads / "pypi", offline, packages),
        rate_limits=rate_limits,
        clock=clock,
    )
    oci = Oci(folder / "oci", clients.REGISTRY_PASSWORD)
    github = GitHub(folder / "github", clients.GITHUB_TOKEN)
    settings = folder / "clients"
    settings.mkdir(parents=True, exist_ok=True)
    with Servers((crates_io, pypi, oci, github), folder) as servers:
        env = clients.environment(servers.proxy, servers.ca_file, settings)
        yield LocalRegistries(
            urls={**servers.urls, "proxy": servers.proxy},
            env=env,
            removed=clients.variables_to_unset(os.environ, env),
            log=servers.log,
            faults=servers.faults,
            clock=clock,
            crates=crates_io,
            pypi=pypi,
            oci=oci,
            github=github,
        )


def serve_registries(stdin: TextIO, stdout: TextIO, offline: bool = False) -> None:
    """Run the local registries alone until `stdin` closes, or Ctrl-C; leave nothing behind.

    The first line on `stdout` is one JSON object: the address of each registry and of the proxy,
    `env`, the variables with which a client reaches them by their public names, and `unset`.
    """
    with (
        _interrupted_by_sigterm(),
        contextlib.suppress(KeyboardInterrupt),
        files.scratch("serve") as folder,
        run_registries(folder, offline=offline) as registries,
    ):
        line = {**registries.urls, "env": registries.env, "unset": registries.removed}
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
