"""package.json and npm's locks: the `version` at the top; formatting and dependencies stay."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.manifests import json_values
from release_tasks.manifests.version_locations import (
    FileBump,
    VersionLocation,
    VersionLocations,
)

# a lock repeats its package's version: docs.npmjs.com/cli/configuring-npm/package-lock-json
_VERSIONS: dict[tuple[str, ...], str] = {
    ("version",): "version",
    ("packages", "", "version"): 'packages[""].version',
}


def _locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
    spans = json_values.spans(text, bump.path)
    start, end = spans.get(("name",), (0, 0))
    new = bump.version_of(text[start:end])
    for keys, what in _VERSIONS.items():
        if keys in spans:
            start, end = spans[keys]
            yield VersionLocation(what, text[start:end], start, end, new)


KIND = VersionLocations(_locations)
