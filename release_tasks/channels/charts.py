"""Helm charts in OCI registries: the content layer of a version is exactly our .tgz."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from invoke.context import Context

from release_tasks import dist, files, shell
from release_tasks.channels import oci_registry
from release_tasks.channels.channel import make_artifact
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.http import get_many
from release_tasks.project.artifacts import (
    Artifact,
    ArtifactStatus,
    State,
    compared,
)
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import (
    Chart,
    resolved_or_empty,
    resolved_or_raise,
)
from release_tasks.release import ComponentRelease, Release
from release_tasks.rules import oci
from release_tasks.tools import helm

NAME = "charts"
NOUN = "chart"
UNDO = "a package can be deleted on its registry"


def expected(release: Release) -> tuple[Artifact, ...]:
    """Return one artifact for each chart; raise `ReleaseError` when an image has its reference."""
    raise_all(collisions(release))
    found = []
    for part, chart in shipped(release):
        row = dist.row_of(part, chart.reference, FileKind.CHART)
        found.append(make_artifact(NAME, part, chart.reference, row))
    return tuple(found)


def state(
    release: Release, artifacts: Sequence[Artifact]
) -> list[ArtifactStatus]:
    """Return the state of each chart, by the digest of its content layer."""
    return get_many(_status, artifacts)


def is_new(artifact: Artifact) -> bool:
    """Return True when the registry has no such repository."""
    return oci_registry.tags(artifact.name) is None


def credentials(release: Release) -> list[ReleaseError]:
    """Return an error for each registry that docker has no login for; helm uses the same logins."""
    return oci_registry.missing_logins(
        chart.reference for _, chart in shipped(release)
    )


def publish(
    c: Context, release: Release, artifacts: Sequence[Artifact]
) -> None:
    """Push the charts. helm overwrites without asking, so only missing ones may be given."""
    for artifact in artifacts:
        if shell.is_dry(c):
            file_name = (
                f"{artifact.name.rpartition('/')[2]}-{artifact.version}.tgz"
            )
            helm.push(c, artifact.path or f"<{file_name}>", artifact.name)
        else:
            # helm puts the file's time into the manifest; a file from the draft has another one
            tgz = _file(release, artifact)
            files.set_mtime(tgz, release.epoch)
            helm.push(c, tgz, artifact.name)


def shipped(release: Release) -> Iterator[tuple[ComponentRelease, Chart]]:
    """Yield every chart with its component."""
    for part in release.parts:
        for chart in resolved_or_raise(part.component.charts):
            yield part, chart


def collisions(release: Release) -> list[ReleaseError]:
    """Return an error for each chart with an image's reference: one would overwrite the other."""
    images: set[oci.Name] = set()
    charts: list[Chart] = []
    for part in release.parts:
        for image in resolved_or_empty(part.component.images):
            images.add(oci.name(image.reference))
        charts += resolved_or_empty(part.component.charts)
    return [
        _collision(chart)
        for chart in charts
        if oci.name(chart.reference) in images
    ]


def _collision(chart: Chart) -> ReleaseError:
    registry, _, name = chart.reference.rpartition("/")
    renamed = f"{registry}/charts/{name}"
    return ReleaseError(
        f"{chart.reference} is the reference of both an image and a chart",
        f'name the chart {renamed} in release-tasks.toml: [charts."{renamed}"]',
    )


def _status(artifact: Artifact) -> ArtifactStatus:
    tag = helm.tag(artifact.version)
    manifest = oci_registry.manifest(artifact.name, tag)
    if manifest is None:
        return ArtifactStatus(artifact, State.MISSING)
    url = oci_registry.url(artifact.name, f"manifests/{tag}")
    layers = manifest.get("layers", ())
    digests = [
        layer["digest"]
        for layer in layers
        if layer.get("mediaType") == helm.CONTENT
    ]
    if len(digests) != 1:
        return ArtifactStatus(
            artifact, State.DIFFERENT, f"{tag} is not a chart", url
        )
    return compared(artifact, digests[0], url)


def _file(release: Release, artifact: Artifact) -> Path:
    part = next(
        part
        for part in release.parts
        if part.component.name == artifact.component
    )
    path = dist.file_of(part, dist.row_of(part, artifact.name, FileKind.CHART))
    if path is None:
        raise ReleaseError(
            f"{artifact.name} is not in {part.dist}",
            f"inv package-charts --version {part.request}",
        )
    return path
