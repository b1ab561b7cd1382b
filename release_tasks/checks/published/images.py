"""Read every blob of an image back, and start it for each platform that runs here."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from invoke.context import Context

from release_tasks import dist, terminal
from release_tasks.channels import oci_registry
from release_tasks.channels.image_tags import shipped, version_tag
from release_tasks.checks.smoke import image as image_smoke
from release_tasks.errors import Problem
from release_tasks.formats import machines, oci_layout, platforms
from release_tasks.http import get_many
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import Image
from release_tasks.release import ComponentRelease, Release

# the checks of the same facts on the built files: what is ignored there is ignored here
MISSING, START = "missing-platform", "image-does-not-start"
# by platform, `linux/amd64`; attestations have none, and are here by their digest
Manifests = dict[str, dict[str, Any]]


def verify(c: Context, release: Release) -> Iterator[Problem]:
    """Yield each image that is not complete, and each whose program is wrong."""
    for part, image in shipped(release):
        yield from _image(release, part, image)


def _image(
    release: Release, part: ComponentRelease, image: Image
) -> Iterator[Problem]:
    tag = version_tag(part, image)
    name = f"{image.reference}:{tag}"
    digest = oci_registry.digest(image.reference, tag)
    built = dist.row_of(part, image.name, FileKind.IMAGE)
    if digest is None:
        yield Problem(f"{name} does not exist", "inv publish-images")
        return
    if built and digest != built.digest:
        fact = f"{name} is {digest[:19]}, but {built.digest[:19]} was built"
        yield Problem(fact, "choose the next version")
        return
    manifests = _manifests(image, digest)
    ignored = release.project.settings.checks.ignore
    wrong = []
    if MISSING not in ignored:
        for platform in image_smoke.missing_platforms(image, manifests):
            fix = "choose the next version, and build for it"
            wrong.append(Problem(f"{name} has no image for {platform}", fix))
    wrong += _missing_blobs(name, image, manifests)
    yield from wrong
    if wrong:
        return
    names = [platform for platform in manifests if "/" in platform]
    terminal.say(f"{name} is complete on its registry, for {', '.join(names)}")
    if START in ignored:
        terminal.say(
            f"{name} was not run: {START} is ignored ({ignored[START]})"
        )
        return
    ours = image_smoke.own_programs(release, image)
    for started in _published(name, image, manifests):
        yield from image_smoke.run(started, part.version, ours)


def _published(
    name: str, image: Image, manifests: Manifests
) -> Iterator[image_smoke.PlatformImage]:
    """Yield the image of each platform."""
    for platform, manifest in manifests.items():
        if "/" not in platform:
            continue
        label = f"{name} for {platform}"
        if platform == machines.this_platform():
            label = name
        blob = partial(oci_registry.blob, image.reference)
        yield image_smoke.PlatformImage(label, platform, manifest, blob)


def _manifests(image: Image, digest: str) -> Manifests:
    """Return every manifest of an image; one that is not on the registry is empty."""
    found = oci_registry.manifest(image.reference, digest) or {}
    if "manifests" not in found:
        return {_platform_of(image, found): found}
    rows = found["manifests"]
    read = get_many(
        lambda row: oci_registry.manifest(image.reference, row["digest"]) or {},
        rows,
    )
    names = [_name(row.get("platform", {}), row["digest"]) for row in rows]
    return dict(zip(names, read, strict=True))


def _platform_of(image: Image, manifest: dict[str, Any]) -> str:
    """Return the platform of an image without an index, which its configuration has."""
    digest = manifest.get("config", {}).get("digest", "")
    if not digest or not oci_registry.has_blob(image.reference, digest):
        # any will do: the missing configuration is an error of its own
        return image.platforms[0]
    config = oci_layout.config(
        partial(oci_registry.blob, image.reference), manifest
    )
    return _name(config, digest)


def _name(platform: dict[str, Any], digest: str) -> str:
    system = platform.get("os", "unknown")
    if system == "unknown":
        return digest
    return platforms.of(platform)


def _missing_blobs(
    name: str, image: Image, manifests: Manifests
) -> Iterator[Problem]:
    fix = "delete it from the registry, then inv publish-images"
    for platform, manifest in manifests.items():
        if not manifest:
            yield Problem(
                f"the manifest of {name} for {platform} does not exist", fix
            )
            continue
        digests = [
            blob["digest"] for blob in (manifest["config"], *manifest["layers"])
        ]
        found = get_many(
            lambda digest: oci_registry.has_blob(image.reference, digest),
            digests,
        )
        for digest, is_there in zip(digests, found, strict=True):
            if not is_there:
                yield Problem(
                    f"blob {digest[:19]} of {name} for {platform} does not exist",
                    fix,
                )
