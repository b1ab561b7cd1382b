"""Images are read back blob by blob for every platform, and started for each that runs here."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from invoke.context import Context

from release_tasks import dist, terminal
from release_tasks.channels import oci_registry
from release_tasks.channels.image_tags import shipped, version_tag
from release_tasks.checks.smoke import image as image_smoke
from release_tasks.errors import ReleaseError
from release_tasks.formats import oci_layout
from release_tasks.http import get_many
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import Image
from release_tasks.release import ComponentRelease, Release

Manifests = dict[str, dict[str, Any]]  # by platform, `linux/amd64`; attestations by their digest


def verify(c: Context, release: Release) -> Iterator[ReleaseError]:
    """Yield an error for each image that is not whole, or whose program is wrong."""
    for part, image in shipped(release):
        yield from _image(part, image)


def _image(part: ComponentRelease, image: Image) -> Iterator[ReleaseError]:
    tag = version_tag(part, image)
    name = f"{image.reference}:{tag}"
    digest, row = (
        oci_registry.digest(image.reference, tag),
        dist.row_of(part, image.reference, FileKind.IMAGE),
    )
    if digest is None:
        yield ReleaseError(f"{name} is not there", "inv publish-images")
        return
    if row and digest != row.digest:
        yield ReleaseError(
            f"{name} is {digest[:19]}, and {row.digest[:19]} was built", "choose the next version"
        )
        return
    manifests = _manifests(image, digest)
    fix = "choose the next version, and build it for that, too"
    errors = [
        ReleaseError(f"{name} has nothing for {one}", fix)
        for one in image_smoke.lacking(image, manifests)
    ]
    errors += _blobs(name, image, manifests)
    yield from errors
    if errors:
        return
    terminal.say(
        f"{name} is whole on its registry, for {', '.join(p for p in manifests if '/' in p)}"
    )
    for platform, manifest in manifests.items():
        if "/" in platform:
            shown = name if platform == image_smoke.platform() else f"{name} for {platform}"
            yield from image_smoke.run(
                partial(oci_registry.blob, image.reference), platform, shown, manifest, part.version
            )


def _manifests(image: Image, digest: str) -> Manifests:
    """Return every manifest that an image consists of; an empty one is not on the registry."""
    found = oci_registry.manifest(image.reference, digest) or {}
    if "manifests" not in found:
        return {_of_config(image, found): found}
    rows = found["manifests"]
    read = get_many(lambda row: oci_registry.manifest(image.reference, row["digest"]) or {}, rows)
    return {
        _name(row.get("platform", {}), row["digest"]): manifest
        for row, manifest in zip(rows, read, strict=True)
    }


def _of_config(image: Image, manifest: dict[str, Any]) -> str:
    digest = manifest.get("config", {}).get("digest", "")
    if not digest or not oci_registry.has_blob(image.reference, digest):
        return image.platforms[0]  # whatever it is for: the missing config is an error of its own
    return _name(oci_layout.config(partial(oci_registry.blob, image.reference), manifest), digest)


def _name(platform: dict[str, Any], digest: str) -> str:
    system = platform.get("os", "unknown")
    return digest if system == "unknown" else f"{system}/{platform.get('architecture', '')}"


def _blobs(name: str, image: Image, manifests: Manifests) -> Iterator[ReleaseError]:
    again = "delete it from the registry, then inv publish-images"
    for platform, manifest in manifests.items():
        if not manifest:
            yield ReleaseError(f"{name} names a manifest for {platform} that is not there", again)
            continue
        digests = [blob["digest"] for blob in (manifest["config"], *manifest["layers"])]
        there = get_many(lambda digest: oci_registry.has_blob(image.reference, digest), digests)
        for digest in (
            digest for digest, is_there in zip(digests, there, strict=True) if not is_there
        ):
            yield ReleaseError(
                f"{name} lacks {digest[:19]}, which its image for {platform} consists of", again
            )
