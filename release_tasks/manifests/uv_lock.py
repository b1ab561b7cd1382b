"""uv.lock: the entries of the project's own packages, whose source is a folder of the project."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from release_tasks.manifests import toml_values
from release_tasks.manifests.version_locations import (
    FileBump,
    VersionLocation,
    VersionLocations,
)
from release_tasks.versions.numbers import pep440


def _locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
    from packaging.utils import canonicalize_name

    packages = toml_values.load(text, bump.path).get("package")
    if not isinstance(packages, list):
        return
    ours = {str(canonicalize_name(name)): new for name, new in bump.versions.items()}
    spans = toml_values.spans(text, bump.path)
    for index, row in enumerate(packages):
        span = spans.get(
            ("package", index, "version")
        )  # none where the version is dynamic
        source = _own_source(row)
        if span is None or not source:
            continue
        name = str(row.get("name"))
        new = ours.get(name)
        if (
            new is None and "." in source.values()
        ):  # the package in the folder of the lock
            new = bump.version
        start, end = span
        yield VersionLocation(
            f"{name} in [[package]]", text[start:end], start, end, new and pep440(new)
        )


def _own_source(row: Any) -> dict[str, Any]:
    """Return the source of a package of the project, nothing for one from elsewhere."""
    source = row.get("source") if isinstance(row, dict) else None
    if isinstance(source, dict) and ("editable" in source or "virtual" in source):
        return source
    return {}


KIND = VersionLocations(_locations)
