"""Container images on their registries: one digest for each version, and its pointers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from invoke.context import Context

from release_tasks import dist, files, shell, terminal
from release_tasks.channels import image_pointers, oci_registry
from release_tasks.channels.channel import make_artifact
from release_tasks.channels.image_tags import fixed_tags, shipped, version_tag
from release_tasks.errors import ReleaseError
from release_tasks.formats import oci_layout
from release_tasks.http import get_many
from release_tasks.project.artifacts import (
    Artifact,
    ArtifactStatus,
    Pointer,
    State,
    compared,
)
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import Image
from release_tasks.release import ComponentRelease, Release
from release_tasks.rules import oci
from release_tasks.tools import docker

NAME = "images"
NOUN = "image"
UNDO = "a package can be deleted on its registry"
REVISION = image_pointers.REVISION


def expected(release: Release) -> tuple[Artifact, ...]:
    """Return one artifact for each image.

    Raises `ReleaseError` for an image without a tag that is made from the version.
    """
    found = []
    for part, image in shipped(release):
        version_tag(part, image)
        row = dist.row_of(part, image.name, FileKind.IMAGE)
        found.append(make_artifact(NAME, part, image.name, row))
    return tuple(found)


def state(
    release: Release, artifacts: Sequence[Artifact]
) -> list[ArtifactStatus]:
    """Return the state of each image: by its digest, else by the commit in its label."""
    return get_many(lambda artifact: _status(release, artifact), artifacts)


def is_new(artifact: Artifact) -> bool:
    """Return True when the registry has no such repository."""
    return oci_registry.tags(oci.split_tag(artifact.name)[0]) is None


def credentials(release: Release) -> list[ReleaseError]:
    """Return an error for each login and each secret of a build that is missing."""
    images = [image for _, image in shipped(release)]
    errors = oci_registry.missing_logins(image.reference for image in images)
    for image in images:
        errors += _missing_secrets(image)
    return errors


def publish(
    c: Context, release: Release, artifacts: Sequence[Artifact]
) -> None:
    """Push each image from its OCI tar in dist/, under every missing tag of this version."""
    docker.require()
    for artifact in artifacts:
        _publish_one(c, release, artifact)


def pointers(release: Release) -> tuple[Pointer, ...]:
    """Return the pointers of each image, and what they name on its registry."""
    return image_pointers.pointers(release)


def pointers_back(
    release: Release, is_yanked: Callable[[ComponentRelease, str], bool]
) -> tuple[Pointer, ...]:
    """Return the pointers that name this release, with the version that each named before it."""
    return image_pointers.pointers_back(release, is_yanked)


def move(c: Context, release: Release, pointer: Pointer) -> None:
    """Point a tag at this version's digest; raise `ReleaseError` when that is not published."""
    image_pointers.move(c, pointer)


def _missing_secrets(image: Image) -> Iterator[ReleaseError]:
    """Yield an error for each secret of a build that has no value here."""
    for secret in image.secrets:
        variable, path = (
            docker.secret_variable(secret),
            docker.secret_file(secret),
        )
        if variable and not os.environ.get(variable):
            yield ReleaseError(
                f"the build of {image.name} needs the secret {variable}, which is not set",
                f"export {variable}=...",
            )
        if path and not path.is_file():
            yield ReleaseError(
                f"the build of {image.name} needs the secret {path}, which does not exist",
                f"write {path}, or correct secrets in [images.{image.name}]",
            )


def _status(release: Release, artifact: Artifact) -> ArtifactStatus:
    part, image = _find(release, artifact.name)
    tag = version_tag(part, image)
    digests = _published_tags(release, part, image)
    published = digests[tag]
    if published is None:
        return ArtifactStatus(artifact, State.MISSING)
    status = compared(
        artifact,
        published,
        oci_registry.url(image.reference, f"manifests/{tag}"),
    )
    if not artifact.digest:
        return _compared_by_label(release, status, f"{image.reference}:{tag}")
    missing = [name for name, digest in digests.items() if digest is None]
    if missing and status.state is State.SAME:
        return replace(
            status,
            state=State.PARTIAL,
            why=f"missing tags: {', '.join(missing)}",
        )
    return status


def _compared_by_label(
    release: Release, status: ArtifactStatus, published: str
) -> ArtifactStatus:
    reference, tag = oci.split_tag(published)
    commit = oci_registry.labels(reference, tag).get(REVISION, "")
    if not commit or release.commit.startswith(commit):
        return status
    why = f"{tag} was built from commit {commit[:7]}, not {release.commit[:7]}"
    return replace(status, state=State.DIFFERENT, why=why)


def _publish_one(c: Context, release: Release, artifact: Artifact) -> None:
    part, image = _find(release, artifact.name)
    published = _published_tags(release, part, image)
    missing = [tag for tag, digest in published.items() if digest is None]
    if not missing:  # an interrupted upload was completed in the meantime
        return
    if version_tag(part, image) not in missing:
        source = f"{image.reference}@{artifact.digest}"
        docker.create(c, source, image.reference, missing)
    elif shell.is_dry(c):
        source = f"oci-layout://<layout>@{artifact.digest or '<digest>'}"
        docker.create(c, source, image.reference, missing)
    else:
        _push(c, part, image, missing)


def _push(
    c: Context, part: ComponentRelease, image: Image, tags: Sequence[str]
) -> None:
    tar = dist.file_of(part, dist.row_of(part, image.name, FileKind.IMAGE))
    if tar is None:
        raise ReleaseError(
            f"{image.name} is not in {part.dist}",
            f"inv docker-buildx --version {part.request}",
        )
    with files.scratch("image") as folder:
        docker.create(c, oci_layout.unpack(tar, folder), image.reference, tags)
    if not oci_registry.is_public(image.reference, tags[0]):
        terminal.say(
            f"{image.reference} is private; its registry's settings can make it public"
        )


def _find(release: Release, name: str) -> tuple[ComponentRelease, Image]:
    return next(pair for pair in shipped(release) if pair[1].name == name)


def _published_tags(
    release: Release, part: ComponentRelease, image: Image
) -> dict[str, str | None]:
    """Return the digest behind each tag of this version, None for a missing one."""
    tags = fixed_tags(release, part, image)
    digests = get_many(
        lambda tag: oci_registry.digest(image.reference, tag), tags
    )
    return dict(zip(tags, digests, strict=True))
