"""What is published, and what registries say of it: artifacts and pointers, states and places."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class State(StrEnum):
    """In which state an artifact is on its registry, read from the registry alone."""

    MISSING = "missing"
    PARTIAL = "partial"
    SAME = "same"
    PRESENT = "present"
    DIFFERENT = "different"
    YANKED = "yanked"
    CLOSED = "closed"


class PointerState(StrEnum):
    """Where a pointer stands, compared with where this release would put it."""

    SAME = "same"
    BEHIND = "behind"
    AHEAD = "ahead"
    FOREIGN = "foreign"


@dataclass(frozen=True)
class Artifact:
    """One published thing with an exact name. `sha256` (64 hex digits) or `digest`
    (`sha256:` and 64 hex digits) are empty until it is built or its record was found."""

    channel: str
    name: str
    version: str
    component: str
    # the project on PyPI, the tag on GitHub, where that is not the name
    package: str = ""
    sha256: str = ""
    digest: str = ""
    path: Path | None = None


@dataclass(frozen=True)
class ArtifactStatus:
    """An artifact as its registry shows it; `why` says what was compared, `url` where to look."""

    artifact: Artifact
    state: State
    why: str = ""
    url: str = ""
    sha256: str = ""
    digest: str = ""


def compared(artifact: Artifact, there: str, url: str) -> ArtifactStatus:
    """Return the status of an artifact whose registry has the hash `there`.

    That is a sha256 (64 hex digits), or a digest (`sha256:` and 64 hex digits).
    """
    ours, shown = artifact.sha256, {"sha256": there}
    if there.startswith("sha256:"):
        ours, shown = artifact.digest, {"digest": there}
    if not ours or not there:
        return ArtifactStatus(
            artifact, State.PRESENT, "not compared", url, **shown
        )
    if ours == there:
        return ArtifactStatus(artifact, State.SAME, "", url, **shown)
    has, wanted = (one.removeprefix("sha256:")[:12] for one in (there, ours))
    return ArtifactStatus(
        artifact,
        State.DIFFERENT,
        f"its sha256 is {has}, not {wanted}",
        url,
        **shown,
    )


@dataclass(frozen=True)
class Pointer:
    """A moving reference: `name` is what it is called, `target` what it shall name."""

    channel: str
    name: str
    target: str
    component: str
    place: PointerState = PointerState.BEHIND
    now: str = ""
