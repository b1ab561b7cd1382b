"""The machine: programs, compilers, a builder, room on the disk, and a network that clients can use."""

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
from release_tasks.errors import ReleaseError, shorten

if TYPE_CHECKING:
    from release_tasks.project.model import Project

MENDED = "1.97"  # of cargo: the circle that is never published since 1.96, the deadlock that is none since 1.97
ROOM = 2 << 30  # bytes for a target folder, images and what is packed
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
class Machine:
    """What doctor looks at: this machine, and the project that it is to release, or none."""

    order: Any
    project: Project | None
    is_tagged: bool = False


@problem
def old_program(case: Machine) -> Iterator[ReleaseError]:
    """Yield each program that cannot do yet what a step asks of it."""
    from release_tasks.tools import programs

    found = (
        programs.outdated(programs.PROGRAMS[name]) for name in needed(case.order, case.project)
    )
    yield from (error for error in found if error)


@warning
def cargo_bug(case: Machine) -> Iterator[ReleaseError]:
    """Yield that cargo gives up an upload of many crates for a reason that is none."""
    from release_tasks.tools.programs import PROGRAMS, is_before, version

    there, crates = (
        version(PROGRAMS["cargo"]),
        [one for one in (case.project.crates if case.project else ()) if one.publish],
    )
    if there and is_before(there, MENDED) and len(crates) > BURST:
        fact = f"cargo {there} may call it a deadlock that crates.io lets more than {BURST} crates wait, and here are {len(crates)}"
        yield ReleaseError(
            fact,
            f"use cargo {MENDED} or later: rustup update stable; else run the release again when it stops",
        )


@problem
def absent_toolchain(case: Machine) -> Iterator[ReleaseError]:
    """Yield the toolchain that the project pins and rustup does not have."""
    from release_tasks.tools import rustup

    root = (
        case.project.root if case.project else Path.cwd()
    )  # cargo, and so discovery, may fail for this very reason
    pinned = (
        _pinned(root)
        if shell.found("rustup") and (case.project is None or case.project.manifest)
        else None
    )
    there = rustup.toolchains() if pinned else []
    if pinned and not any(name == pinned or name.startswith(f"{pinned}-") for name in there):
        yield ReleaseError(
            f"the project pins the toolchain {pinned}, which is not installed",
            f"rustup toolchain install {pinned}",
        )


@warning
def unbuildable_target(case: Machine) -> Iterator[ReleaseError]:
    """Yield each target of the settings for which this machine has no compiler or linker."""
    from release_tasks.building.targets import oldest_glibc, unlinkable
    from release_tasks.formats import wheels
    from release_tasks.project.model import resolved_or_empty
    from release_tasks.tools import rustc

    if case.project is None or not shell.found("rustc"):
        return
    root, components = case.project.root, case.project.components
    binaries = [binary for one in components for binary in resolved_or_empty(one.binaries)]
    tags = [
        tag
        for one in components
        for package in resolved_or_empty(one.python)
        if package.maturin
        for tag in package.wheels
    ]
    promised = oldest_glibc(components, case.project.settings.build.glibc)
    ways, errors = rustc.possible(
        root, [binary.target for binary in binaries], "inv build-binaries", promised
    )
    yield from errors.values()
    yield from rustc.possible(root, map(wheels.target_of, tags), "inv build-wheels", promised)[
        1
    ].values()
    yield from unlinkable(root, binaries, ways)


@problem
def no_builder(case: Machine) -> Iterator[ReleaseError]:
    """Yield that nothing here can make an image of several platforms; absent programs are told by themselves."""
    from release_tasks.tools.docker import buildkit
    from release_tasks.tools.programs import PROGRAMS, version

    if (
        case.project
        and ships(case.project, "images")
        and all(version(PROGRAMS[name]) for name in ("buildx", *BUILDER))
    ):
        yield from filter(None, [buildkit.refusal()])


@warning
def low_disk_space(case: Machine) -> Iterator[ReleaseError]:
    """Yield each disk of the release that has little room left."""
    root = case.project.root if case.project else Path.cwd()
    places = {
        "TMPDIR": Path(tempfile.gettempdir()),
        "CARGO_TARGET_DIR": Path(os.environ.get("CARGO_TARGET_DIR") or root),
    }
    for name, place in places.items():
        if place.exists() and (free := shutil.disk_usage(place).free) < ROOM:
            yield ReleaseError(
                f"{place} has {free / (1 << 30):.1f} GiB of room",
                f"make room, or let {name} name a folder on another disk",
            )


@problem
def absent_certificates(case: Machine) -> Iterator[ReleaseError]:
    """Yield each variable for certificates that names nothing, so that its clients trust nobody."""
    for name in CERTIFICATES:
        if (path := os.environ.get(name)) and not os.path.exists(path):
            yield ReleaseError(
                f"{name} names {path}, which is not there",
                f"unset {name}, or let it name the certificates",
            )


@warning
def inconsistent_ca_settings(case: Machine) -> Iterator[ReleaseError]:
    """Yield that Python trusts other certificates than cargo, gh, docker and helm do."""
    for name, other in ((FOR_CURL, FOR_PYTHON), (FOR_PYTHON, FOR_CURL)):
        if (path := os.environ.get(name)) and not os.environ.get(other):
            yield ReleaseError(
                f"{name} is set and {other} is not, so that not every client trusts the same",
                f"export {other}={path}",
            )


@warning
def proxied_loopback(case: Machine) -> Iterator[ReleaseError]:
    """Yield that what is on this machine would be asked through the proxy."""
    from release_tasks.http import ProxySettings

    wrong = [
        host for host in ("127.0.0.1", "localhost") if ProxySettings.now(f"https://{host}").proxies
    ]
    if wrong:
        names = ",".join(
            filter(None, (os.environ.get("no_proxy") or os.environ.get("NO_PROXY"), *wrong))
        )
        yield ReleaseError(
            f"{shorten(wrong)} would be asked through the proxy",
            f"export NO_PROXY={names} no_proxy={names}",
        )


def _pinned(root: Path) -> str | None:
    """Return the toolchain that a folder or the nearest one above it pins (the rustup book, "The toolchain file")."""
    for path in (
        folder / name
        for folder in (root, *root.parents)
        for name in ("rust-toolchain", "rust-toolchain.toml")
    ):
        if path.is_file():
            text = path.read_text("utf-8")
            if "[" not in text:
                return text.strip() or None
            channel = tomllib.loads(text).get("toolchain", {}).get("channel")
            return str(channel) if channel else None
    return None
