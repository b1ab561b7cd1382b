"""The pointers of an image: `latest`, `1.2` and `1` name their newest stable version."""

from __future__ import annotations

from collections.abc import Mapping

from invoke.context import Context

from release_tasks import shell
from release_tasks.channels import oci_registry
from release_tasks.channels.image_tags import (
    moving_tags,
    shipped,
    stable_versions,
    version_tag,
)
from release_tasks.errors import ReleaseError
from release_tasks.http import get_many
from release_tasks.project.artifacts import Pointer, PointerState
from release_tasks.project.model import Image
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import docker
from release_tasks.versions.templates import expand, highest_of_line

SHORT_DIGEST = len("sha256:") + 12


def pointers(release: Release) -> tuple[Pointer, ...]:
    """Return the pointers of each image, and what they name on its registry."""
    found: list[Pointer] = []
    for part, image in shipped(release):
        found += _pointers_of(part, image)
    return tuple(found)


def move(c: Context, pointer: Pointer) -> None:
    """Point a tag at the digest of its target; raise `ReleaseError` when that is not published."""
    docker.require()
    reference, _, tag = pointer.name.rpartition(":")
    digest = oci_registry.digest(reference, pointer.target)
    if digest is None and not shell.is_dry(c):
        raise ReleaseError(
            f"{reference}:{pointer.target} is not published, so {tag} cannot point at it",
            "inv publish-images",
        )
    docker.create(c, f"{reference}@{digest or '<digest>'}", reference, [tag])


def _pointers_of(part: ComponentRelease, image: Image) -> list[Pointer]:
    wanted = moving_tags(part, image)
    if not wanted:
        return []
    versions = stable_versions(image, oci_registry.tags(image.reference) or ())
    target = version_tag(part, image)
    found = []
    for tag, template in wanted.items():
        line = {
            version: name
            for version, name in versions.items()
            if expand(template, version) == tag
        }
        is_newest = bool(highest_of_line(template, part.version, versions))
        place, now = _state(image.reference, tag, target, line, is_newest)
        name = f"{image.reference}:{tag}"
        found.append(Pointer("images", name, target, part.component.name, place, now))
    return found


def _state(
    reference: str, tag: str, target: str, line: Mapping[str, str], is_newest: bool
) -> tuple[PointerState, str]:
    """Return the state of a tag, and what it names: a version's tag, else a digest.

    `line` has the tags of the versions that the pointer may name; `is_newest` means that this
    release is the newest of them.
    """
    now = oci_registry.digest(reference, tag)
    unless_same = PointerState.BEHIND if is_newest else PointerState.AHEAD
    if now is None:
        return unless_same, ""
    if is_newest and now == oci_registry.digest(reference, target):
        return PointerState.SAME, target
    digests = get_many(lambda name: oci_registry.digest(reference, name), line.values())
    named = [
        name
        for name, digest in zip(line.values(), digests, strict=True)
        if digest == now
    ]
    if named:
        return unless_same, named[0]
    if is_newest:
        return PointerState.FOREIGN, now[:SHORT_DIGEST]
    return PointerState.AHEAD, now[:SHORT_DIGEST]
