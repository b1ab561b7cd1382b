"""Helm charts in OCI registries: the content layer of a version is exactly our .tgz."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from invoke.context import Context

from release_tasks import dist, files, shell
from release_tasks.channels import oci_registry
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.http import get_many
from release_tasks.project.artifacts import Artifact, ArtifactStatus, State, compared
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import Chart, resolved_or_empty, resolved_or_raise
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import helm

NAME = "charts"
NOUN = "chart"
UNDO = "a package can be deleted on its registry"


def expected(release: Release) -> tuple[Artifact, ...]:
    """Return one artifact for each chart; raise `ReleaseError` where an image has the same reference."""
    raise_all(collisions(release))
    return tuple(_artifact(part, chart) for part, chart in shipped(release))


def collisions(release: Release) -> list[ReleaseError]:
    """Return one error for each chart with the reference of an image, as one would overwrite the other."""
    images = {
        image.reference.lower()
        for part in release.parts
        for image in resolved_or_empty(part.component.images)
    }
    return [
        ReleaseError(
            f"{chart.reference} is the reference of an image and of a chart",
            f'name the chart {place}/charts/{name} in its table, as [charts."{place}/charts/{name}"]',
        )
        for part in release.parts
        for chart in resolved_or_empty(part.component.charts)
        if chart.reference.lower() in images
        for place, _, name in [chart.reference.rpartition("/")]
    ]


def state(release: Release, artifacts: Sequence[Artifact]) -> list[ArtifactStatus]:
    """Return the state of each chart, by the digest of its content layer."""
    return get_many(_seen, artifacts)


def is_new(artifact: Artifact) -> bool:
    """Tell whether the registry has never heard of the chart."""
    return oci_registry.tags(artifact.name) is None


def credentials(release: Release) -> list[ReleaseError]:
    """Return one error for each registry that docker has no login for; helm uses the same."""
    return oci_registry.missing_logins(chart.reference for _, chart in shipped(release))


def publish(c: Context, release: Release, artifacts: Sequence[Artifact]) -> None:
    """Push the charts. helm overwrites without asking, so `look` comes first."""
    for artifact in artifacts:
        if shell.is_dry(c):
            helm.push(
                c,
                artifact.path or f"<{artifact.name.rpartition('/')[2]}-{artifact.version}.tgz>",
                artifact.name,
            )
        else:
            # helm writes the file's time into the manifest, and a file out of a draft has another one.
            tgz = _file(release, artifact)
            files.set_mtime(tgz, release.epoch)
            helm.push(c, tgz, artifact.name)


def shipped(release: Release) -> Iterator[tuple[ComponentRelease, Chart]]:
    """Yield every chart with the part of the release that it belongs to."""
    for part in release.parts:
        yield from ((part, chart) for chart in resolved_or_raise(part.component.charts))


def _artifact(part: ComponentRelease, chart: Chart) -> Artifact:
    row = dist.row_of(part, chart.reference, FileKind.CHART)
    digest, path = (row.digest, part.dist / row.file) if row else ("", None)
    return Artifact(
        NAME, chart.reference, part.version, part.component.name, digest=digest, path=path
    )


def _seen(artifact: Artifact) -> ArtifactStatus:
    tag = helm.tag(artifact.version)
    manifest, url = (
        oci_registry.manifest(artifact.name, tag),
        oci_registry.url(artifact.name, f"manifests/{tag}"),
    )
    if manifest is None:
        return ArtifactStatus(artifact, State.MISSING)
    layers = [
        layer["digest"]
        for layer in manifest.get("layers", ())
        if layer.get("mediaType") == helm.CONTENT
    ]
    if len(layers) != 1:
        return ArtifactStatus(artifact, State.DIFFERENT, f"{tag} is no chart", url)
    return compared(artifact, layers[0], url)


def _file(release: Release, artifact: Artifact) -> Path:
    part = next(part for part in release.parts if part.component.name == artifact.component)
    path = dist.file_of(part, dist.row_of(part, artifact.name, FileKind.CHART))
    if path is None:
        raise ReleaseError(
            f"{artifact.name} is not in {part.dist}", f"inv package-charts --version {part.version}"
        )
    return path
