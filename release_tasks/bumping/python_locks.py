"""The lock files of Python packages: their entries for the repository's own, and their hashes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from release_tasks.bumping import version_copies
from release_tasks.bumping.manifest_file import ManifestFile, VersionFile
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import line_at
from release_tasks.manifests import toml_values, uv_lock
from release_tasks.manifests.uv_lock import OwnPackages
from release_tasks.manifests.version_locations import VersionLocations

if TYPE_CHECKING:
    from release_tasks.release import Release

MANIFEST = "pyproject.toml"
_PYLOCK = re.compile(r"pylock(?:\.[^/]+)?\.toml")  # PEP 751
_COMMANDS = {
    "poetry.lock": "poetry lock",
    "pdm.lock": "pdm lock --update-reuse",
}
_HASH = re.compile(r'^content[-_]hash = "([^"\n]*)"', re.M)


def lock_files(
    release: Release, own: OwnPackages, manifests: Iterable[VersionFile]
) -> Iterator[ManifestFile]:
    """Yield each lock file of Python packages.

    `manifests` are the other files that the bump edits: a lock has the hash of the pyproject.toml
    beside it.
    """
    manifests = tuple(manifests)
    for path in release.project.files:
        name = posixpath.basename(path)
        lock: VersionLocations | None = None
        if name == "uv.lock":
            lock = uv_lock.kind(own)
        elif name in _COMMANDS or _PYLOCK.fullmatch(name):
            from release_tasks.manifests import directory_locks

            lock = directory_locks.kind(
                own, _new_hashes(release, path, manifests)
            )
        if lock:
            yield ManifestFile(path, lock, own.siblings.new)


def outdated(texts: Mapping[str, tuple[str, str]], path: str, lock: str) -> int:
    """Return the line of the hash of a lock that does not fit after a bump; 0 if it fits.

    `texts` are the committed and the new text of the files that the bump edits. A hash that was
    made by another rule cannot be renewed here.
    """
    before, after = texts.get(_beside(path), ("", ""))
    if posixpath.basename(path) not in _COMMANDS or before == after:
        return 0
    present, new = (_hashes(path, text) for text in (before, after))
    found = _HASH.search(lock)
    if found is None or present == new or found[1] in new:
        return 0
    return line_at(lock, found.start())


def command(path: str) -> str:
    """Return the command that renews a lock."""
    return _COMMANDS[posixpath.basename(path)]


def _beside(path: str) -> str:
    return posixpath.join(posixpath.dirname(path), MANIFEST)


def _new_hashes(
    release: Release, path: str, manifests: tuple[VersionFile, ...]
) -> dict[str, str]:
    """Return what the hash of the pyproject.toml beside a lock becomes, by its present value."""
    manifest = _beside(path)
    edits = [file for file in manifests if file.path == manifest]
    if not edits or posixpath.basename(path) not in _COMMANDS:
        return {}
    [text] = version_copies.committed(release, [manifest]).values()
    new = text
    try:
        for file in edits:
            new = file.write(new)
    except ReleaseError:  # said of that file
        return {}
    pairs = zip(_hashes(path, text), _hashes(path, new), strict=False)
    return dict(pairs)


def _hashes(path: str, text: str) -> list[str]:
    """Return what the lock at `path` may have as the hash of a pyproject.toml's text."""
    from release_tasks.manifests import content_hashes

    data = toml_values.load(text, MANIFEST)
    if posixpath.basename(path) == "poetry.lock":
        return content_hashes.of_poetry(data)
    return content_hashes.of_pdm(data)
