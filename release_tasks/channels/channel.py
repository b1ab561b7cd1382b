"""What every channel offers: a module of this package with these functions, in this order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from invoke.context import Context

from release_tasks import dist
from release_tasks.errors import ReleaseError
from release_tasks.project.artifacts import Artifact, ArtifactStatus, Pointer
from release_tasks.release import ComponentRelease, Release


class Channel(Protocol):
    """A place where artifacts are published, such as crates.io."""

    NAME: str  # as messages show it
    NOUN: str  # one artifact, in messages
    UNDO: str  # what can be undone after the first publish of a name

    def expected(self, release: Release) -> tuple[Artifact, ...]:
        """Return every artifact that the version consists of on this channel."""

    def state(
        self, release: Release, artifacts: Sequence[Artifact]
    ) -> list[ArtifactStatus]:
        """Return the state of each artifact, in the same order, read from the registry.

        Raises `ReleaseError` when the registry cannot be read.
        """

    def is_new(self, artifact: Artifact) -> bool:
        """Return True when the registry has no version under the artifact's name."""

    def credentials(self, release: Release) -> Iterable[ReleaseError]:
        """Return an error for each credential that publishing needs and that is missing."""

    def publish(
        self, c: Context, release: Release, artifacts: Sequence[Artifact]
    ) -> None:
        """Publish the artifacts."""


class PointerChannel(Channel, Protocol):
    """A channel with references that move from version to version, such as `latest`."""

    def pointers(self, release: Release) -> tuple[Pointer, ...]:
        """Return every pointer of the release, and what it names today."""

    def move(self, c: Context, release: Release, pointer: Pointer) -> None:
        """Point it at this release."""


def make_artifact(
    channel: str,
    part: ComponentRelease,
    name: str,
    row: dist.Built | None,
    package: str = "",
) -> Artifact:
    """Return an artifact of a component, with the hash and path of its file in dist/, if any."""
    found = Artifact(channel, name, part.version, part.component.name, package)
    if row is None:
        return found
    path = part.dist / row.file
    if row.digest:
        return replace(found, digest=row.digest, path=path)
    return replace(found, sha256=row.sha256, path=path)
