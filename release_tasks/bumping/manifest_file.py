"""One file that a bump edits, whatever its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from release_tasks.manifests.version_locations import (
    FileBump,
    ManifestKind,
    ShownVersion,
)


class VersionFile(Protocol):
    """A file that carries a version."""

    @property
    def path(self) -> str:
        """Return the path from the root."""

    @property
    def is_covered(self) -> bool:
        """Return whether it is a manifest, which has the version that the project was at."""

    @property
    def component(self) -> str | None:
        """Return whose versions it carries, None where it may be those of several."""

    def write(self, text: str) -> str:
        """Return the text with the new version."""

    def mismatches(self, text: str) -> list[str]:
        """Return one sentence for each location without the new version."""

    def kept(self, text: str) -> list[tuple[int, int]]:
        """Return start and end of the versions of ours in it that this release leaves."""

    def shown(self, text: str) -> list[ShownVersion]:
        """Return every version that a bump sets in it, as the text has it."""


@dataclass(frozen=True)
class ManifestFile:
    """A manifest, a lock file, or a file of [files]."""

    path: str
    kind: ManifestKind
    versions: Mapping[str, str] = field(default_factory=dict)  # by name
    version: str | None = None  # of what the file itself describes
    is_covered: bool = False
    component: str | None = None

    @property
    def _bump(self) -> FileBump:
        return FileBump(self.path, self.versions, self.version)

    def write(self, text: str) -> str:
        """Return the text with the new versions."""
        return self.kind.set_versions(text, self._bump)

    def mismatches(self, text: str) -> list[str]:
        """Return one sentence for each location without its new version."""
        return self.kind.mismatches(text, self._bump)

    def kept(self, text: str) -> list[tuple[int, int]]:
        """Return start and end of the versions of ours in it that this release leaves."""
        return self.kind.kept(text, self._bump)

    def shown(self, text: str) -> list[ShownVersion]:
        """Return every version that a bump sets in it, as the text has it."""
        return self.kind.shown(text, self._bump)
