"""Checksum files, as `sha256sum --check` reads them: one beside a file, or one for all."""

from __future__ import annotations

import re
from collections.abc import Mapping

ALL, SUFFIX = "SHA256SUMS", ".sha256"


def about(file: str) -> tuple[str, ...]:
    """Return which files may have a line for a file of a release: none for those that are made last."""
    return () if file.endswith((SUFFIX, ALL, "release.json")) else (file + SUFFIX, ALL)


def text(sums: Mapping[str, str]) -> bytes:
    """Return the lines for files and their sha256 (64 hex digits)."""
    return "".join(f"{sha256}  {file}\n" for file, sha256 in sorted(sums.items())).encode()


def read(data: bytes) -> dict[str, str]:
    """Return the sha256 (64 hex digits) of each file that has a line."""
    lines = re.findall(r"^([0-9A-Fa-f]{64}) [ *](.+?)\r?$", data.decode(errors="replace"), re.M)
    return {file: sha256.lower() for sha256, file in lines}
