"""bun.lock: versions and ranges of package.json files, which `workspaces` and `packages` repeat.

The file is JSON with commas after the last members (bun.com/docs/pm/lockfile), and may have many
megabytes, so only these entries are read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from release_tasks.errors import ReleaseError
from release_tasks.manifests import toml_values
from release_tasks.manifests.package_json import Listed, range_of
from release_tasks.manifests.toml_values import KeyPath, Span
from release_tasks.manifests.version_locations import (
    FileBump,
    VersionLocation,
    VersionLocations,
)

_WORKSPACES = re.compile(r'^  "workspaces": (?=\{)', re.M)
_PACKAGE = re.compile(
    r'^    "[^"\n]+": \["[^"\n]+@workspace:([^"\n]*)", (?=\{)', re.M
)


def kind(packages: tuple[Listed, ...]) -> VersionLocations:
    """Return the kind of a lock that repeats what these package.json files say."""

    def locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
        root = posixpath.dirname(bump.path)
        by_folder = {listed.folder: listed for listed in packages}
        for keys, (start, end) in _strings(text, bump.path):
            folder = posixpath.normpath(posixpath.join(root, str(keys[0])))
            listed = by_folder.get(folder)
            if listed is None:
                continue
            new = listed.values.get(keys[1:])
            if new is None and len(keys) == 3:
                new = range_of(listed, str(keys[2]), str(keys[1]))
            if new:
                what = f"{keys[-1]} of {folder}"
                yield VersionLocation(what, text[start:end], start, end, new)

    return VersionLocations(locations)


def _strings(text: str, path: str) -> Iterator[tuple[KeyPath, Span]]:
    """Yield the strings of the workspaces; the first key is the folder."""
    try:
        for found in _WORKSPACES.finditer(text):
            yield from toml_values.strings_in(text, (), found.end())
        for found in _PACKAGE.finditer(text):
            yield from toml_values.strings_in(text, (found[1],), found.end())
    except (AttributeError, IndexError, RecursionError, ReleaseError):
        raise ReleaseError(
            f"{path} is not valid JSON", f"correct the syntax of {path}"
        ) from None
