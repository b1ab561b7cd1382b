"""Which targets this machine can build, and how: binary and wheel of one target in the same way."""

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

BuildEnvs = dict[str, dict[str, str]]  # what cargo needs for each target: another rustc, a linker


def floors(components: Iterable[Component], glibc: str | None) -> dict[str, str]:
    """Return the oldest glibc (`2.17`) that the binaries (`glibc`) and wheels of each target are promised to run with."""
    found: dict[str, set[str]] = {}
    for one in components:
        for package in resolved_or_empty(one.python):
            for tag in package.wheels if package.maturin else ():
                found.setdefault(wheels.target_of(tag), set()).add(wheels.glibc_of(tag))
        for binary in resolved_or_empty(one.binaries):
            if rustc.has_glibc(binary.target) and not binary.static:
                found.setdefault(binary.target, set()).add(glibc or "")
    return {target: min(said - {""}, key=numbers) for target, said in found.items() if said - {""}}


def chosen(asked: str | None, every: Sequence[str], kind: str) -> Sequence[str]:
    """Return what is asked for, with commas, else everything that is declared; raise `ReleaseError` for what is not."""
    wanted = [name.strip() for name in asked.split(",")] if asked else every
    if unknown := [name for name in wanted if name not in every]:
        raise ReleaseError(
            f"no {kind} is declared for {', '.join(unknown)}",
            f"declared are {', '.join(every) or 'none'}",
        )
    return wanted


def ways(
    release: Release, wanted: Iterable[str], command: str
) -> tuple[BuildEnvs, dict[str, ReleaseError]]:
    """Return how each wanted target is built here, and for the others why not and where `command` can."""
    promised = floors(
        [part.component for part in release.parts], release.project.settings.build.glibc
    )
    return rustc.possible(release.source_tree, wanted, command, promised)


def link_flags(tree: Path, one: Binary, way: Mapping[str, str]) -> tuple[str, ...]:
    """Return what makes a program static, where it is to be: zig puts no glibc inside, so gcc links it."""
    linker = _gcc(tree, one, way)
    return (
        *(("-C", "target-feature=+crt-static") if one.static else ()),
        *(("-C", f"linker={linker}") if linker else ()),
    )


def unlinkable(tree: Path, binaries: Iterable[Binary], ways: BuildEnvs) -> Iterator[ReleaseError]:
    """Yield an error for each static program that only an absent gcc could link."""
    for one in binaries:
        linker = _gcc(tree, one, ways.get(one.target, {}))
        if linker and not shell.found(linker):
            fact = (
                f"{one.name} for {one.target} is to be static, and there is no {linker} to link it"
            )
            yield ReleaseError(fact, rustc.gcc_fix(linker))


def _gcc(tree: Path, one: Binary, way: Mapping[str, str]) -> str:
    return (
        rustc.gcc(tree, one.target)
        if one.static and zig.MARK in way and rustc.has_glibc(one.target)
        else ""
    )


def leave_out(errors: list[ReleaseError], is_everything: bool) -> None:
    """Name what cannot be built here before anything is compiled; raise it where nothing else is left to do."""
    if is_everything:
        raise_all(errors)
    for error in errors:
        terminal.say(f"left out: {error.message}")
