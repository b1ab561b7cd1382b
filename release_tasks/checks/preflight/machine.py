"""The machine: programs, compilers, a builder, disk space, and network settings."""

from __future__ import annotations

import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from release_tasks import shell
from release_tasks.channels.crates_io import BURST
from release_tasks.checks.check import problem, warning
from release_tasks.checks.preflight.programs import BUILDER, needed, ships
from release_tasks.errors import Problem, shorten
from release_tasks.formats import text_files
from release_tasks.printable import word
from release_tasks.tools import rustup

if TYPE_CHECKING:
    from release_tasks.project.model import Project

# of cargo: 1.96 and earlier report a deadlock where there is none
FIXED_IN = "1.97"
LEAST_SPACE = 2 << 30  # bytes for a target folder, images and what is packed
FOR_CURL, FOR_PYTHON = "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"
CERTIFICATES = (
    FOR_CURL,
    FOR_PYTHON,
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
)


@dataclass(frozen=True)
class MachineContext:
    """What doctor looks at: this machine, and the project that it is to release, or None."""

    order: Any
    project: Project | None
    is_tagged: bool = False
    is_requested: bool = True

    @property
    def root(self) -> Path:
        """Return the root of the project, or the working directory."""
        if self.project is None:
            return Path.cwd()
        return self.project.root


@problem
def old_program(context: MachineContext) -> Iterator[Problem]:
    """Find each program that is older than a step needs."""
    from release_tasks.tools import programs

    for name in needed(context.order, context.project):
        error = programs.outdated(programs.PROGRAMS[name])
        if error:
            yield from error.problems


@warning
def cargo_bug(context: MachineContext) -> Iterator[Problem]:
    """Find that cargo stops an upload of many crates for a deadlock where there is none."""
    from release_tasks.tools.programs import PROGRAMS, is_before, version

    if context.project is None:
        return
    count = len([crate for crate in context.project.crates if crate.publish])
    cargo = version(PROGRAMS["cargo"])
    if cargo and is_before(cargo, FIXED_IN) and count > BURST:
        yield Problem(
            f"cargo {cargo} may report a deadlock when crates.io's rate limit lets more than "
            f"{BURST} crates wait, and there are {count}",
            f"rustup update stable, which brings cargo {FIXED_IN} or later; "
            "otherwise run the release again when it stops",
        )


@problem
def absent_toolchain(context: MachineContext) -> Iterator[Problem]:
    """Find a toolchain that the project pins and rustup does not have.

    Without it cargo may not run, and then there is no project: the files decide.
    """
    if not shell.found("rustup"):
        return
    if context.project is not None and not context.project.has_cargo:
        return
    folder = context.root
    if context.project is not None:
        folder = context.project.cargo_root
    pinned = _pinned_toolchain(folder)
    if not pinned:
        return
    names = rustup.toolchains()
    if not any(
        name == pinned or name.startswith(f"{pinned}-") for name in names
    ):
        yield Problem(
            f"the project pins the toolchain {pinned}, which is not installed",
            f"rustup toolchain install {word(pinned)}",
        )


@problem
def no_builder(context: MachineContext) -> Iterator[Problem]:
    """Find that docker cannot build for several platforms although its programs are there."""
    from release_tasks.tools.docker import buildkit
    from release_tasks.tools.programs import PROGRAMS, version

    if context.project is None or not ships(context.project, "images"):
        return
    if all(version(PROGRAMS[name]) for name in ("buildx", *BUILDER)):
        error = buildkit.refusal()
        if error:
            yield from error.problems


@warning
def low_disk_space(context: MachineContext) -> Iterator[Problem]:
    """Find each disk of the release that has little space left."""
    places = {
        "TMPDIR": Path(tempfile.gettempdir()),
        "CARGO_TARGET_DIR": Path(
            os.environ.get("CARGO_TARGET_DIR") or context.root
        ),
    }
    for name, place in places.items():
        if not place.exists():
            continue
        free = shutil.disk_usage(place).free
        if free < LEAST_SPACE:
            yield Problem(
                f"{place} has {free / (1 << 30):.1f} GiB of free space",
                f"free some, or set {name} to a folder on another disk",
            )


@problem
def absent_certificates(context: MachineContext) -> Iterator[Problem]:
    """Find each variable for certificates whose file does not exist, so that no client connects."""
    for name in CERTIFICATES:
        path = os.environ.get(name)
        if path and not os.path.exists(path):
            yield Problem(
                f"{name} is {path}, which does not exist",
                f"unset {name}, or set it to the file with the certificates",
            )


@warning
def inconsistent_ca_settings(context: MachineContext) -> Iterator[Problem]:
    """Find that Python trusts other certificates than cargo, gh, docker and helm do."""
    for name, other in ((FOR_CURL, FOR_PYTHON), (FOR_PYTHON, FOR_CURL)):
        path = os.environ.get(name)
        if path and not os.environ.get(other):
            yield Problem(
                f"{name} is set and {other} is not, so clients trust different certificates",
                f"export {other}={path}",
            )


@warning
def proxied_loopback(context: MachineContext) -> Iterator[Problem]:
    """Find that requests to this machine itself would go through the proxy."""
    from release_tasks.http import ProxySettings

    hosts = ("127.0.0.1", "localhost")
    proxied = [
        host for host in hosts if ProxySettings.now(f"https://{host}").proxies
    ]
    if proxied:
        current = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
        names = ",".join(filter(None, (current, *proxied)))
        yield Problem(
            f"requests to {shorten(proxied)} would go through the proxy",
            f"export NO_PROXY={names} no_proxy={names}",
        )


def _pinned_toolchain(root: Path) -> str | None:
    """Return the toolchain that a folder or the nearest one above it pins.

    The rustup book, "The toolchain file".
    """
    for folder in (root, *root.parents):
        for name in ("rust-toolchain", "rust-toolchain.toml"):
            if (folder / name).is_file():
                return _channel(text_files.peek(folder, name))
    return None


def _channel(text: str) -> str | None:
    """Return what a toolchain file pins: it is TOML, or just the name."""
    if "[" not in text:
        return text.strip() or None
    channel = tomllib.loads(text).get("toolchain", {}).get("channel")
    return str(channel or "") or None
