"""Checksum files, as `sha256sum --check` reads them: one for each file, or one for all."""

from __future__ import annotations

import re
from collections.abc import Mapping

ALL = "SHA256SUMS"
SUFFIX = ".sha256"
_LINE = re.compile(r"^([0-9A-Fa-f]{64}) [ *](.+?)\r?$", re.M)


def checksum_files(file: str) -> tuple[str, ...]:
    """Return the checksum files that may have a line for a file of a release.

    There are none for checksum files themselves and for `release.json`, which is written last.
    """
    if file.endswith((SUFFIX, ALL, "release.json")):
        return ()
    return (file + SUFFIX, ALL)


def text(sums: Mapping[str, str]) -> bytes:
    """Return the text of a checksum file for files and their sha256 (64 hex digits)."""
    lines = [f"{sha256}  {file}\n" for file, sha256 in sorted(sums.items())]
    return "".join(lines).encode()


def read(data: bytes) -> dict[str, str]:
    """Return the sha256 (64 hex digits) of each file in a checksum file."""
    lines = _LINE.findall(data.decode(errors="replace"))
    return {file: sha256.lower() for sha256, file in lines}
