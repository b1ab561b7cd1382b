"""An upload to the local crates.io: read it, check it, store it."""

from __future__ import annotations

import hashlib
import json
import struct
import time
from collections.abc import Collection
from typing import Any

from release_tasks.rehearsal.crates_io.checks import (
    check_name,
    check_reserved,
    check_tarball,
    check_version,
)
from release_tasks.rehearsal.crates_io.limits import NEW, UPDATE, Limits
from release_tasks.rehearsal.crates_io.store import (
    Record,
    Refused,
    Store,
    without_build,
)
from release_tasks.rehearsal.crates_io.trusted import NO_NEW_CRATE
from release_tasks.rules import crates_io as rules
from release_tasks.rules.crates_io import MAX_CRATE, MAX_JSON

# the JSON that cargo sends with a tarball (the Cargo book, "Publish")
Meta = dict[str, Any]
NOT_OWNER = (
    "this crate exists but you don't seem to be an owner. If you believe this is a mistake, "
    "perhaps you need to accept an invitation to be an owner before publishing."
)


def publish(
    store: Store,
    limits: Limits,
    owned_by_others: Collection[str],
    body: bytes,
    is_by_job: bool = False,
) -> str:
    """Store an upload and return the crate's name; raise `Refused` as crates.io would.

    `body` is two lengths (u32, little endian) each before its part: JSON, then the tarball.
    The token of a job creates no crate, and has no rate limit of a user.
    """
    meta, crate = _split(body)
    name = str(meta.get("name", ""))
    version = str(meta.get("vers", ""))
    check_name(name)
    check_version(version)
    known = store.versions(name) or _similar(store, name)
    if is_by_job and not known:
        raise Refused(NO_NEW_CRATE, 403)
    if known and not is_by_job:
        limits.spend(UPDATE)
    if not known:
        limits.spend(NEW)
    manifest = check_tarball(meta, crate)
    check_reserved(name)
    if rules.canonical(name) in owned_by_others or store.is_foreign(name):
        raise Refused(NOT_OWNER, 403)
    for refusal in rules.similar_name(
        name, {record["name"] for record in known[:1]}
    ):
        raise Refused(refusal)
    plain = without_build(version)
    if any(without_build(record["vers"]) == plain for record in known):
        raise Refused(f"crate version `{plain}` is already uploaded")
    _check_dependencies(store, name, meta)
    store.add(index_record(meta, crate), crate, manifest["package"])
    if meta.get("readme"):
        with store.lock:
            store.readmes[name.lower(), version] = str(meta["readme"])
    return name


def index_record(meta: Meta, crate: bytes) -> Record:
    """Return the index line for the JSON that cargo sent and the tarball (the Cargo book)."""
    features, features2 = {}, {}
    for feature, enabled in (meta.get("features") or {}).items():
        if any(value.startswith("dep:") or "?/" in value for value in enabled):
            features2[feature] = list(enabled)
        else:
            features[feature] = list(enabled)
    record: Record = {
        "name": meta["name"],
        "vers": meta["vers"],
        "deps": [
            _index_dependency(dependency)
            for dependency in meta.get("deps") or []
        ],
        "cksum": hashlib.sha256(crate).hexdigest(),
        "features": features,
        "yanked": False,
        "links": meta.get("links"),
        "v": 2,
        "pubtime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    if features2:
        record["features2"] = features2
    if meta.get("rust_version"):
        record["rust_version"] = meta["rust_version"]
    return record


def _index_dependency(sent: Meta) -> Record:
    alias = sent.get("explicit_name_in_toml")
    line = {
        "name": alias or sent["name"],
        "req": sent["version_req"],
        "features": sent.get("features"),
        "optional": sent.get("optional"),
        "default_features": sent.get("default_features"),
        "target": sent.get("target"),
        "kind": sent.get("kind"),
    }
    if sent.get("registry"):
        line["registry"] = sent["registry"]
    if alias:
        line["package"] = sent["name"]
    return line


def _split(body: bytes) -> tuple[Meta, bytes]:
    """Return the two parts of an upload; raise `Refused` where they do not fit."""
    if len(body) > MAX_CRATE + MAX_JSON + 8:
        raise Refused(f"max upload size is: {MAX_CRATE}", 413)
    metadata, rest = _part(body, "metadata")
    for refusal in rules.metadata_size(len(metadata)):
        raise Refused(refusal, 413)
    tarball, _ = _part(rest, "tarball")
    try:
        meta = json.loads(metadata)
    except ValueError as error:
        raise Refused(f"invalid upload request: {error}") from error
    if not isinstance(meta, dict):
        raise Refused("invalid upload request: expected a map")
    return meta, tarball


def _part(body: bytes, what: str) -> tuple[bytes, bytes]:
    """Return the part at the start of `body`, and what comes after it."""
    if len(body) < 4:
        raise Refused(f"invalid {what} length")
    (size,) = struct.unpack_from("<I", body)
    end = 4 + size
    if end > len(body):
        raise Refused(f"invalid {what} length for remaining payload: {size}")
    return body[4:end], body[end:]


def _similar(store: Store, name: str) -> list[Record]:
    """Return the versions of a crate whose name differs in `-` and `_` only."""
    spellings = {name.replace("-", "_"), name.replace("_", "-")}
    for other in sorted(spellings - {name}):
        found = store.versions(other)
        if found:
            return found
    return []


def _check_dependencies(store: Store, name: str, meta: Meta) -> None:
    for dependency in meta.get("deps") or []:
        wanted = dependency["name"]
        if wanted != name and not store.versions(wanted):
            raise Refused(f"no known crate named `{wanted}`")
