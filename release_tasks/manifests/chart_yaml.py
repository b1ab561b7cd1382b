"""Chart.yaml: `version` and `appVersion` at the top; the versions of dependencies stay."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.errors import ReleaseError
from release_tasks.manifests import yaml_values
from release_tasks.manifests.version_locations import (
    FileBump,
    Value,
    VersionLocation,
    VersionLocations,
)


def kind(app_version: str | None = None) -> VersionLocations:
    """Return the kind of a chart whose `appVersion`, if there is one, becomes `app_version`.

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

    return VersionLocations(locations)


def _top_level(text: str, path: str) -> dict[str, Value]:
    scalars = yaml_values.scalars(text, path)
    return {str(keys[0]): value for keys, value in scalars.items() if len(keys) == 1}


KIND = kind()
