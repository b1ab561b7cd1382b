"""setup.cfg: a literal `version` in [metadata], in PEP 440 form; `attr:` and `file:` stay."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.manifests.version_locations import (
    FileBump,
    VersionLocation,
    VersionLocations,
)
from release_tasks.versions.numbers import pep440

_METADATA = re.compile(
    r"^\ufeff?\[metadata\][^\n]*\n((?:(?!\[)[^\n]*(?:\n|\Z))*)", re.M
)
_VERSION = re.compile(
    r"^(?i:version)[ \t]*[=:][ \t]*([^\s:#;]+)[ \t]*\r?$", re.M
)


def _locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
    section = _METADATA.search(text)
    if section is None:
        return
    found = _VERSION.search(text, *section.span(1))
    if found:
        new = bump.version and pep440(bump.version)
        yield VersionLocation(
            "[metadata] version", found[1], *found.span(1), new
        )


KIND = VersionLocations(_locations)
