"""crates.io: one tarball for each crate and version, compared by its hash and never replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from invoke.context import Context

from release_tasks import dist, http, terminal
from release_tasks.channels import crates_index, crates_upload
from release_tasks.endpoints import CRATES
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.http import get_many
from release_tasks.project.artifacts import Artifact, ArtifactStatus, State
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import resolved_or_raise
from release_tasks.release import ComponentRelease, Release
from release_tasks.shell import Failed
from release_tasks.tools.cargo import publish as cargo_publish

NAME = "crates.io"
NOUN = "crate"
UNDO = "a crate can be deleted only within 72 hours, or while it has few downloads"
DEADLINE = 600.0  # seconds until the index must show what was uploaded
LONGEST = 3600.0  # seconds that we wait at most when crates.io says when to come back
TRIES = 5  # failures in a row without one more crate on crates.io
NEW_BURST, NEW_EVERY = (
    5,
    600,
)  # crates.io, rate_limiter.rs: new crates at once, then one every so many seconds
BURST, EVERY = 30, 60  # the same for new versions of crates


def expected(release: Release) -> tuple[Artifact, ...]:
    """Return one artifact for each published crate, with its hash where dist/ knows it."""
    return tuple(artifact for part in release.parts for artifact in _artifacts(part))


def state(release: Release, artifacts: Sequence[Artifact]) -> list[ArtifactStatus]:
    """Return the state of each crate: by its hash, else by the commit that the published file names."""
    return get_many(lambda artifact: _seen(release, artifact), artifacts)


def unpublished(release: Release) -> tuple[Artifact, ...]:
    """Return the crates that crates.io does not have in this version."""
    return tuple(
        one.artifact for one in state(release, expected(release)) if one.state is State.MISSING
    )


def is_new(artifact: Artifact) -> bool:
    """Tell whether crates.io has never heard of the crate."""
    return versions(artifact) is None


def versions(artifact: Artifact) -> list[str] | None:
    """Return the versions that crates.io has of a crate, None where it has never heard of it."""
    lines = crates_index.lines(artifact.name)
    return None if lines is None else [str(line["vers"]) for line in lines]


def categories() -> set[str]:
    """Return the slugs of the categories that crates.io has."""
    listed = http.get(f"{CRATES}/api/v1/category_slugs", expect=(200,)).json(dict)
    return {str(one["slug"]) for one in listed["category_slugs"]}


def credentials(release: Release) -> Iterator[ReleaseError]:
    """Yield an error where cargo has no token for crates.io."""
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    stored = any((home / name).exists() for name in ("credentials.toml", "credentials"))
    if not os.environ.get(cargo_publish.TOKEN) and not stored:
        yield ReleaseError(
            f"there is no token for {NAME}",
            f"set {cargo_publish.TOKEN} ({CRATES}/settings/tokens), or run cargo login",
        )


def publish(c: Context, release: Release, artifacts: Sequence[Artifact]) -> None:
    """Upload the crates, dependencies first, and wait whenever crates.io asks for it.

    Before anything leaves, cargo packs them again and must get the bytes that dist/ has.
    """
    crates_upload.repack_and_compare(c, release, artifacts)
    left, stalled = tuple(artifacts), 0
    while left:
        try:
            return crates_upload.upload(c, release, left)
        except Failed as error:
            _wait_after(release, left, error)
            rest = _missing(release, left)
            stalled = 0 if len(rest) < len(left) else stalled + 1
            if stalled == TRIES:
                raise cargo_publish.explain(error) from error
            left = rest
    return None


def rate_limit_wait(missing: Sequence[Artifact]) -> float:
    """Return how many seconds crates.io's rate limits will make the upload of these crates wait."""
    fresh = sum(get_many(is_new, missing))
    updates = len(missing) - fresh
    return float(max(0, fresh - NEW_BURST) * NEW_EVERY + max(0, updates - BURST) * EVERY)


def _artifacts(part: ComponentRelease) -> Iterator[Artifact]:
    built = {row.name: row for row in dist.of_kind(part, FileKind.CRATE)}
    for crate in resolved_or_raise(part.component.crates):
        row = built.get(crate.name)
        sha256, path = (row.sha256, part.dist / row.file) if row else ("", None)
        yield Artifact(
            NAME, crate.name, part.version, part.component.name, sha256=sha256, path=path
        )


def _seen(release: Release, artifact: Artifact) -> ArtifactStatus:
    line = crates_index.find(artifact.name, artifact.version)
    if line is None:
        return ArtifactStatus(artifact, State.MISSING)
    there, url = str(line["cksum"]), f"{CRATES}/crates/{artifact.name}/{artifact.version}"
    if line.get("yanked"):
        return ArtifactStatus(artifact, State.YANKED, "yanked", url, there)
    if there == artifact.sha256:
        return ArtifactStatus(artifact, State.SAME, "same sha256", url, there)
    commit = crates_index.commit_of(artifact.name, str(line["vers"]))
    if commit and commit != release.commit:
        why = f"made from commit {commit[:7]}, and this release is {release.commit[:7]}"
        return ArtifactStatus(artifact, State.DIFFERENT, why, url, there)
    if artifact.sha256:
        why = f"sha256 {there[:12]} there, {artifact.sha256[:12]} in dist/"
        return ArtifactStatus(artifact, State.DIFFERENT, why, url, there)
    why = "made from this commit" if commit else "names no commit"
    return ArtifactStatus(artifact, State.PRESENT, f"{why}, bytes not compared", url, there)


def _missing(release: Release, artifacts: Sequence[Artifact]) -> tuple[Artifact, ...]:
    seen = state(release, artifacts)
    raise_all(
        ReleaseError(
            f"{one.artifact.name} {one.artifact.version} on {NAME} is something else: {one.why}",
            "choose the next version",
        )
        for one in seen
        if one.state in (State.DIFFERENT, State.YANKED)
    )
    return tuple(one.artifact for one in seen if one.state is State.MISSING)


def _wait_after(release: Release, left: Sequence[Artifact], error: Failed) -> None:
    """Wait for what made cargo fail to pass; raise what does not pass by itself."""
    sent = cargo_publish.uploaded(error.output)
    taken = [artifact for artifact in left if artifact.name in sent]
    again = cargo_publish.retry_at(error.output)
    if not taken and again is None and not cargo_publish.is_transient(error.output):
        raise cargo_publish.explain(error) from error
    terminal.wait_for(lambda: _not_shown(release, taken), DEADLINE)
    rest = len(left) - len(taken)
    if again is not None:
        seconds = max(1.0, (again - datetime.now(UTC)).total_seconds())
        if seconds > LONGEST:
            raise ReleaseError(
                f"{NAME} takes the next crate at {again:%Y-%m-%d %H:%M:%S} UTC",
                "run the release again then",
            )
        terminal.pause(seconds, f"waiting until {again:%H:%M:%S} UTC, as {NAME} asks, {rest} to go")
    elif not taken:
        terminal.pause(1.0, "waiting a second: the upload failed for a reason that may pass")


def _not_shown(release: Release, sent: Sequence[Artifact]) -> str:
    left = ", ".join(artifact.name for artifact in _missing(release, sent))
    return f"{NAME} to show {left}" if left else ""
