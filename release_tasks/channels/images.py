"""Container images on their registries: one digest for each version, and pointers that move to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from invoke.context import Context

from release_tasks import dist, files, shell, terminal
from release_tasks.channels import oci_registry
from release_tasks.channels.image_pointers import move, pointers
from release_tasks.channels.image_tags import fixed_tags, shipped, version_tag
from release_tasks.errors import ReleaseError
from release_tasks.formats import oci_layout
from release_tasks.http import get_many
from release_tasks.project.artifacts import Artifact, ArtifactStatus, State, compared
from release_tasks.project.model import Image
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import docker

__all__ = [
    "NAME",
    "credentials",
    "expected",
    "is_new",
    "look",
    "move",
    "pointers",
    "publish",
    "shipped",
]

NAME = "images"
REVISION = (
    "org.opencontainers.image.revision"  # the commit an image was made from (OCI image annotations)
)


def expected(release: Release) -> tuple[Artifact, ...]:
    """Return one artifact for each image; raise `ReleaseError` for a version that no tag can hold."""
    return tuple(_artifact(release, part, image) for part, image in shipped(release))


def look(release: Release, artifacts: Sequence[Artifact]) -> list[ArtifactStatus]:
    """Return the state of each image: by its digest, else by the commit that its label names."""
    return get_many(lambda artifact: _seen(release, artifact), artifacts)


def is_new(artifact: Artifact) -> bool:
    """Tell whether the registry has never heard of the image."""
    return oci_registry.tags(artifact.name) is None


def credentials(release: Release) -> list[ReleaseError]:
    """Return one error for each registry that docker has no login for."""
    return oci_registry.lacking_logins(image.reference for _, image in shipped(release))


def publish(c: Context, release: Release, artifacts: Sequence[Artifact]) -> None:
    """Push each image from its OCI tar in dist/, under every tag of this version that is absent."""
    docker.require()
    for artifact in artifacts:
        part, image = _find(release, artifact.name)
        lacking = [tag for tag, there in _tags_there(release, part, image).items() if there is None]
        if not lacking:  # an upload that was interrupted has got there meanwhile
            continue
        if version_tag(part, image) not in lacking:
            docker.create(c, f"{image.reference}@{artifact.digest}", image.reference, lacking)
        elif shell.is_dry(c):
            docker.create(
                c,
                f"oci-layout://<layout>@{artifact.digest or '<digest>'}",
                image.reference,
                lacking,
            )
        else:
            _push(c, part, image, lacking)


def _find(release: Release, reference: str) -> tuple[ComponentRelease, Image]:
    return next(pair for pair in shipped(release) if pair[1].reference == reference)


def _artifact(release: Release, part: ComponentRelease, image: Image) -> Artifact:
    version_tag(part, image)
    row = dist.row_of(part, image.reference, "image")
    digest, path = (row.digest, part.dist / row.file) if row else ("", None)
    return Artifact(
        NAME, image.reference, part.version, part.component.name, digest=digest, path=path
    )


def _tags_there(release: Release, part: ComponentRelease, image: Image) -> dict[str, str | None]:
    tags = fixed_tags(release, part, image)
    return dict(
        zip(
            tags, get_many(lambda tag: oci_registry.digest(image.reference, tag), tags), strict=True
        )
    )


def _seen(release: Release, artifact: Artifact) -> ArtifactStatus:
    part, image = _find(release, artifact.name)
    tag, tags = version_tag(part, image), _tags_there(release, part, image)
    there, url = tags[tag], oci_registry.url(artifact.name, f"manifests/{tag}")
    if there is None:
        return ArtifactStatus(artifact, State.MISSING)
    seen = compared(artifact, there, url)
    if not artifact.digest:
        return _by_label(release, artifact, tag, seen)
    absent = [name for name, digest in tags.items() if digest is None]
    is_partial = seen.state is State.SAME and absent
    return (
        replace(seen, state=State.PARTIAL, why=f"{', '.join(absent)} lacks") if is_partial else seen
    )


def _by_label(
    release: Release, artifact: Artifact, tag: str, seen: ArtifactStatus
) -> ArtifactStatus:
    commit = oci_registry.labels(artifact.name, tag).get(REVISION, "")
    if not commit or release.commit.startswith(commit):
        return seen
    return replace(
        seen,
        state=State.DIFFERENT,
        why=f"{tag} was made from commit {commit[:7]}, not {release.commit[:7]}",
    )


def _push(c: Context, part: ComponentRelease, image: Image, tags: Sequence[str]) -> None:
    tar = dist.file_of(part, dist.row_of(part, image.reference, "image"))
    if tar is None:
        raise ReleaseError(
            f"{image.reference} is not in {part.dist}",
            f"inv docker-buildx --version {part.version}",
        )
    with files.scratch("image") as folder:
        docker.create(c, oci_layout.unpack(tar, folder), image.reference, tags)
    if not oci_registry.is_public(image.reference, tags[0]):
        terminal.say(
            f"{image.reference} is private: make it public in its settings on the registry"
        )
