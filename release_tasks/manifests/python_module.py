"""Python modules: `__version__ = "..."`, and `version="..."` in the call of `setup`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from release_tasks.manifests.python_values import assigned, keyword
from release_tasks.manifests.version_locations import VersionLocation, VersionLocations
from release_tasks.versions.numbers import pep440


def _places(
    text: str, path: str, versions: Mapping[str, str], version: str | None
) -> Iterator[VersionLocation]:
    """Yield the literal versions; a computed one is left alone."""
    new = None if version is None else pep440(version)
    for what, found in (
        ("__version__", assigned(text, path, "__version__")),
        ("version in setup()", keyword(text, path, "setup", "version")),
    ):
        yield from (VersionLocation(what, *literal, new) for literal in found)


KIND = VersionLocations(_places)
