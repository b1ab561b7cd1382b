"""package.json: the `version` at the top; formatting and the versions of dependencies stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from release_tasks.manifests import json_values
from release_tasks.manifests.copies import Copy, line_at, unproved

_AT: json_values.Path = ("version",)


@dataclass(frozen=True)
class PackageJson:
    """What one package.json says about its version."""

    path: str
    name: str | None
    version: str | None


def read(text: str, path: str) -> PackageJson:
    """Return what a package.json says; raise `ReleaseError` with line and column for a broken one."""
    data = json_values.load(text, path)
    found = data if isinstance(data, dict) else {}
    name, version = (value if isinstance(value := found.get(key), str) else None for key in ("name", "version"))
    return PackageJson(path, name, version)


def copies(text: str, path: str) -> tuple[Copy, ...]:
    """Return the package's version, if it has one."""
    version = read(text, path).version
    if version is None:
        return ()
    return (Copy(path, line_at(text, json_values.spans(text, path)[_AT][0]), "version", version),)


def set_versions(text: str, path: str, versions: Mapping[str, str], version: str | None = None) -> str:
    """Return the text with the version of the package's name in `versions`, else `version`."""
    found = read(text, path)
    new = versions.get(str(found.name), version)
    return text if new is None or found.version is None else json_values.edit(text, path, {_AT: new})


def prove(text: str, path: str, versions: Mapping[str, str], version: str | None = None) -> list[str]:
    """Return a sentence where the file does not show the version it should."""
    new = versions.get(str(read(text, path).name), version)
    return [
        unproved(path, copy.line, copy.what, copy.version, new)
        for copy in copies(text, path) if new is not None and copy.version != new
    ]
