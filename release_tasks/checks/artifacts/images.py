"""Images are what was declared: their platforms, their labels, and a program that starts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from release_tasks.building.images import labels
from release_tasks.channels import image_tags
from release_tasks.checks.artifacts.contents import Contents
from release_tasks.checks.check import also_after_tag
from release_tasks.checks.smoke import image as image_smoke
from release_tasks.errors import ReleaseError
from release_tasks.formats import archives, oci_layout
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import Image
from release_tasks.release import ComponentRelease


@also_after_tag
def lacking_platform(case: Contents) -> Iterator[ReleaseError]:
    """Yield each platform that an image is declared for, and is not."""
    for _, image, path, there in _built(case):
        for platform in image_smoke.lacking(image, there):
            yield ReleaseError(f"{image.reference} has nothing for {platform}", _again(path))


@also_after_tag
def label_mismatch(case: Contents) -> Iterator[ReleaseError]:
    """Yield each image whose labels name another commit, version or repository than this release's."""
    for part, image, path, there in _built(case):
        for platform, manifest in there.items():
            said = (
                oci_layout.config(partial(oci_layout.blob, path), manifest)
                .get("config", {})
                .get("Labels")
                or {}
            )
            for name, value in labels(case.release, part, image).items():
                if said.get(name) != value:
                    fact = f"{image.reference} for {platform} has {said.get(name) or 'nothing'} as {name}, not {value}"
                    yield ReleaseError(fact, _again(path))


@also_after_tag
def image_does_not_start(case: Contents) -> Iterator[ReleaseError]:
    """Yield each image whose entry point is absent, for another machine, of another version, or cannot begin."""
    for part, image, path, there in _built(case):
        for platform, manifest in there.items():
            shown = f"{image.reference} for {platform}"
            for error in image_smoke.run(
                partial(oci_layout.blob, path), platform, shown, manifest, part.version
            ):
                yield ReleaseError(error.problem, f"mend {image.dockerfile}; {_again(path)}")


def _built(
    case: Contents,
) -> Iterator[tuple[ComponentRelease, Image, Path, dict[str, dict[str, Any]]]]:
    """Yield each image in dist/ that is whole, with its manifests by platform."""
    here = {
        row.name: path
        for _, row, path in case.files
        if row.kind == FileKind.IMAGE and archives.is_whole(path)
    }
    for part, image in image_tags.shipped(case.release):
        if path := here.get(image.reference):
            yield part, image, path, oci_layout.manifests(path)


def _again(path: Path) -> str:
    return f"rm {path}, then inv docker-buildx"
