"""What crates.io requires of a tarball before it reads the manifest (its crates_io_tarball)."""

from __future__ import annotations

import gzip
import io
import tarfile
import tomllib
from typing import Any

from release_tasks.rehearsal.crates_io.store import Refused
from release_tasks.rules import crates_io as rules

Table = dict[str, Any]


def read_manifest(prefix: str, crate: bytes) -> Table:
    """Return `Cargo.toml` of a tarball whose files all lie under `prefix`; raise `Refused`."""
    try:
        with gzip.open(io.BytesIO(crate)) as raw:
            data = raw.read(rules.MAX_UNPACKED + 1)
        for refusal in rules.unpacked_size(len(data)):
            raise Refused(refusal)
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            text = _read_manifest(tar, prefix)
    except (OSError, EOFError, tarfile.TarError) as error:
        raise Refused(
            "uploaded tarball is malformed or too large when decompressed"
        ) from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused(
            f"failed to parse `Cargo.toml` manifest file\n\n{error}"
        ) from error


def _read_manifest(tar: tarfile.TarFile, prefix: str) -> str:
    found = None
    for member in tar:
        if not member.name.startswith(
            f"{prefix}/"
        ) or ".." in member.name.split("/"):
            raise Refused(f"invalid path found: {member.name}")
        if member.issym() or member.islnk():
            raise Refused(
                f"unexpected symlink or hard link found: {member.name}"
            )
        if member.name == f"{prefix}/Cargo.toml" and (
            file := tar.extractfile(member)
        ):
            found = file.read().decode(errors="replace")
    if found is None:
        raise Refused(
            "uploaded tarball is missing a `Cargo.toml` manifest file"
        )
    return found
