"""poetry.lock, pdm.lock and pylock.toml: packages that are folders of the repository.

The forms: python-poetry.org/docs/dependency-specification (path), pdm-project.org (pdm.lock),
PEP 751 (pylock.toml).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.manifests import toml_values
from release_tasks.manifests.toml_values import (
    KeyPath,
    Span,
    table_at,
    text_or_none,
)
from release_tasks.manifests.uv_lock import OwnPackages
from release_tasks.manifests.version_locations import (
    FileBump,
    Siblings,
    VersionLocation,
    VersionLocations,
)
from release_tasks.versions.numbers import pep440
from release_tasks.versions.python_requirements import followed
from release_tasks.versions.python_requirements import read as read_requirement

_ARRAYS = ("package", "packages")
# an entry of a folder, or the table with the hash
_OWN = re.compile(
    r'^type = "directory"|^(?:path|directory) = |^content[-_]hash = ', re.M
)


def kind(own: OwnPackages, hashes: Mapping[str, str]) -> VersionLocations:
    """Return the kind of a lock of a repository with these packages.

    `hashes` has what the hash of the pyproject.toml beside it becomes, by its present value.
    """

    def locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
        for block in toml_values.blocks(text, bump.path, _OWN):
            name = _own_name(block.data, bump.path, own)
            for keys, span in block.spans.items():
                old = text[slice(*span)]
                if name and len(keys) > 2 and keys[0] in _ARRAYS:
                    yield from _of_entry(name, keys, (old, span), own)
                elif keys[0] == "metadata" and old in hashes:
                    yield VersionLocation("the hash", old, *span, hashes[old])

    return VersionLocations(locations)


def _own_name(
    data: Mapping[str, Any], path: str, own: OwnPackages
) -> str | None:
    """Return the name of the package that a block is for, if that is in its folder here."""
    from packaging.utils import canonicalize_name

    for array in _ARRAYS:
        for row in data.get(array) or ():
            name = str(canonicalize_name(str(row.get("name"))))
            folder = _folder(row)
            if (
                folder
                and name in own.siblings.new
                and own.is_at(name, path, folder)
            ):
                return name
    return None


def _folder(row: Mapping[str, Any]) -> str | None:
    source = table_at(row, "source")
    if source.get("type") == "directory":
        return text_or_none(source.get("url"))
    return text_or_none(
        row.get("path") or table_at(row, "directory").get("path")
    )


def _of_entry(
    name: str, keys: KeyPath, value: tuple[str, Span], own: OwnPackages
) -> Iterator[VersionLocation]:
    """Yield the version of an entry, or a requirement of it on a sibling."""
    old, (start, end) = value
    if keys[2:] == ("version",):
        new = pep440(own.siblings.new[name])
        yield VersionLocation(f"{name} in [[{keys[0]}]]", old, start, end, new)
        return
    if keys[2] != "dependencies" or len(keys) < 4:
        return
    required = str(keys[3])
    if isinstance(keys[3], int):  # pdm: a list of requirements
        found = read_requirement(old)
        if found is None:
            return
        required, old = found.name, found.specifiers
        start, end = start + found.start, start + found.end
    elif keys[4:] not in ((), ("version",)):
        return
    new_requirement = _followed(required, old, own.siblings)
    if new_requirement:
        what = f"{required} in the dependencies of {name}"
        yield VersionLocation(what, old, start, end, new_requirement)


def _followed(name: str, old: str, siblings: Siblings) -> str | None:
    from packaging.utils import canonicalize_name

    key = str(canonicalize_name(name))
    if key not in siblings.new or not old:
        return None
    try:
        return followed(old, siblings.new[key], siblings.present.get(key))
    except ReleaseError:  # said of the pyproject.toml that has the requirement
        return None
