"""Chart.yaml: `version` and `appVersion` at the top; the versions of its dependencies stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from release_tasks.errors import ReleaseError
from release_tasks.manifests import yaml_values
from release_tasks.manifests.version_locations import VersionLocation, VersionLocations


def kind(app_version: str | None = None) -> VersionLocations:
    """Return the kind of a chart whose appVersion becomes the given one, where it has any.

    appVersion is optional in Helm; packaging adds it.
    """

    def places(
        text: str, path: str, versions: Mapping[str, str], version: str | None
    ) -> Iterator[VersionLocation]:
        found = {
            at[0]: value for at, value in yaml_values.scalars(text, path).items() if len(at) == 1
        }
        if "version" not in found:
            raise ReleaseError(f"{path} has no version", f"add it to {path}")
        name = found["name"].value if "name" in found else ""
        for key, new in {"version": versions.get(name, version), "appVersion": app_version}.items():
            if key in found:
                yield VersionLocation(key, *found[key], new)

    return VersionLocations(places)


KIND = kind()
