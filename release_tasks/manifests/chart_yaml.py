"""Chart.yaml: `version`, `appVersion`, and the versions of dependencies on charts beside it.

Charts of apiVersion v1 have their dependencies in requirements.yaml.
"""

from __future__ import annotations

import posixpath
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import line_at
from release_tasks.manifests import yaml_values
from release_tasks.manifests.version_locations import (
    FileBump,
    Value,
    VersionLocation,
    VersionLocations,
)
from release_tasks.versions import helm_ranges

MANIFEST = "Chart.yaml"
REQUIREMENTS = "requirements.yaml"
Siblings = Mapping[tuple[str, str], str]  # new versions by name and repository


@dataclass(frozen=True)
class ChartManifest:
    """What a Chart.yaml says; `dependencies` are its rows as they are written."""

    name: str = ""
    version: str = ""
    app_version: str = ""
    type: str = "application"
    dependencies: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def is_library(self) -> bool:
        """Tell whether it has templates for other charts only, so that helm installs none of it."""
        return self.type == "library"


def read(text: str, path: str) -> ChartManifest:
    """Return what a Chart.yaml says; raise `ReleaseError` for bad YAML."""
    data = yaml_values.data(text, path)
    if not isinstance(data, dict):
        return ChartManifest()
    rows = data.get("dependencies")
    dependencies: list[Mapping[str, Any]] = []
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and row.get("name"):
            dependencies.append(row)
    top = _top_level(text, path)

    def value(key: str, default: str = "") -> str:
        return top[key].value if key in top else default

    return ChartManifest(
        value("name"),
        value("version"),
        value("appVersion"),
        value("type", "application"),
        tuple(dependencies),
    )


def dependency_files(folder: str, files: Container[str]) -> tuple[str, str]:
    """Return the paths of the file with a chart's dependencies, and of its lock.

    Helm takes them from a requirements.yaml where there is one (apiVersion v1). `folder` is "" for
    the root; the lock may be missing.
    """
    requirements = posixpath.join(folder, REQUIREMENTS)
    if requirements in files:
        return requirements, posixpath.join(folder, "requirements.lock")
    return posixpath.join(folder, MANIFEST), posixpath.join(
        folder, "Chart.lock"
    )


def dependency_key(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a dependency is known by: its name and its repository."""
    return str(row.get("name") or ""), str(row.get("repository") or "").rstrip(
        "/"
    )


def kind(
    app_version: str | None = None, siblings: Siblings | None = None
) -> VersionLocations:
    """Return the kind of a chart whose `appVersion`, if there is one, becomes `app_version`.

    `siblings` are the charts of this repository that it depends on and that get a new version.
    `appVersion` is optional in Helm; packaging adds it.
    """

    def locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
        top = _top_level(text, bump.path)
        if "version" not in top:
            raise ReleaseError(
                f"{bump.path} has no version", f"add a version to {bump.path}"
            )
        name = top["name"].value if "name" in top else None
        yield VersionLocation("version", *top["version"], bump.version_of(name))
        if "appVersion" in top:
            yield VersionLocation("appVersion", *top["appVersion"], app_version)
        if siblings:
            yield from _requirements(text, bump.path, siblings)

    return VersionLocations(locations)


def requirements_kind(siblings: Siblings) -> VersionLocations:
    """Return the kind of a requirements.yaml with requirements on charts of this repository."""

    def locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
        yield from _requirements(text, bump.path, siblings)

    return VersionLocations(locations)


def _requirements(
    text: str, path: str, siblings: Siblings
) -> Iterator[VersionLocation]:
    """Yield the requirement on each sibling that follows its new version."""
    scalars = yaml_values.scalars(text, path)
    for index in {
        keys[1] for keys in scalars if keys[0] == "dependencies" and keys[1:]
    }:
        row = {
            key: scalars[place].value
            for key in ("name", "repository", "version")
            if (place := ("dependencies", index, key)) in scalars
        }
        new = siblings.get(dependency_key(row))
        if new is None or "version" not in row:
            continue
        value = scalars["dependencies", index, "version"]
        try:
            wanted = helm_ranges.updated(value.value, new)
        except ReleaseError as error:
            line = line_at(text, value.start)
            raise ReleaseError(
                f"{path}:{line}: the requirement on {row['name']}: {error.problem}",
                f"{error.fix} there",
            ) from error
        yield VersionLocation(
            f"the requirement on {row['name']}", *value, wanted
        )


def _top_level(text: str, path: str) -> dict[str, Value]:
    scalars = yaml_values.scalars(text, path)
    return {
        str(keys[0]): value for keys, value in scalars.items() if len(keys) == 1
    }


KIND = kind()
