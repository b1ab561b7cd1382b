"""What each file that carries a version becomes, and what is told about it; nothing is written here."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from release_tasks.bumping import stale_versions, version_copies
from release_tasks.bumping.version_files import VersionFile, version_files
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import decode
from release_tasks.manifests.text import VERSION
from release_tasks.project.model import resolved_or_empty
from release_tasks.tools import git
from release_tasks.tools.git import worktree

if TYPE_CHECKING:
    from release_tasks.release import Release


class Edited(NamedTuple):
    """A file's committed text, the text it becomes, its bytes now, and whether a manifest knows every copy in it."""

    old: str
    new: str
    now: bytes
    is_whole: bool


def texts(
    release: Release,
    changed: Iterable[str] | None = None,
    every: Iterable[VersionFile] | None = None,
) -> dict[str, Edited]:
    """Return every file that carries a version, by path; none where only tags carry versions.

    It is computed from the committed files, so that a bump which was interrupted comes out the same;
    `changed` are the paths that are not committed and `every` the carriers, where the caller has found them already.
    """
    if release.project.settings.project.version == "tag":
        return {}
    changed = set(git.changed(release.checkout) if changed is None else changed)
    every = tuple(version_files(release) if every is None else every)
    committed = worktree.files_at(
        release.checkout, "HEAD", (one.path for one in every if one.path in changed)
    )
    found: dict[str, Edited] = {}
    twice: set[str] = set()
    for carrier in every:
        if carrier.path in found:
            twice.add(carrier.path)
        else:
            now = data(release, carrier.path)
            base = decode(committed.get(carrier.path) or now, carrier.path)
            found[carrier.path] = Edited(base, base, now, carrier.is_whole)
        before = found[carrier.path]
        found[carrier.path] = before._replace(new=carrier.write(before.new))
    _refuse_two_versions(found, [carrier for carrier in every if carrier.path in twice])
    return found


def changes(found: dict[str, Edited]) -> dict[str, str]:
    """Return the new text of every file that changes."""
    return {path: one.new for path, one in found.items() if one.old != one.new}


def inspect_copies(
    release: Release, found: dict[str, Edited]
) -> tuple[list[stale_versions.Mismatch], list[stale_versions.StaleLine]]:
    """Return the copies that had another version than the rest and get the new one, and the lines that a bump
    leaves at the old version, or at a stale copy's; those of components that stay are theirs."""
    forms = stale_versions.forms(
        release, ((one.old, one.new) for one in found.values() if one.is_whole)
    )
    logs = {part.component.changelog for part in release.parts}
    odd = [
        one
        for path, edited in found.items()
        if path not in logs
        for one in stale_versions.stale(forms, path, edited.old, edited.new)
    ]
    covered = {path for path, one in found.items() if one.is_whole}
    released = {part.component.name for part in release.parts}
    later = (one.python for one in release.project.components if one.name not in released)
    packages = [one for shipped in later for one in resolved_or_empty(shipped)]
    covered |= {
        *version_copies.sources(release, packages),
        *(version_copies.relative(release, one.folder / "pyproject.toml") for one in packages),
    }
    olds = {form for olds in forms.values() for form in olds}
    olds |= {one.said for one in odd if VERSION.fullmatch(one.said)}
    return odd, stale_versions.find_stale(release, changes(found), covered, olds) if found else []


def _refuse_two_versions(found: dict[str, Edited], shared: Iterable[VersionFile]) -> None:
    for carrier in shared:
        if wrong := carrier.mismatches(found[carrier.path].new):
            raise ReleaseError(
                f"two versions are wanted at one place: {wrong[0]}",
                f"let one component or one key of [files] have {carrier.path}",
            )


def data(release: Release, path: str) -> bytes:
    """Return the bytes of a file that a bump may replace; raise `ReleaseError` where it may not."""
    there = os.path.join(release.checkout, path)
    try:
        mode = os.lstat(there).st_mode
        if stat.S_ISLNK(
            mode
        ):  # a replaced link would be a file, and the file behind it may be anywhere
            raise ReleaseError(
                f"{path} is a symbolic link to {os.readlink(there)}",
                "name the file itself in [files], or put a copy here",
            )
        if not mode & 0o222:
            raise ReleaseError(f"{path} is read-only", f"chmod u+w {path}")
        with open(there, "rb") as file:
            return file.read()
    except OSError as error:
        raise ReleaseError(
            f"{path} cannot be read: {error.strerror}",
            f"git restore {path}, or take it out of the settings",
        ) from error
