"""Chart.yaml: `version` and `appVersion` at the top; the versions of its dependencies stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from release_tasks.manifests import yaml_values
from release_tasks.manifests.copies import Copy, line_at, unproved

KEYS = ("version", "appVersion")


@dataclass(frozen=True)
class ChartManifest:
    """What one Chart.yaml says about its versions."""

    path: str
    name: str | None
    version: str | None
    app_version: str | None


def read(text: str, path: str) -> ChartManifest:
    """Return what a Chart.yaml says; raise `ReleaseError` with line and column for a broken one."""
    found = yaml_values.scalars(text, path)
    name, version, app_version = (found[(key,)].value if (key,) in found else None for key in ("name", *KEYS))
    return ChartManifest(path, name, version, app_version)


def copies(text: str, path: str) -> tuple[Copy, ...]:
    """Return the chart's version and its appVersion."""
    found = yaml_values.scalars(text, path)
    listed = (Copy(path, line_at(text, found[(key,)].start), key, found[(key,)].value) for key in KEYS if (key,) in found)
    return tuple(sorted(listed, key=lambda copy: copy.line))


def set_versions(
    text: str, path: str, versions: Mapping[str, str], version: str | None = None, app_version: str | None = None
) -> str:
    """Return the text with the chart's version, and with its appVersion where one is given.

    The version is that of the chart's name in `versions`, else `version`. Comments, quotes and the
    versions of dependencies stay.
    """
    wanted = _wanted(text, path, versions, version, app_version)
    return yaml_values.edit(text, path, {(key,): new for key, new in wanted.items()})


def prove(
    text: str, path: str, versions: Mapping[str, str], version: str | None = None, app_version: str | None = None
) -> list[str]:
    """Return one sentence for each of the two that does not show what it should."""
    found = yaml_values.scalars(text, path)
    wanted = _wanted(text, path, versions, version, app_version)
    missing = [f"{path}: there is no {key}" for key in wanted if (key,) not in found]
    places = {key: found[(key,)] for key in wanted if (key,) in found}
    return missing + [
        unproved(path, line_at(text, place.start), key, place.value, wanted[key])
        for key, place in places.items() if place.value != wanted[key]
    ]


def _wanted(
    text: str, path: str, versions: Mapping[str, str], version: str | None, app_version: str | None
) -> dict[str, str]:
    chart = read(text, path)
    app = app_version if chart.app_version is not None else None  # optional in Helm; packaging adds it
    both = {"version": versions.get(str(chart.name), version), "appVersion": app}
    return {key: new for key, new in both.items() if new is not None}
