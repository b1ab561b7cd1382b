"""The package.json files in [files]: their versions, what they need of each other, their locks."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from release_tasks.bumping import version_copies
from release_tasks.formats.text_files import BOM
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
            locations += [one for one in kind.of(new, self.bump) if one.new is not None]
        folder = posixpath.dirname(self.path) or "."
        return Listed(folder, package_json.strings_at(new, self.path, locations))

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


def locks(release: Release, packages: list[NpmPackage]) -> Iterator[str]:
    """Yield the path of each of npm's locks that has an entry for one of the packages."""
    folders = [posixpath.dirname(package.path) or "." for package in packages]
    for path in version_copies.npm_locks(release):
        folder = posixpath.dirname(path) or "."
        if folder in folders:  # with an error where it is broken
            yield path
            continue
        entries = _entries(release, path)
        if any(_joined(path, entry) in folders for entry in entries):
            yield path


def _entries(release: Release, path: str) -> list[str]:
    try:
        text = (release.checkout / path).read_text("utf-8")
        data = json.loads(text.removeprefix(BOM))
    except (OSError, ValueError, RecursionError):  # test data
        return []
    packages = data.get("packages") if isinstance(data, dict) else None
    return [str(entry) for entry in packages] if isinstance(packages, dict) else []


def _joined(path: str, entry: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), entry))


def _name_and_version(text: str) -> tuple[str | None, str | None]:
    try:
        data: Mapping[str, Any] = json.loads(text.removeprefix(BOM))
    except ValueError:
        return None, None
    return data.get("name"), data.get("version")
