"""uv.lock: the entries of the project's own packages, and what they require of each other.

The source of such an entry is a folder of the project (`editable`, `virtual`, `directory`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.manifests import toml_values
from release_tasks.manifests.toml_values import KeyPath
from release_tasks.manifests.version_locations import (
    FileBump,
    Siblings,
    VersionLocation,
    VersionLocations,
)
from release_tasks.versions.numbers import pep440
from release_tasks.versions.python_requirements import followed

_SOURCES = ("editable", "virtual", "directory")
# an entry of the project, or [manifest] with its constraints
_OWN = re.compile(
    r"^(?:source *= *\{ *(?:editable|virtual|directory) *=|\[manifest\])", re.M
)


@dataclass(frozen=True)
class OwnPackages:
    """The packages of the repository, by their normalized names."""

    siblings: Siblings = field(default_factory=Siblings)
    folders: Mapping[str, str] = field(default_factory=dict)  # from the root

    def is_at(self, name: str, path: str, source: str) -> bool:
        """Return whether a package's source in the lock at `path` is its folder."""
        folder = posixpath.normpath(
            posixpath.join(posixpath.dirname(path), source)
        )
        return name not in self.folders or self.folders[name] == folder


def kind(own: OwnPackages) -> VersionLocations:
    """Return the kind of a uv.lock of a repository with these packages."""

    def locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
        from packaging.utils import canonicalize_name

        ours = {
            str(canonicalize_name(name)): new
            for name, new in bump.versions.items()
        }
        for block in toml_values.blocks(text, bump.path, _OWN):
            for keys, (start, end) in block.spans.items():
                row = _row(block.data, keys)
                old = text[start:end]
                if keys[-1] == "version" and keys[0] == "package":
                    found = _entry(row, ours, bump, own)
                elif keys[-1] == "specifier":
                    found = _requirement(row, old, own.siblings)
                else:
                    continue
                if found:
                    what, new = found
                    yield VersionLocation(what, old, start, end, new)

    return VersionLocations(locations)


def _entry(
    row: Mapping[str, Any],
    ours: Mapping[str, str],
    bump: FileBump,
    own: OwnPackages,
) -> tuple[str, str | None] | None:
    """Return name and version of an entry of the project, None for one from elsewhere."""
    source = row.get("source")
    if not isinstance(source, dict):
        return None
    folders = [str(source[key]) for key in _SOURCES if key in source]
    if not folders:
        return None
    name = str(row.get("name"))
    new = ours.get(name)
    if new is not None and not own.is_at(name, bump.path, folders[0]):
        return None
    # the package in the folder of the lock
    if new is None and folders[0] == ".":
        new = bump.version
    return f"{name} in [[package]]", new and pep440(new)


def _requirement(
    row: Mapping[str, Any], old: str, siblings: Siblings
) -> tuple[str, str | None] | None:
    """Return what a copy of a requirement on a sibling becomes, as in its pyproject.toml."""
    name = str(row.get("name"))
    if name not in siblings.new:
        return None
    try:
        new = followed(old, siblings.new[name], siblings.present.get(name))
    except ReleaseError:  # said of the pyproject.toml that has the requirement
        return None
    return f"{name} in [package.metadata]", new


def _row(data: Any, keys: KeyPath) -> Mapping[str, Any]:
    for key in keys[:-1]:
        data = data[key]
    return data if isinstance(data, dict) else {}


KIND = kind(OwnPackages())
