"""OCI image layouts: one for each platform, built anywhere, become the layout of one image."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from release_tasks import files
from release_tasks.errors import ReleaseError
from release_tasks.formats.archives import TEXT, pack_into, unpack_all

INDEX = "application/vnd.oci.image.index.v1+json"  # OCI image format specification 1.1, media types


def digest_of(tar: Path) -> str:
    """Return the digest (`sha256:` and 64 hex digits) of the one image in an OCI tar."""
    return str(_image(tar)["digest"])


def blob(tar: Path, digest: str) -> bytes:
    """Return what an OCI tar holds under a digest."""
    with tarfile.open(tar) as archive:
        file = archive.extractfile(f"blobs/{digest.replace(':', '/')}")
        return file.read() if file else b""


def config(blob: Callable[[str], bytes], manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration that an image's manifest names."""
    found: dict[str, Any] = json.loads(blob(manifest["config"]["digest"]))
    return found


def manifests(tar: Path) -> dict[str, dict[str, Any]]:
    """Return the manifests of the image in an OCI tar by platform, `linux/amd64`."""
    read = partial(blob, tar)
    top = json.loads(read(digest_of(tar)))
    found = (
        [json.loads(read(row["digest"])) for row in top["manifests"]]
        if "manifests" in top
        else [top]
    )
    configs = [(config(read, one), one) for one in found]
    return {
        f"{about['os']}/{about['architecture']}": one
        for about, one in configs
        if about.get("os", "unknown") != "unknown"
    }


def unpack(tar: Path, folder: Path) -> str:
    """Unpack an OCI tar into a layout at `folder`; return it as a source for `docker.create`."""
    with tarfile.open(tar) as archive:
        unpack_all(archive, folder)
    return f"oci-layout://{folder}@{digest_of(tar)}"


def join(tars: Sequence[Path], target: Path) -> None:
    """Write the OCI tar `target`: the index of the images in `tars`, each with the digest that it has.

    The index has the bytes that buildx writes when it builds the same platforms, in this order, at once.
    """
    with files.scratch("layout") as folder:
        for tar in tars:
            unpack(tar, folder)
        keys = ("mediaType", "digest", "size", "platform")
        images = [{key: image[key] for key in keys} for image in map(_image, tars)]
        index = json.dumps(
            {"schemaVersion": 2, "mediaType": INDEX, "manifests": images}, indent=2
        ).encode()
        digest = hashlib.sha256(index).hexdigest()
        files.write_bytes(folder / "blobs" / "sha256" / digest, index)
        joined = {"mediaType": INDEX, "digest": f"sha256:{digest}", "size": len(index)}
        files.write_bytes(
            folder / "index.json",
            json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [joined]}).encode(),
        )
        found = sorted(path for path in folder.rglob("*") if path.is_file())
        with files.replacing(target) as out:
            pack_into(
                out,
                target.name,
                {path.relative_to(folder).as_posix(): (path, TEXT) for path in found},
                0,
            )


def _image(tar: Path) -> dict[str, Any]:
    with tarfile.open(tar) as archive:
        file = archive.extractfile("index.json")
        found = json.load(file)["manifests"] if file else []
    if len(found) != 1:
        raise ReleaseError(
            f"{tar.name} holds {len(found)} images, not one", f"remove {tar} and build it again"
        )
    image: dict[str, Any] = found[0]
    return image
