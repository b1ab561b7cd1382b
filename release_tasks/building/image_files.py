"""The files of an image in dist/: one OCI tar for all platforms, or a layout for each of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from release_tasks import dist
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import Image
from release_tasks.release import ComponentRelease


@dataclass(frozen=True)
class ImageFiles:
    """An image of the release, and its files in dist/."""

    part: ComponentRelease
    image: Image

    @property
    def name(self) -> str:
        """Return the image's name as it stands in file names."""
        return self.image.file_name

    @property
    def tar(self) -> Path:
        """Return the OCI tar with all platforms."""
        return self.part.dist / f"{self.name}-{self.part.version}.oci.tar"

    @property
    def scan_report(self) -> Path:
        """Return where the image's own scan may write its report."""
        return self.part.dist / f"{self.name}-{self.part.version}.scan"

    def layout(self, platform: str) -> Path:
        """Return the OCI tar with one platform."""
        name = platform.replace("/", "-")
        return (
            self.part.dist / f"{self.name}-{self.part.version}-{name}.oci.tar"
        )

    def layouts(self) -> dict[str, dist.Built]:
        """Return the single platforms that are in dist/."""
        rows = dist.of_kind(self.part, FileKind.LAYOUT)
        return {
            row.target: row
            for row in rows
            if row.package == self.image.name and dist.file_of(self.part, row)
        }
