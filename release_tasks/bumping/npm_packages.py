"""The package.json files in [files]: their versions, what they need of each other, their locks."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from release_tasks.bumping import version_copies
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import BOM, line_at, peek, read
from release_tasks.manifests import package_json
from release_tasks.manifests.package_json import Listed
from release_tasks.manifests.version_locations import (
    FileBump,
    Siblings,
    VersionLocation,
    VersionLocations,
)

if TYPE_CHECKING:
    from release_tasks.release import Release

MANIFEST = "package.json"
_NPM = ("package-lock.json", "npm-shrinkwrap.json")


@dataclass(frozen=True)
class NpmPackage:
    """A package.json in [files] as committed, and what a bump wants there."""

    text: str
    kind: VersionLocations  # of its entry in [files]
    bump: FileBump

    @property
    def path(self) -> str:
        """Return its path from the root."""
        return self.bump.path

    def values(self, siblings: VersionLocations) -> Listed:
        """Return the strings that the bump sets in it."""
        new = self._after(self.kind, self.text)
        new = self._after(siblings, new)
        locations: list[VersionLocation] = []
        for kind in (self.kind, siblings):
            locations += [
                one for one in kind.of(new, self.bump) if one.new is not None
            ]
        folder = posixpath.dirname(self.path) or "."
        return Listed(
            folder, package_json.strings_at(new, self.path, locations)
        )

    def _after(self, kind: VersionLocations, text: str) -> str:
        bump = self.bump
        return kind.set_versions(text, bump)


def siblings(packages: list[NpmPackage]) -> Siblings:
    """Return the packages whose version a bump sets, by name."""
    new = {}
    present = {}
    for package in packages:
        name, before = _name_and_version(package.text)
        listed = package.values(VersionLocations(lambda text, bump: ()))
        after = listed.values.get(("version",))
        if name and after:
            new[name] = after
            if before:
                present[name] = before
    return Siblings(new, present)


def locks(
    release: Release, packages: list[NpmPackage], values: tuple[Listed, ...]
) -> Iterator[tuple[str, VersionLocations]]:
    """Yield the path of each lock that repeats one of the packages, and how it is edited."""
    folders = [posixpath.dirname(package.path) or "." for package in packages]
    for path in version_copies.npm_locks(release):
        folder = posixpath.dirname(path) or "."
        name = posixpath.basename(path)
        # else with an error where it is broken
        if name in _NPM and folder not in folders:
            entries = _entries(release, path)
            is_own = any(_joined(path, entry) in folders for entry in entries)
        else:
            is_own = any(_is_below(one, folder) for one in folders)
        if is_own:
            yield path, _lock_kind(name, values)


def _lock_kind(name: str, values: tuple[Listed, ...]) -> VersionLocations:
    # imported here: few projects have these locks
    if name == "pnpm-lock.yaml":
        from release_tasks.manifests import pnpm_lock

        return pnpm_lock.kind(values)
    if name == "yarn.lock":
        from release_tasks.manifests import yarn_lock

        return yarn_lock.kind(values)
    if name == "bun.lock":
        from release_tasks.manifests import bun_lock

        return bun_lock.kind(values)
    return package_json.lock_kind(values)


def unreadable_locks(
    release: Release, new: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Yield the path of each lock that is not text, and the command that renews it.

    `new` are the paths that a bump changes.
    """
    folders = [
        posixpath.dirname(one) or "." for one in new if _is_manifest(one)
    ]
    for path in release.project.files:
        folder = posixpath.dirname(path) or "."
        is_binary = posixpath.basename(path) == "bun.lockb"
        if is_binary and any(_is_below(one, folder) for one in folders):
            yield path, "bun install --save-text-lockfile"


def unfit(
    release: Release, texts: Mapping[str, tuple[str, str]]
) -> Iterator[tuple[str, int, str]]:
    """Yield path, line and text of ranges that the new versions of listed packages do not fit.

    `texts` are the committed and the new text of what the bump edits; only other package.json
    files are looked at.
    """
    new = {}
    present = {}
    for path, (before, after) in texts.items():
        name, version = (
            _name_and_version(after) if _is_manifest(path) else (None, None)
        )
        if name and version and before != after:
            new[name] = version
            present[name] = _name_and_version(before)[1] or version
    for path in release.project.files if new else ():
        if not _is_manifest(path) or path in texts or "node_modules/" in path:
            continue
        try:
            text = read(release.checkout, path)
            kind = package_json.siblings_kind(Siblings(new, present))
            for place in kind.of(text, FileBump(path)):
                if place.new != place.old:
                    line = line_at(text, place.start)
                    yield path, line, text.split("\n")[line - 1]
        except ReleaseError:  # test data, or a range that cannot follow
            continue


def _is_manifest(path: str) -> bool:
    return posixpath.basename(path) == MANIFEST


def _is_below(folder: str, other: str) -> bool:
    return other in (".", folder) or folder.startswith(f"{other}/")


def _entries(release: Release, path: str) -> list[str]:
    try:
        text = peek(release.checkout, path)
        data = json.loads(text.removeprefix(BOM))
    except (ValueError, RecursionError):  # test data
        return []
    if not isinstance(data, dict):
        return []
    found = []
    for entry in _table(data, "packages"):
        found.append(str(entry))
    for row in _table(data, "dependencies").values():  # before npm 7
        version = str(row.get("version")) if isinstance(row, dict) else ""
        if version.startswith("file:"):
            found.append(version.removeprefix("file:"))
    return found


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _joined(path: str, entry: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), entry))


def _name_and_version(text: str) -> tuple[str | None, str | None]:
    try:
        data: Mapping[str, Any] = json.loads(text.removeprefix(BOM))
    except ValueError:
        return None, None
    return data.get("name"), data.get("version")
