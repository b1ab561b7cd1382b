"""An upload to the crates.io stand-in: read it, check it, keep it."""

from __future__ import annotations

import json
import struct
from collections.abc import Collection
from typing import Any

from release_tasks.rehearsal.crates_io.checks import (
    MAX_CRATE,
    MAX_JSON,
    RESERVED,
    check_name,
    check_tarball,
    check_version,
)
from release_tasks.rehearsal.crates_io.limits import NEW, UPDATE, Limits
from release_tasks.rehearsal.crates_io.store import Record, Refused, Store, bare, record_of

NOT_OWNER = (
    "this crate exists but you don't seem to be an owner. If you believe this is a mistake, "
    "perhaps you need to accept an invitation to be an owner before publishing."
)


def publish(store: Store, limits: Limits, foreign: Collection[str], body: bytes) -> str:
    """Take an upload and return the crate's name; raise `Refused` as crates.io would.

    `body` is two lengths (u32, little endian) each before its part: JSON, then the tarball.
    """
    meta, crate = _split(body)
    name, version = str(meta.get("name", "")), str(meta.get("vers", ""))
    check_name(name)
    check_version(version)
    known = store.versions(name) or _similar(store, name)
    limits.spend(UPDATE if known else NEW)
    manifest = check_tarball(meta, crate)
    if canonical(name).replace("_", "-") in RESERVED:
        raise Refused("cannot upload a crate with a reserved name")
    if canonical(name) in foreign:
        raise Refused(NOT_OWNER, 403)
    if known and known[0]["name"] != name:
        raise Refused(f"crate was previously named `{known[0]['name']}`")
    if any(bare(record["vers"]) == bare(version) for record in known):
        raise Refused(f"crate version `{bare(version)}` is already uploaded")
    _check_known(store, name, meta)
    store.add(record_of(meta, crate), crate, manifest["package"])
    return name


def canonical(name: str) -> str:
    """Return a crate's name as crates.io compares it."""
    return name.lower().replace("-", "_")


def _split(body: bytes) -> tuple[dict[str, Any], bytes]:
    if len(body) > MAX_CRATE + MAX_JSON + 8:
        raise Refused(f"max upload size is: {MAX_CRATE}", 413)
    parts, rest = list[bytes](), body
    for what in ("metadata", "tarball"):
        if len(rest) < 4:
            raise Refused(f"invalid {what} length")
        (size,) = struct.unpack_from("<I", rest)
        if size > len(rest) - 4:
            raise Refused(f"invalid {what} length for remaining payload: {size}")
        if what == "metadata" and size > MAX_JSON:
            raise Refused(f"max metadata size is: {MAX_JSON}", 413)
        parts.append(rest[4 : 4 + size])
        rest = rest[4 + size :]
    try:
        meta = json.loads(parts[0])
        if not isinstance(meta, dict):
            raise ValueError("expected a map")
    except ValueError as error:
        raise Refused(f"invalid upload request: {error}") from error
    return meta, parts[1]


def _similar(store: Store, name: str) -> list[Record]:
    """Return the versions of a crate whose name differs in `-` and `_` only."""
    others = {name.replace("-", "_"), name.replace("_", "-")} - {name}
    return next((found for other in sorted(others) if (found := store.versions(other))), [])


def _check_known(store: Store, name: str, meta: dict[str, Any]) -> None:
    for dependency in meta.get("deps") or []:
        wanted = dependency["name"]
        if wanted != name and not store.versions(wanted):
            raise Refused(f"no known crate named `{wanted}`")
