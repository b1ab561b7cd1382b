"""Python modules: `__version__ = "..."`, and `version="..."` in the call of `setup`."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.manifests.python_values import assigned, keyword
from release_tasks.manifests.version_locations import (
    FileBump,
    VersionLocation,
    VersionLocations,
)
from release_tasks.versions.numbers import pep440


def _locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
    """Yield the literal versions; a computed one is left alone."""
    new = bump.version and pep440(bump.version)
    for value in assigned(text, bump.path, "__version__"):
        yield VersionLocation("__version__", *value, new)
    for value in keyword(text, bump.path, "setup", "version"):
        yield VersionLocation("version in setup()", *value, new)


KIND = VersionLocations(_locations)
