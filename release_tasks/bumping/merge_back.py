"""A release commit is merged into a branch that has other versions by now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from invoke.context import Context

from release_tasks import files
from release_tasks.bumping import bump
from release_tasks.changelogs.carried import with_section
from release_tasks.formats.text_files import decode
from release_tasks.release import Release
from release_tasks.tools.git import branches


@dataclass(frozen=True)
class _Sides:
    """A file at the common commit, on the branch, and on the branch that is merged."""

    base: bytes
    ours: bytes
    theirs: bytes


def resolve(c: Context, release: Release) -> tuple[str, ...]:
    """Decide what a merge of a hotfix left open, and return the paths that need a person.

    What the release commit wrote is left out where the branch has gone on: its versions stay, and
    its changelog gets the section of the hotfix. Nothing else is decided here.
    """
    tree = release.checkout
    if branches.message(tree, release.commit) != bump.message(release).strip():
        return branches.conflicts(tree)  # its last commit is not only a bump
    bumped = branches.changed_by(tree, release.commit)
    logs = _changelogs(release)
    for path in branches.conflicts(tree):
        sides = _sides(tree, path)
        if path not in bumped or sides is None:
            continue
        if sides.theirs != branches.blob(tree, f"{release.commit}:{path}"):
            continue  # changed once more after the release
        if path in logs:
            decided = _changelog(sides, logs[path], path)
        else:
            decided = _without_bump(tree, release.commit, path, sides)
        if decided is not None:
            files.write_bytes(tree / path, decided)
            branches.stage(c, tree, path)
    return branches.conflicts(tree)


def _changelogs(release: Release) -> Mapping[str, str]:
    """Return the version of each changelog of the release, by path."""
    return {
        part.component.changelog: part.version
        for part in release.parts
        if part.component.changelog
    }


def _sides(tree: Path, path: str) -> _Sides | None:
    stages = (branches.BASE, branches.OURS, branches.THEIRS)
    found = [branches.blob(tree, f":{stage}:{path}") for stage in stages]
    base, ours, theirs = found
    if base is None or ours is None or theirs is None:
        return None
    return _Sides(base, ours, theirs)


def _changelog(sides: _Sides, version: str, path: str) -> bytes | None:
    """Return our changelog with the section of a version, if that is all the hotfix changed."""
    theirs = decode(sides.theirs, path)
    again = with_section(decode(sides.base, path), theirs, version, path)
    if again is None or _lines(again) != _lines(theirs):
        return None
    text = with_section(decode(sides.ours, path), theirs, version, path)
    return text.encode() if text is not None else None


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _without_bump(
    tree: Path, commit: str, path: str, sides: _Sides
) -> bytes | None:
    """Return our file with what the hotfix changed in it before its release commit."""
    before = branches.blob(tree, f"{commit}^:{path}")
    if before is None:
        return None
    return branches.merged_text(sides.ours, sides.base, before)
