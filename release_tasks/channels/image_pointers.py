"""The pointers of an image: `latest`, `1.2` and `1` name their newest stable version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from invoke.context import Context

from release_tasks import shell
from release_tasks.channels import oci_registry
from release_tasks.channels.image_tags import (
    moving_tags,
    shipped,
    version_tag,
    versions_by_tag,
)
from release_tasks.errors import ReleaseError
from release_tasks.http import get_many
from release_tasks.project.artifacts import Pointer, PointerState
from release_tasks.project.model import Image
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import docker, git
from release_tasks.versions.templates import expand, highest_of_line

# an image's commit (OCI image annotations)
REVISION = "org.opencontainers.image.revision"
SHORT_DIGEST = len("sha256:") + 12


def pointers(release: Release) -> tuple[Pointer, ...]:
    """Return the pointers of each image, and what they name on its registry."""
    found: list[Pointer] = []
    for part, image in shipped(release):
        found += _pointers_of(release, part, image)
    return tuple(found)


def pointers_back(
    release: Release, is_yanked: Callable[[ComponentRelease, str], bool]
) -> tuple[Pointer, ...]:
    """Return the pointers that name this release, with the version that each named before it.

    That is the newest other stable version of its line which is not yanked; the target is "" where
    there is none.
    """
    found: list[Pointer] = []
    for part, image in shipped(release):
        found += _back_of(release, part, image, is_yanked)
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


def _pointers_of(
    release: Release, part: ComponentRelease, image: Image
) -> list[Pointer]:
    wanted = moving_tags(part, image)
    if not wanted:
        return []
    tags = oci_registry.tags(image.reference) or ()
    versions = versions_by_tag(release, part, image, tags)
    stable = {str(one) for one in versions.values() if not one.prerelease}
    target = version_tag(part, image)
    found = []
    for tag, template in wanted.items():
        line = {
            name: version
            for name, version in versions.items()
            if name != tag and expand(template, version) == tag
        }
        line.pop(target, None)
        is_newest = highest_of_line(template, part.version, stable)
        names = _Names(image.reference, tag, target, tuple(line), is_newest)
        place, now = _state(release, names)
        name = f"{image.reference}:{tag}"
        found.append(
            Pointer("images", name, target, part.component.name, place, now)
        )
    return found


def _back_of(
    release: Release,
    part: ComponentRelease,
    image: Image,
    is_yanked: Callable[[ComponentRelease, str], bool],
) -> list[Pointer]:
    wanted = moving_tags(part, image)
    own = version_tag(part, image)
    digest = oci_registry.digest(image.reference, own) if wanted else None
    if digest is None:
        return []
    tags = oci_registry.tags(image.reference) or ()
    versions = versions_by_tag(release, part, image, tags)
    others = {
        name: version
        for name, version in versions.items()
        if name != own and name not in wanted and not version.prerelease
    }
    found = []
    for tag, template in wanted.items():
        if oci_registry.digest(image.reference, tag) != digest:
            continue
        line = [
            name
            for name, version in others.items()
            if expand(template, version) == tag
            and not is_yanked(part, str(version))
        ]
        target = max(line, key=lambda name: others[name], default="")
        found.append(
            Pointer(
                "images",
                f"{image.reference}:{tag}",
                target,
                part.component.name,
                PointerState.BEHIND,
                own,
            )
        )
    return found


@dataclass(frozen=True)
class _Names:
    """A tag that moves, and the tags of the versions that it may name.

    `is_newest` means that this release, with the tag `target`, is the newest of them.
    """

    reference: str
    tag: str
    target: str
    line: tuple[str, ...]
    is_newest: bool


def _state(release: Release, names: _Names) -> tuple[PointerState, str]:
    """Return the state of a tag, and what it names: a version's tag, else a digest."""
    reference = names.reference
    now = oci_registry.digest(reference, names.tag)
    unless_same = PointerState.BEHIND if names.is_newest else PointerState.AHEAD
    if now is None:
        return unless_same, ""
    if names.is_newest and now == oci_registry.digest(reference, names.target):
        return PointerState.SAME, names.target
    digests = get_many(
        lambda name: oci_registry.digest(reference, name), names.line
    )
    for name, digest in zip(names.line, digests, strict=True):
        if digest == now:
            return unless_same, name
    if names.is_newest and not _is_earlier_build(release, reference, names.tag):
        return PointerState.FOREIGN, now[:SHORT_DIGEST]
    return unless_same, now[:SHORT_DIGEST]


def _is_earlier_build(release: Release, reference: str, tag: str) -> bool:
    """Tell whether an image says that it was built from a commit before this release."""
    try:
        commit = oci_registry.labels(reference, tag).get(REVISION, "")
    except ReleaseError:
        return False
    checkout = release.checkout
    if not git.is_commit(commit) or not git.commit_of(checkout, commit):
        return False
    return git.is_ancestor(checkout, commit, release.commit)
