"""What each file that carries a version becomes, and what that shows. Nothing is written here."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from release_tasks import files
from release_tasks.bumping import (
    foreign_versions,
    npm_packages,
    python_locks,
    python_pins,
    stale_versions,
)
from release_tasks.bumping.manifest_file import VersionFile
from release_tasks.bumping.stale_versions import Mismatch, StaleLine
from release_tasks.bumping.version_files import files_of_others, version_files
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import (
    content,
    decode,
    line_at,
    unreadable,
)
from release_tasks.manifests.text import VERSION
from release_tasks.printable import word
from release_tasks.tools import git
from release_tasks.tools.git import worktree

if TYPE_CHECKING:
    from release_tasks.release import Release

_ANY_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class FileEdit(NamedTuple):
    """What a file becomes."""

    committed: str
    new: str
    present: bytes  # in the checkout
    # what edits it; several for a manifest in [files]
    files: tuple[VersionFile, ...]

    @property
    def is_covered(self) -> bool:
        """Return whether it is a manifest, which has the version that the project was at."""
        return any(file.is_covered for file in self.files)

    @property
    def components(self) -> set[str] | None:
        """Return whose versions it carries, None where they may be those of any."""
        found = {file.component for file in self.files}
        return None if None in found else {name for name in found if name}


class Copies(NamedTuple):
    """What a bump shows about the copies of a version."""

    # copies that had another version than the manifests
    mismatches: list[Mismatch]
    stale: list[StaleLine]  # lines that stay at an old version


def compute(
    release: Release,
    uncommitted: Iterable[str] | None = None,
    to_edit: Iterable[VersionFile] | None = None,
) -> dict[str, FileEdit]:
    """Return every file that carries a version, by path; none where only tags have versions.

    The edits start from the committed files, so that a bump that was interrupted has the same
    result. The caller passes `uncommitted` (paths) and `to_edit` if it has them already.
    """
    if release.project.settings.project.version == "tag":
        return {}
    if uncommitted is None:
        uncommitted = git.changed(release.checkout)
    if to_edit is None:
        to_edit = version_files(release)
    to_edit = tuple(to_edit)
    dirty = {file.path for file in to_edit} & set(uncommitted)
    committed = worktree.files_at(release.checkout, "HEAD", dirty)
    edits: dict[str, FileEdit] = {}
    shared: set[str] = set()  # paths that come twice
    for file in to_edit:
        path = file.path
        if path in edits:
            shared.add(path)
        else:
            present = read_bytes(release, path)
            text = decode(committed.get(path) or present, path)
            edits[path] = FileEdit(text, text, present, ())
        edit = edits[path]
        new = file.write(edit.new)
        edits[path] = edit._replace(new=new, files=(*edit.files, file))
    _refuse_two_versions(
        edits, [file for file in to_edit if file.path in shared]
    )
    return edits


def new_texts(edits: dict[str, FileEdit]) -> dict[str, str]:
    """Return the new text of every file that changes."""
    return {
        path: edit.new
        for path, edit in edits.items()
        if edit.committed != edit.new
    }


def inspect_copies(release: Release, edits: dict[str, FileEdit]) -> Copies:
    """Return the mismatches that a bump corrects, and the old versions that it leaves.

    Versions of components that are not released are not looked at.
    """
    manifests = [
        (edit.committed, edit.new) for edit in edits.values() if edit.is_covered
    ]
    known = stale_versions.versions_before(release, manifests)
    mismatches = _mismatches(release, edits, known)
    if release.project.settings.project.version == "tag":
        return Copies(mismatches, [])
    olds = {old for before in known.values() for old in before.old}
    for mismatch in mismatches:
        if VERSION.fullmatch(mismatch.found):
            olds.add(mismatch.found)
    places: dict[str, tuple[VersionFile, ...]] = {}
    for file in files_of_others(release):
        places[file.path] = (*places.get(file.path, ()), file)
    for path, edit in edits.items():
        places[path] = (*places.get(path, ()), *edit.files)
    search = stale_versions.Search(release, new_texts(edits), places, olds)
    more = [
        *_outdated_locks(release, edits),
        *_unfit_requirements(release, edits),
    ]
    if not known:  # nothing to search for
        more += stale_versions.unlisted(release)
    return Copies(mismatches, stale_versions.find_stale(search, more))


def _outdated_locks(
    release: Release, edits: dict[str, FileEdit]
) -> Iterator[StaleLine]:
    """Yield each lock that does not fit what the bump edits, and that only its program renews."""
    texts = {path: (edit.committed, edit.new) for path, edit in edits.items()}
    for path, edit in edits.items():
        line = python_locks.outdated(texts, path, edit.new)
        if line:
            hint = f"the hash is of another pyproject.toml ({python_locks.command(path)})"
            yield StaleLine(path, line, hint)
    for path, command in npm_packages.unreadable_locks(
        release, new_texts(edits)
    ):
        yield StaleLine(path, 1, f"not a text, so it stays ({command})")


def _unfit_requirements(
    release: Release, edits: dict[str, FileEdit]
) -> Iterator[StaleLine]:
    """Yield each requirement on a sibling that is too old, in a file that does not follow."""
    texts = {path: (edit.committed, edit.new) for path, edit in edits.items()}
    found = [
        *python_pins.unfit(release, edits),
        *npm_packages.unfit(release, texts),
    ]
    for path, number, text in found:
        if not stale_versions.may_be_old(path):
            yield StaleLine(path, number, text)


def read_bytes(release: Release, path: str) -> bytes:
    """Return the bytes of a file that a bump replaces.

    Raises `ReleaseError` for a symbolic link, a read-only file, one that cannot be read, and one
    in a folder that leads out of the repository.
    """
    files.inside(release.checkout, os.path.dirname(path))
    full = os.path.join(release.checkout, path)
    try:
        mode = os.lstat(full).st_mode
        # replacing a link would make it a file; what it points to may be anywhere
        if stat.S_ISLNK(mode):
            raise ReleaseError(
                f"{path} is a symbolic link to {os.readlink(full)}",
                "list the file itself in [files], or replace the link with a copy",
            )
        if not mode & _ANY_WRITE:
            raise ReleaseError(
                f"{path} is read-only", f"chmod u+w {word(path)}"
            )
        return content(Path(full))
    except OSError as error:
        raise unreadable(path, error, "remove it from the settings") from error


def _refuse_two_versions(
    edits: dict[str, FileEdit], to_edit: Iterable[VersionFile]
) -> None:
    for file in to_edit:
        mismatches = file.mismatches(edits[file.path].new)
        if mismatches:
            raise ReleaseError(
                f"two versions for one place: {mismatches[0]}",
                f"let only one component, or one entry of [files], set {file.path}",
            )


def _mismatches(
    release: Release,
    edits: dict[str, FileEdit],
    known: Mapping[str, stale_versions.Before],
) -> list[Mismatch]:
    changelogs = {part.component.changelog for part in release.parts}
    found: list[Mismatch] = []
    for path, edit in edits.items():
        if path in changelogs or edit.committed == edit.new:
            continue
        wanted = edit.components
        before = [
            one for name, one in known.items() if not wanted or name in wanted
        ]
        rows = list(
            stale_versions.mismatches(before, path, edit.committed, edit.new)
        )
        if rows:  # a requirement is no copy: it follows, or is an older bound
            lines: set[int] = set()
            for start, end in foreign_versions.requirements(
                path, edit.new, None
            ):
                lines.update((line_at(edit.new, start), line_at(edit.new, end)))
            found += [row for row in rows if row.line not in lines]
    return found
