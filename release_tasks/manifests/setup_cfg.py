"""setup.cfg: a literal `version` in [metadata], in PEP 440 form; `attr:` and `file:` are left alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from release_tasks.manifests.version_locations import VersionLocation, VersionLocations
from release_tasks.versions.numbers import pep440

_METADATA = re.compile(r"^\ufeff?\[metadata\][^\n]*\n((?:(?!\[)[^\n]*(?:\n|\Z))*)", re.M)
_VERSION = re.compile(r"^(?i:version)[ \t]*[=:][ \t]*([^\s:#;]+)[ \t]*\r?$", re.M)


def _places(
    text: str, path: str, versions: Mapping[str, str], version: str | None
) -> Iterator[VersionLocation]:
    section = _METADATA.search(text)
    found = _VERSION.search(text, *section.span(1)) if section else None
    if found:
        yield VersionLocation(
            "[metadata] version", found[1], *found.span(1), pep440(version) if version else None
        )


KIND = VersionLocations(_places)
