"""What every channel offers: a module of this package with these functions is one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from invoke.context import Context

from release_tasks.errors import ReleaseError
from release_tasks.project.artifacts import Artifact, ArtifactStatus, Pointer
from release_tasks.release import Release


class Channel(Protocol):
    """A module of `channels/`: a place where artifacts are published."""

    NAME: str

    def expected(self, release: Release) -> tuple[Artifact, ...]:
        """Return what the version consists of on this channel."""

    def look(self, release: Release, artifacts: Sequence[Artifact]) -> list[ArtifactStatus]:
        """Return the state of each artifact, in the same order, read from the registry."""

    def is_new(self, artifact: Artifact) -> bool:
        """Tell whether the registry has never heard of the artifact's name."""

    def credentials(self, release: Release) -> Iterable[ReleaseError]:
        """Return one error for each credential that publishing needs and that is not here."""

    def publish(self, c: Context, release: Release, artifacts: Sequence[Artifact]) -> None:
        """Put the artifacts there."""


class Moving(Channel, Protocol):
    """A channel with references that move from version to version."""

    def pointers(self, release: Release) -> tuple[Pointer, ...]:
        """Return each moving reference, and where it stands."""

    def move(self, c: Context, release: Release, pointer: Pointer) -> None:
        """Let it name this release."""
