"""The grammar of image and chart references (OCI distribution specification)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.rules.rule import KnownGap, rule

TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
DISTRIBUTION = "OCI distribution-spec 1.1, Pulling manifests"
GAPS = (
    KnownGap(
        "OCI registries",
        "a layer has at most 10 GB on GHCR",
        "GitHub, Working with the Container registry",
        "no release came near it; the upload fails before the tag is written",
    ),
)


@rule("OCI registries", DISTRIBUTION)
def tag(value: str) -> Iterator[str]:
    """Check a tag: at most 128 letters, digits, `_`, `.` and `-`; no `.` or `-` at its start."""
    if not TAG.fullmatch(value):
        yield f"invalid tag: {value!r}"
