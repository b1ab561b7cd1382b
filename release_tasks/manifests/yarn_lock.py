"""yarn.lock: the ranges of package.json files that it repeats, and versions of `file:` packages.

Since Yarn 2 (`__metadata`) it has an entry for each workspace, with the ranges that lead to it as
its key; `yarn install --immutable` compares both. Yarn 1 leaves workspaces out. The file may have
many megabytes, so only the own entries are read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from release_tasks.manifests.package_json import Listed, range_of
from release_tasks.manifests.version_locations import (
    FileBump,
    VersionLocation,
    VersionLocations,
)

_BODY = r"[ \t]*\r?\n(?P<body>(?:[ \t][^\n]*(?:\n|\Z))*)"
_WORKSPACE = re.compile(rf'^"(?P<key>[^"\n]*@workspace:[^"\n]*)":{_BODY}', re.M)
_FILE = re.compile(rf"^(?P<key>[^\s#][^\n]*@file:[^\n]*):{_BODY}", re.M)
_PATH = re.compile(r'@file:([^\s",]+)')
_FOLDER = re.compile(r'^  resolution: "[^"\n]*@workspace:([^"\n]*)"', re.M)
_SECTION = re.compile(r"^  (\w+):[ \t]*\r?$", re.M)
_RANGE = re.compile(
    r"""^\ {4}(?:"(?P<quoted>[^"\n]+)"|(?P<name>[^\s":]+)):?\ +
    (?:"(?P<a>[^"\n]*)"|(?P<b>[^\s"][^\n]*?))[ \t]*\r?$""",
    re.M | re.X,
)
_VERSION = re.compile(r'^  version "([^"\n]+)"', re.M)


class _Range(NamedTuple):
    """A range in an entry, and where it is."""

    section: str
    name: str
    old: str
    start: int
    end: int


def kind(packages: tuple[Listed, ...]) -> VersionLocations:
    """Return the kind of a lock that repeats what these package.json files say."""

    def locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
        root = posixpath.dirname(bump.path)
        by_folder = {listed.folder: listed for listed in packages}
        if re.search(r"^__metadata:", text, re.M):
            yield from _of_workspaces(text, root, by_folder)
        else:
            yield from _of_files(text, root, by_folder)

    return VersionLocations(locations)


def _of_workspaces(
    text: str, root: str, by_folder: dict[str, Listed]
) -> Iterator[VersionLocation]:
    entries = list(_WORKSPACE.finditer(text))
    renamed: dict[str, str] = {}  # descriptors: `NAME@RANGE`
    kept = set()
    for entry in entries:
        listed = _listed(entry, root, by_folder)
        for row in _ranges(text, entry):
            new = listed and _new_range(listed, row)
            if not new or new == row.old:
                kept.add(f"{row.name}@{row.old}")
                continue
            if row.section == "dependencies":
                renamed[f"{row.name}@{row.old}"] = f"{row.name}@{new}"
            what = f"{row.name} in {entry['key']}"
            yield VersionLocation(what, row.old, row.start, row.end, new)
    for entry in entries:
        before = entry["key"].split(", ")
        after = {renamed.get(one, one) for one in before} | (kept & set(before))
        new_key = ", ".join(sorted(after))
        if after != set(before):
            yield VersionLocation(
                "the key", entry["key"], *entry.span("key"), new_key
            )


def _listed(
    entry: re.Match[str], root: str, by_folder: dict[str, Listed]
) -> Listed | None:
    found = _FOLDER.search(entry["body"])
    if found is None:
        return None
    return by_folder.get(posixpath.normpath(posixpath.join(root, found[1])))


def _ranges(text: str, entry: re.Match[str]) -> Iterator[_Range]:
    """Yield the ranges in an entry, with the section that each is in."""
    start, end = entry.span("body")
    sections = [
        (found.start(), found[1])
        for found in _SECTION.finditer(text, start, end)
    ]
    for found in _RANGE.finditer(text, start, end):
        section = [name for at, name in sections if at < found.start()]
        group = "a" if found["a"] is not None else "b"
        name = found["quoted"] or found["name"]
        yield _Range(
            section[-1] if section else "",
            name,
            found[group],
            *found.span(group),
        )


def _new_range(listed: Listed, row: _Range) -> str | None:
    """Return what a range becomes, behind the protocol that Yarn adds to it."""
    table = "peerDependencies" if row.section == "peerDependencies" else ""
    new = range_of(listed, row.name, table)
    if new and row.old.startswith("npm:") and ":" not in new:
        return f"npm:{new}"
    return new


def _of_files(
    text: str, root: str, by_folder: dict[str, Listed]
) -> Iterator[VersionLocation]:
    """Yield the places of Yarn 1: versions of `file:` packages, and their ranges."""
    for entry in _FILE.finditer(text):
        path = _PATH.search(entry["key"])
        listed = _at_path(path[1], root, by_folder) if path else None
        version = _VERSION.search(text, *entry.span("body"))
        if listed is None or version is None:
            continue
        new = listed.values.get(("version",))
        if new:
            yield VersionLocation(
                entry["key"], version[1], *version.span(1), new
            )
        for row in _ranges(text, entry):
            wanted = range_of(listed, row.name)
            if wanted:
                yield VersionLocation(
                    row.name, row.old, row.start, row.end, wanted
                )


def _at_path(
    path: str, root: str, by_folder: dict[str, Listed]
) -> Listed | None:
    """Return the package in a folder, which is relative to the package that needs it."""
    for folder in (root, *by_folder):
        listed = by_folder.get(posixpath.normpath(posixpath.join(folder, path)))
        if listed:
            return listed
    return None
