"""package.json and npm's locks: the `version` at the top, and dependencies on siblings."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import line_at
from release_tasks.manifests import json_values, toml_values
from release_tasks.manifests.toml_values import KeyPath, Span
from release_tasks.manifests.version_locations import (
    FileBump,
    Siblings,
    VersionLocation,
    VersionLocations,
)
from release_tasks.versions.npm_ranges import followed

DEPENDENCIES = (
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
)
# an entry of a lock of npm 6 that is a folder
_FILE = re.compile(r'\{\s*"version"\s*:\s*"file:([^"]+)"')
_OTHER_REQUIREMENTS = (
    *DEPENDENCIES,
    "overrides",
    "resolutions",
    "engines",
    "volta",
)
# a lock repeats its package's version: docs.npmjs.com/cli/configuring-npm/package-lock-json
_VERSIONS: dict[tuple[str, ...], str] = {
    ("version",): "version",
    ("packages", "", "version"): 'packages[""].version',
}


def siblings_kind(siblings: Siblings) -> VersionLocations:
    """Return the kind that sets the dependencies of a package.json on `siblings`, by name."""

    def locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
        for keys, (start, end) in json_values.spans(text, bump.path).items():
            if len(keys) != 2 or keys[0] not in DEPENDENCIES:
                continue
            name = str(keys[1])
            if name in siblings.new:
                what = f"{name} in {keys[0]}"
                old = text[start:end]
                new = _range(
                    old, name, siblings, bump.path, line_at(text, start)
                )
                yield VersionLocation(what, old, start, end, new)

    return VersionLocations(locations)


@dataclass(frozen=True)
class Listed:
    """A package.json in [files]: where it is, and the strings that it gets, by key path."""

    folder: str  # from the root, "." for the root itself
    values: Mapping[KeyPath, str]


def range_of(listed: Listed, name: str, table: str = "") -> str | None:
    """Return the range that a package.json gets for a package, None where it changes none.

    Locks list what is in several tables in one of them.
    """
    tables: tuple[str, ...] = (table, *DEPENDENCIES)
    if table == "peerDependencies":
        tables = (table,)
    for one in tables:
        if (one, name) in listed.values:
            return listed.values[one, name]
    return None


def lock_kind(packages: tuple[Listed, ...]) -> VersionLocations:
    """Return the kind of an npm lock that repeats what these package.json files say.

    `packages` of a lock has an entry for its own folder, each workspace and each folder that is a
    dependency; before npm 7, and for it, `dependencies` has those. Other entries are not read.
    """

    def locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
        root = posixpath.dirname(bump.path)
        by_folder = {listed.folder: listed for listed in packages}
        for keys, (start, end) in _own_strings(text, bump.path, by_folder):
            place = ""
            below = keys
            if keys[0] != "version":
                place, below = str(keys[1]), keys[2:]
            listed = by_folder.get(
                posixpath.normpath(posixpath.join(root, place))
            )
            if listed is None:
                continue
            new = listed.values.get(below)
            if keys[0] == "dependencies":
                is_range = below[0] == "requires"
                new = range_of(listed, str(below[-1])) if is_range else None
            if new:
                what = ".".join(map(str, keys))
                yield VersionLocation(what, text[start:end], start, end, new)

    return VersionLocations(locations)


def _own_strings(
    text: str, path: str, by_folder: Mapping[str, Listed]
) -> Iterator[tuple[KeyPath, Span]]:
    """Yield the strings of a lock's own entries; the second key is the folder."""
    root = posixpath.dirname(path)
    for key, at in json_values.members(text, path):
        if key == "version":
            yield from toml_values.strings_in(text, (key,), at)
        elif key == "packages":
            for entry, below in json_values.members(text, path, at):
                if posixpath.normpath(posixpath.join(root, entry)) in by_folder:
                    yield from toml_values.strings_in(text, (key, entry), below)
        elif key == "dependencies":
            for _, below in json_values.members(text, path, at):
                found = _FILE.match(text, below)
                if found:
                    yield from toml_values.strings_in(
                        text, (key, found[1]), below
                    )


def strings_at(
    text: str, path: str, locations: Iterable[VersionLocation]
) -> dict[KeyPath, str]:
    """Return the whole strings of a JSON text that some locations are in, by key path."""
    starts = [location.start for location in locations]
    found = {}
    for keys, (start, end) in json_values.spans(text, path).items():
        if any(start <= one <= end for one in starts):
            found[keys] = text[start:end]
    return found


def requirements(text: str, path: str) -> Iterator[tuple[str, int, int]]:
    """Yield package, start and end of each range that a package.json requires."""
    for keys, (start, end) in json_values.spans(text, path).items():
        if len(keys) > 1 and keys[0] in _OTHER_REQUIREMENTS:
            yield str(keys[1]), start, end
        elif keys == ("packageManager",):
            yield "", start, end


def _range(
    old: str, name: str, siblings: Siblings, path: str, line: int
) -> str:
    try:
        return followed(old, siblings.new[name], siblings.present.get(name))
    except ReleaseError as error:
        raise ReleaseError(
            f"{path}:{line}: {name}: {error.problem}", error.fix
        ) from None


def _locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
    spans = json_values.spans(text, bump.path)
    start, end = spans.get(("name",), (0, 0))
    new = bump.version_of(text[start:end])
    for keys, what in _VERSIONS.items():
        if keys in spans:
            start, end = spans[keys]
            yield VersionLocation(what, text[start:end], start, end, new)


KIND = VersionLocations(_locations)
