"""Images: their platforms, their labels, and a program that starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from release_tasks.building.images import labels
from release_tasks.channels import image_tags
from release_tasks.checks.artifacts.contents import Contents
from release_tasks.checks.check import also_after_tag
from release_tasks.checks.smoke import image as image_smoke
from release_tasks.errors import Problem
from release_tasks.formats import oci_layout
from release_tasks.printable import word
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import Image
from release_tasks.release import ComponentRelease


@dataclass(frozen=True)
class _BuiltImage:
    """An image in dist/ that is complete, with its manifests by platform."""

    part: ComponentRelease
    image: Image
    path: Path
    manifests: dict[str, dict[str, Any]] = field(repr=False)

    @property
    def rebuild(self) -> str:
        return f"rm {word(self.path)}, then inv docker-buildx"

    def blob(self, digest: str) -> bytes:
        return oci_layout.blob(self.path, digest)


@also_after_tag
def missing_platform(contents: Contents) -> Iterator[Problem]:
    """Find each declared platform that an image does not have."""
    for built in _built(contents):
        for platform in image_smoke.missing_platforms(
            built.image, built.manifests
        ):
            fact = f"{built.image.name} has no image for {platform}"
            yield Problem(fact, built.rebuild)


@also_after_tag
def label_mismatch(contents: Contents) -> Iterator[Problem]:
    """Find each image with labels of another commit, version or repository than the release's."""
    for built in _built(contents):
        wanted = labels(contents.release, built.part, built.image)
        for platform, manifest in built.manifests.items():
            config = oci_layout.config(built.blob, manifest).get("config", {})
            found = config.get("Labels") or {}
            for name, value in wanted.items():
                if found.get(name) != value:
                    shown = found.get(name) or "no value"
                    yield Problem(
                        f"{built.image.name} for {platform} has {shown} in label {name}, "
                        f"expected {value}",
                        built.rebuild,
                    )


@also_after_tag
def image_does_not_start(contents: Contents) -> Iterator[Problem]:
    """Find each image whose entry point is missing, for another machine or version, or fails."""
    for built in _built(contents):
        ours = image_smoke.own_programs(contents.release, built.image)
        if built.part.is_edge and built.part.component.version is None:
            ours = frozenset()  # nothing has a version that it could print
        for platform, manifest in built.manifests.items():
            label = f"{built.image.name} for {platform}"
            image = image_smoke.PlatformImage(
                label, platform, manifest, built.blob
            )
            for problem in image_smoke.run(image, built.part.version, ours):
                fix = f"correct {built.image.dockerfile}; {built.rebuild}"
                yield Problem(problem.fact, fix)


def _built(contents: Contents) -> Iterator[_BuiltImage]:
    paths = {
        file.row.name: file.path
        for file in contents.files
        if file.row.kind == FileKind.IMAGE and file.is_whole
    }
    for part, image in image_tags.shipped(contents.release):
        path = paths.get(image.name)
        if path:
            yield _BuiltImage(part, image, path, oci_layout.manifests(path))
