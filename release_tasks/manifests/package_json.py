"""package.json and its lock: the `version` at the top; formatting and the versions of dependencies stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from release_tasks.manifests import json_values
from release_tasks.manifests.version_locations import VersionLocation, VersionLocations

# a lock repeats its package's version: docs.npmjs.com/cli/configuring-npm/package-lock-json
_AT: dict[tuple[str, ...], str] = {
    ("version",): "version",
    ("packages", "", "version"): 'packages[""].version',
}


def _places(
    text: str, path: str, versions: Mapping[str, str], version: str | None
) -> Iterator[VersionLocation]:
    spans = json_values.spans(text, path)
    name = text[slice(*spans.get(("name",), (0, 0)))]
    for at, what in _AT.items():
        if at in spans:
            start, end = spans[at]
            yield VersionLocation(what, text[start:end], start, end, versions.get(name, version))


KIND = VersionLocations(_places)
