"""The pointers of an image: `latest`, `1.2` and `1` name the highest finished version of their line."""

from __future__ import annotations

from collections.abc import Mapping

from invoke.context import Context

from release_tasks import shell
from release_tasks.channels import oci_registry
from release_tasks.channels.image_tags import finished, moving_tags, shipped, version_tag
from release_tasks.errors import ReleaseError
from release_tasks.http import get_many
from release_tasks.project.artifacts import Pointer, PointerState
from release_tasks.project.model import Image
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import docker
from release_tasks.versions.templates import expand, highest_of_line


def pointers(release: Release) -> tuple[Pointer, ...]:
    """Return where the pointers of each image stand, read from its registry alone."""
    return tuple(pointer for part, image in shipped(release) for pointer in _of(part, image))


def move(c: Context, release: Release, pointer: Pointer) -> None:
    """Let a pointer name the digest of its target; raise `ReleaseError` where that is absent."""
    docker.require()
    reference, _, tag = pointer.name.rpartition(":")
    digest = oci_registry.digest(reference, pointer.target)
    if digest is None and not shell.is_dry(c):
        raise ReleaseError(
            f"{reference}:{pointer.target} is not there, so {tag} cannot name it",
            "inv publish-images",
        )
    docker.create(c, f"{reference}@{digest or '<digest>'}", reference, [tag])


def _of(part: ComponentRelease, image: Image) -> list[Pointer]:
    wanted = moving_tags(part, image)
    if not wanted:
        return []
    versions = finished(image, oci_registry.tags(image.reference) or ())
    target = version_tag(part, image)
    found = []
    for tag, template in wanted.items():
        place, now = _place(part, image, tag, template, versions)
        found.append(
            Pointer("images", f"{image.reference}:{tag}", target, part.component.name, place, now)
        )
    return found


def _place(
    part: ComponentRelease, image: Image, tag: str, template: str, versions: Mapping[str, str]
) -> tuple[PointerState, str]:
    """Return where a tag stands and what it names: a version's tag, or its digest where no version has that."""
    ours = version_tag(part, image)
    highest = highest_of_line(template, part.version, versions)
    now = oci_registry.digest(image.reference, tag)
    if now is None:
        return (PointerState.BEHIND if highest else PointerState.AHEAD), ""
    if highest and now == oci_registry.digest(image.reference, ours):
        return PointerState.SAME, ours
    line = [name for version, name in versions.items() if expand(template, version) == tag]
    digests = get_many(lambda name: oci_registry.digest(image.reference, name), line)
    named = next((name for name, digest in zip(line, digests, strict=True) if digest == now), "")
    if not highest:
        return PointerState.AHEAD, named or now[:19]
    return (PointerState.BEHIND, named) if named else (PointerState.FOREIGN, now[:19])
