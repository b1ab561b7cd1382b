"""The lock files of another repository, renewed by the programs that write them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from invoke.context import Context

from release_tasks import shell
from release_tasks.downstream.edits import Edits, Left
from release_tasks.downstream.uses import Ours
from release_tasks.errors import ReleaseError
from release_tasks.tools import git, uv
from release_tasks.tools.cargo import lock as cargo_lock
from release_tasks.versions.numbers import pep440

UV_LOCK = "uv.lock"
# locks that their own program writes anew from the manifest beside them
OTHERS = {
    "poetry.lock": "poetry lock",
    "pdm.lock": "pdm lock --update-reuse",
    "Pipfile.lock": "pipenv lock",
}


def renew(
    c: Context, tree: Path, edits: Edits, ours: Ours
) -> tuple[dict[str, bytes], list[Left]]:
    """Renew the locks of a tree that has the edits; return those that change, and what stays.

    Raises `ReleaseError` where a program cannot resolve the new versions.
    """
    tracked = frozenset(git.tracked(tree))
    before = {}
    left: list[Left] = []
    for lock in _beside(edits.crates, cargo_lock.LOCK, tracked):
        before[lock] = (tree / lock).read_bytes()
        left += _renew_cargo_lock(c, tree, lock, ours.crates)
    for lock in _beside(edits.python, UV_LOCK, tracked):
        before[lock] = (tree / lock).read_bytes()
        left += _renew_uv_lock(c, tree, lock, ours.python)
    for name, command in OTHERS.items():
        for lock in _beside(edits.python, name, tracked):
            left.append(Left(lock, 0, f"it is not renewed: {command}"))
    changed = {}
    for lock, old in before.items():
        new = (tree / lock).read_bytes()
        if new != old:
            changed[lock] = new
    return changed, left


def _beside(
    manifests: Iterable[str], name: str, tracked: frozenset[str]
) -> Iterator[str]:
    """Yield the nearest lock of each manifest: in its folder, or in one above; each once."""
    seen = set()
    for manifest in manifests:
        folder = posixpath.dirname(manifest)
        while True:
            path = posixpath.join(folder, name)
            if path in tracked:
                if path not in seen:
                    seen.add(path)
                    yield path
                break
            if not folder:
                break
            folder = posixpath.dirname(folder)


def _renew_cargo_lock(
    c: Context, tree: Path, lock: str, crates: Mapping[str, str]
) -> Iterator[Left]:
    folder = tree / posixpath.dirname(lock)
    try:
        stayed = cargo_lock.move_to(c, folder, crates)
    except shell.Failed as error:
        raise _unresolved(lock, error) from error
    for name in stayed:
        fact = f"{name} stays at an older version: another crate asks for that"
        yield Left(lock, 0, fact)


def _renew_uv_lock(
    c: Context, tree: Path, lock: str, packages: Mapping[str, str]
) -> Iterator[Left]:
    folder = tree / posixpath.dirname(lock)
    wanted = {name: pep440(version) for name, version in packages.items()}
    if not uv.is_installed():
        names = " ".join(f"--upgrade-package {name}" for name in wanted)
        yield Left(lock, 0, f"uv is not installed: uv lock {names}")
        return
    try:
        uv.lock(c, folder, wanted)
    except shell.Failed as error:
        raise _unresolved(lock, error) from error


def _unresolved(lock: str, error: shell.Failed) -> ReleaseError:
    return ReleaseError(
        f"{lock} cannot be renewed: {_reason(error)}",
        "change what it says in that repository, then the same line again",
    )


def _reason(error: shell.Failed) -> str:
    """Return the first line in which a program says what is wrong."""
    lines = [line.strip() for line in error.output.splitlines() if line.strip()]
    for line in lines:
        if line.startswith("error"):
            return line
    return lines[-1] if lines else error.problem
