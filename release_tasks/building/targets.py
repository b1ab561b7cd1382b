"""Which targets this machine can build, and how: binary and wheel of one target in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from release_tasks import shell
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.project.model import answered
from release_tasks.release import Release
from release_tasks.tools import rustc, wheels
from release_tasks.tools.executables import numbers

Ways = dict[str, dict[str, str]]  # what cargo needs for each target: another rustc, a linker


def floors(release: Release) -> dict[str, str]:
    """Return the oldest glibc (`2.17`) that the binaries and wheels of each target are promised to run with."""
    found: dict[str, set[str]] = {}
    for part in release.parts:
        for package in answered(part.component.python):
            for tag in package.wheels if package.maturin else ():
                found.setdefault(wheels.target_of(tag), set()).add(wheels.glibc_of(tag))
        for binary in answered(part.component.binaries):
            if rustc.has_glibc(binary.target) and not binary.static:
                found.setdefault(binary.target, set()).add(release.project.settings.build.glibc or "")
    return {target: min(said - {""}, key=numbers) for target, said in found.items() if said - {""}}


def chosen(asked: str | None, every: Sequence[str], kind: str) -> Sequence[str]:
    """Return what is asked for, with commas, else everything that is declared; raise `ReleaseError` for what is not."""
    wanted = [name.strip() for name in asked.split(",")] if asked else every
    if unknown := [name for name in wanted if name not in every]:
        raise ReleaseError(f"no {kind} is declared for {', '.join(unknown)}", f"declared are {', '.join(every) or 'none'}")
    return wanted


def ways(release: Release, wanted: Iterable[str], command: str) -> tuple[Ways, dict[str, ReleaseError]]:
    """Return how each wanted target is built here, and for the others why not and where `command` can."""
    return rustc.possible(release.tree, wanted, command, floors(release))


def leave_out(errors: list[ReleaseError], is_everything: bool) -> None:
    """Name what cannot be built here before anything is compiled; raise it where nothing else is left to do."""
    if is_everything:
        raise_all(errors)
    for error in errors:
        shell.say(f"left out: {error.message}")
