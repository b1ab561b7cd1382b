"""OCI image layouts: those of single platforms, built anywhere, become the layout of one image."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from release_tasks import files
from release_tasks.errors import ReleaseError
from release_tasks.formats import platforms, unpacking
from release_tasks.formats.archives import TEXT, pack_into

INDEX = "application/vnd.oci.image.index.v1+json"  # OCI image format specification 1.1, media types
# OCI image format specification 1.1, descriptors: the registered algorithms
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_DESCRIPTOR_KEYS = ("mediaType", "digest", "size", "platform")


def digest_of(tar: Path) -> str:
    """Return the digest (`sha256:` and 64 hex digits) of the one image in an OCI tar."""
    return str(_descriptor(tar)["digest"])


def blob(tar: Path, digest: str) -> bytes:
    """Return the content that an OCI tar has for a digest."""
    return unpacking.tar_file(tar, f"blobs/{digest.replace(':', '/')}") or b""


def has_digest(data: bytes, digest: str) -> bool:
    """Tell whether bytes are those of a digest, which has to be of a registered algorithm."""
    if not DIGEST.fullmatch(digest):
        return False
    algorithm, _, wanted = digest.partition(":")
    return hashlib.new(algorithm, data).hexdigest() == wanted


def config(
    blob: Callable[[str], bytes], manifest: dict[str, Any]
) -> dict[str, Any]:
    """Return the configuration that an image's manifest names."""
    found: dict[str, Any] = json.loads(blob(manifest["config"]["digest"]))
    return found


def manifests(tar: Path) -> dict[str, dict[str, Any]]:
    """Return the manifests of the image in an OCI tar by platform, `linux/amd64`."""
    read = partial(blob, tar)
    top = digest_of(tar)
    with unpacking.reading(tar):
        return _manifests(read, json.loads(read(top)))


def unpack(tar: Path, folder: Path) -> str:
    """Unpack an OCI tar into a layout at `folder`. Returns it as a source for `docker.create`."""
    unpacking.unpack(tar, folder)
    return f"oci-layout://{folder}@{digest_of(tar)}"


def join(
    tars: Sequence[Path],
    target: Path,
    annotations: Mapping[str, str] | None = None,
) -> None:
    """Write the OCI tar `target`: an index of the images in `tars`, whose digests stay.

    The index gets the annotations.

    The index has the bytes that buildx writes when it builds the same platforms, in this order,
    at once.
    """
    with files.scratch("layout") as folder:
        images = []
        for tar in tars:
            unpack(tar, folder)
            descriptor = _descriptor(tar)
            images.append({key: descriptor[key] for key in _DESCRIPTOR_KEYS})
        index = _index(images, annotations, indent=2)
        digest = hashlib.sha256(index).hexdigest()
        files.write_bytes(folder / "blobs" / "sha256" / digest, index)
        joined = {
            "mediaType": INDEX,
            "digest": f"sha256:{digest}",
            "size": len(index),
        }
        files.write_bytes(folder / "index.json", _index([joined]))
        _pack(folder, target)


def _manifests(
    read: Callable[[str], bytes], top: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    images = [top]
    if "manifests" in top:
        images = [json.loads(read(row["digest"])) for row in top["manifests"]]
    found: dict[str, dict[str, Any]] = {}
    for manifest in images:
        about = config(read, manifest)
        # an attestation has no system
        if about.get("os", "unknown") != "unknown":
            found[platforms.of(about)] = manifest
    return found


def _index(
    manifests: list[dict[str, Any]],
    annotations: Mapping[str, str] | None = None,
    indent: int | None = None,
) -> bytes:
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
    if annotations:
        index["annotations"] = dict(sorted(annotations.items()))
    return json.dumps(index, indent=indent).encode()


def _pack(folder: Path, target: Path) -> None:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    entries = {
        path.relative_to(folder).as_posix(): (path, TEXT) for path in paths
    }
    with files.replacing(target) as out:
        pack_into(out, target.name, entries, 0)


def _descriptor(tar: Path) -> dict[str, Any]:
    """Return the row of the one image in the index.json of an OCI tar."""
    with unpacking.reading(tar):
        index = unpacking.tar_file(tar, "index.json")
        found = json.loads(index)["manifests"] if index else []
        for row in found:
            if not DIGEST.fullmatch(row["digest"]):
                raise ValueError(f"{row['digest'][:80]!r} is not a digest")
    if len(found) != 1:
        raise ReleaseError(
            f"{tar.name} has {len(found)} images, expected 1",
            f"remove {tar} and build it again",
        )
    image: dict[str, Any] = found[0]
    return image
