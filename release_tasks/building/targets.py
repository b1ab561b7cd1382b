"""Which targets this machine can build, and how: the same way for binaries and wheels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from release_tasks import shell, terminal
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.formats import wheels
from release_tasks.formats.executables import numbers
from release_tasks.project.model import Binary, Component, resolved_or_empty
from release_tasks.release import Release
from release_tasks.tools import rustc, zig

# what cargo needs for each target: another rustc, a linker
BuildEnvs = dict[str, dict[str, str]]


def chosen(
    names: str | None, declared: Sequence[str], noun: str
) -> Sequence[str]:
    """Return the comma-separated names, or all declared ones for None.

    Raises `ReleaseError` for a name that is not declared; `noun` is what the names are of.
    """
    if not names:
        return declared
    wanted = [name.strip() for name in names.split(",")]
    unknown = [name for name in wanted if name not in declared]
    if unknown:
        raise ReleaseError(
            f"no {noun} is declared for {', '.join(unknown)}",
            f"available: {', '.join(declared) or 'none'}",
        )
    return wanted


def build_envs(
    release: Release, targets: Iterable[str], command: str, folder: Path
) -> tuple[BuildEnvs, dict[str, ReleaseError]]:
    """Return the variables for each target that can be built here, and an error for each other.

    The toolchain of `folder` is used. The error's fix has the `command` that builds it on another
    machine.
    """
    components = [part.component for part in release.parts]
    glibc = oldest_glibc(components, release.project.settings.build.glibc)
    return rustc.possible(folder, targets, command, glibc)


def oldest_glibc(
    components: Iterable[Component], glibc: str | None
) -> dict[str, str]:
    """Return the oldest glibc (`2.17`) that what is built for each target must run with.

    It is that of a wheel's tag, and `glibc` for binaries.
    """
    promised: dict[str, set[str]] = {}
    for component in components:
        for package in resolved_or_empty(component.python):
            if package.maturin:
                for tag in package.wheels:
                    promised.setdefault(wheels.target_of(tag), set()).add(
                        wheels.glibc_of(tag)
                    )
        for binary in resolved_or_empty(component.binaries):
            if glibc and rustc.has_glibc(binary.target) and not binary.static:
                promised.setdefault(binary.target, set()).add(glibc)
    oldest = {}
    for target, versions in promised.items():
        versions.discard("")
        if versions:
            oldest[target] = min(versions, key=numbers)
    return oldest


def link_flags(
    tree: Path, binary: Binary, env: Mapping[str, str]
) -> tuple[str, ...]:
    """Return rustc's flags for a static program; zig cannot link glibc statically, so gcc does."""
    flags = []
    if binary.static:
        flags += ["-C", "target-feature=+crt-static"]
    linker = _gcc(tree, binary, env)
    if linker:
        flags += ["-C", f"linker={linker}"]
    return tuple(flags)


def unlinkable(
    tree: Path, binaries: Iterable[Binary], envs: BuildEnvs
) -> Iterator[ReleaseError]:
    """Yield an error for each static program that needs a gcc which is not installed."""
    for binary in binaries:
        linker = _gcc(tree, binary, envs.get(binary.target, {}))
        if linker and not shell.found(linker):
            yield ReleaseError(
                f"{binary.name} for {binary.target} is static, which needs {linker}",
                rustc.gcc_fix(linker),
            )


def leave_out(errors: Sequence[ReleaseError], is_everything: bool) -> None:
    """Show what cannot be built here before anything is compiled.

    Raises it as an error when nothing else is left to build.
    """
    if is_everything:
        raise_all(errors)
    for error in errors:
        terminal.notice(f"left out: {error.message}")


def _gcc(tree: Path, binary: Binary, env: Mapping[str, str]) -> str:
    """Return the gcc that has to link a program instead of zig, "" for none."""
    if binary.static and zig.MARK in env and rustc.has_glibc(binary.target):
        return rustc.gcc(tree, binary.target)
    return ""
