"""crates.io: one tarball for each crate and version, compared by its hash and never replaced."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from invoke.context import Context

from release_tasks import dist, http, shell, terminal
from release_tasks.channels import crates_index, crates_upload, job_token
from release_tasks.channels.channel import make_artifact
from release_tasks.endpoints import CRATES
from release_tasks.errors import ReleaseError, raise_all, shorten
from release_tasks.http import get_many
from release_tasks.project.artifacts import Artifact, ArtifactStatus, State
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import resolved_or_raise
from release_tasks.release import Release
from release_tasks.shell import Failed
from release_tasks.tools.cargo import publish as cargo_publish

NAME = "crates.io"
NOUN = "crate"
UNDO = (
    "a crate can be deleted only within 72 hours, or while it has few downloads"
)
DEADLINE = 600.0  # seconds until the index must show what was uploaded
LONGEST_WAIT = 3600.0  # seconds that a run waits at most for a rate limit
TRIES = 5  # failures in a row in which no crate was uploaded

# crates.io, rate_limiter.rs: a burst of uploads, then one every so many seconds
NEW_BURST = 5  # new crates
NEW_EVERY = 600
BURST = 30  # new versions of crates
EVERY = 60


def expected(release: Release) -> tuple[Artifact, ...]:
    """Return one artifact for each crate to publish, with its hash when it is in dist/."""
    found = []
    for part in release.parts:
        built = {row.name: row for row in dist.of_kind(part, FileKind.CRATE)}
        for crate in resolved_or_raise(part.component.crates):
            found.append(
                make_artifact(NAME, part, crate.name, built.get(crate.name))
            )
    return tuple(found)


def state(
    release: Release, artifacts: Sequence[Artifact]
) -> list[ArtifactStatus]:
    """Return the state of each crate: by its hash, else by the commit in the published file."""
    return get_many(lambda artifact: _status(release, artifact), artifacts)


def is_new(artifact: Artifact) -> bool:
    """Return True when crates.io has no crate of that name."""
    return versions(artifact) is None


def credentials(release: Release) -> Iterator[ReleaseError]:
    """Yield an error when cargo has no token for crates.io, and when a crate needs another one."""
    if has_token():
        return
    if job_token.is_available():
        yield from not_for_jobs(release)
        return
    yield no_token(
        "; on GitHub Actions, `permissions: id-token: write` lets a trusted job do without"
    )


def no_token(otherwise: str = "") -> ReleaseError:
    """Return the error for what needs a token; `otherwise` is what may stand in for one."""
    return ReleaseError(
        f"there is no token for {NAME}",
        f"set {cargo_publish.TOKEN} ({CRATES}/settings/tokens), "
        f"or run `cargo login`{otherwise}",
    )


def has_token() -> bool:
    """Tell whether cargo finds a token for crates.io."""
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    files = (home / "credentials.toml", home / "credentials")
    is_set = bool(os.environ.get(cargo_publish.TOKEN))
    return is_set or any(file.exists() for file in files)


def publish(
    c: Context, release: Release, artifacts: Sequence[Artifact]
) -> None:
    """Upload the crates, dependencies first, waiting for crates.io's rate limits.

    Before the first upload cargo packs them again, and must get the bytes that dist/ has. Raises
    `ReleaseError` when it does not, or after `TRIES` failures without progress. Without a token, a
    job of GitHub Actions gets one that lives for half an hour.
    """
    crates_upload.repack_and_compare(c, release, artifacts)
    if has_token() or shell.is_dry(c) or not job_token.is_available():
        _upload(c, release, artifacts, lambda: False)
        return
    with job_token.of_job() as token:
        _upload(c, release, artifacts, token.renew)


def _upload(
    c: Context,
    release: Release,
    artifacts: Sequence[Artifact],
    renew: Callable[[], bool],
) -> None:
    """Upload the crates; `renew` gets a token where there is none or an old one, and says so."""
    left = tuple(artifacts)
    failures = 0
    renew()
    while left:
        try:
            crates_upload.upload(c, release, left)
            return
        except Failed as error:
            if not renew():
                _wait_after(release, left, error)
            missing = _missing(release, left)
            failures = 0 if len(missing) < len(left) else failures + 1
            if failures == TRIES:
                raise cargo_publish.explain(error) from error
            left = missing


def unpublished(release: Release) -> tuple[Artifact, ...]:
    """Return the crates that crates.io does not have in this version."""
    statuses = state(release, expected(release))
    return tuple(
        status.artifact for status in statuses if status.state is State.MISSING
    )


def versions(artifact: Artifact) -> list[str] | None:
    """Return the published versions of a crate, None when crates.io has no such crate."""
    lines = crates_index.lines(artifact.name)
    if lines is None:
        return None
    return [str(line["vers"]) for line in lines]


def categories() -> set[str]:
    """Return the slugs of the categories that crates.io has."""
    answer = http.get(f"{CRATES}/api/v1/category_slugs", expect=(200,)).json(
        dict
    )
    return {str(category["slug"]) for category in answer["category_slugs"]}


def rate_limit_wait(missing: Sequence[Artifact]) -> float:
    """Return how many seconds crates.io's rate limits will delay the upload of these crates."""
    new = sum(get_many(is_new, missing))
    updates = len(missing) - new
    new_wait = max(0, new - NEW_BURST) * NEW_EVERY
    update_wait = max(0, updates - BURST) * EVERY
    return float(new_wait + update_wait)


def not_for_jobs(release: Release) -> Iterator[ReleaseError]:
    """Yield an error for crates that are new, which crates.io lets no job create."""
    crates = expected(release)
    is_first = get_many(is_new, crates)
    names = [
        crate.name for crate, new in zip(crates, is_first, strict=True) if new
    ]
    if names:
        yield ReleaseError(
            f"{NAME} does not let a job create a crate: {shorten(names)} would be new",
            f"set {cargo_publish.TOKEN} for the first version ({CRATES}/settings/tokens); "
            "then trust this workflow in the settings of each crate",
        )


def _status(release: Release, artifact: Artifact) -> ArtifactStatus:
    line = crates_index.find(artifact.name, artifact.version)
    if line is None:
        return ArtifactStatus(artifact, State.MISSING)
    state, why = _compared(release, artifact, line)
    url = f"{CRATES}/crates/{artifact.name}/{artifact.version}"
    return ArtifactStatus(artifact, state, why, url, str(line["cksum"]))


def _compared(
    release: Release, artifact: Artifact, line: dict[str, Any]
) -> tuple[State, str]:
    """Return the state of a crate by its line in the index, and why."""
    published = str(line["cksum"])
    if line.get("yanked"):
        return State.YANKED, "yanked"
    if published == artifact.sha256:
        return State.SAME, "same sha256"
    commit = crates_index.commit_of(artifact.name, str(line["vers"]))
    if commit and commit != release.commit:
        why = f"packed from commit {commit[:7]}, and this release is {release.commit[:7]}"
        return State.DIFFERENT, why
    if artifact.sha256:
        why = f"sha256 {published[:12]} on {NAME}, {artifact.sha256[:12]} in dist/"
        return State.DIFFERENT, why
    if commit:
        return State.PRESENT, "packed from this commit, bytes not compared"
    return State.PRESENT, "names no commit, bytes not compared"


def _missing(
    release: Release, artifacts: Sequence[Artifact]
) -> tuple[Artifact, ...]:
    """Return the crates that are not published yet; raise `ReleaseError` for different ones."""
    statuses = state(release, artifacts)
    raise_all(
        ReleaseError(
            f"{status.artifact.name} {status.artifact.version} on {NAME} differs: {status.why}",
            f"choose a version after {status.artifact.version}",
        )
        for status in statuses
        if status.state in (State.DIFFERENT, State.YANKED)
    )
    return tuple(
        status.artifact for status in statuses if status.state is State.MISSING
    )


def _wait_after(
    release: Release, left: Sequence[Artifact], error: Failed
) -> None:
    """Wait until it makes sense to try a failed upload again; raise when that is never."""
    uploaded_names = cargo_publish.uploaded(error.output)
    uploaded = [
        artifact for artifact in left if artifact.name in uploaded_names
    ]
    retry_at = cargo_publish.retry_at(error.output)
    if (
        not uploaded
        and retry_at is None
        and not cargo_publish.is_transient(error.output)
    ):
        raise cargo_publish.explain(error) from error
    terminal.wait_for(lambda: _not_visible(release, uploaded), DEADLINE)
    if retry_at is not None:
        _wait_until(retry_at, len(left) - len(uploaded))
    elif not uploaded:
        terminal.pause(1.0, "trying again in a second: the upload failed")


def _wait_until(moment: datetime, crates_left: int) -> None:
    seconds = max(1.0, (moment - datetime.now(UTC)).total_seconds())
    if seconds > LONGEST_WAIT:
        raise ReleaseError(
            f"rate-limited by {NAME} until {moment:%Y-%m-%d %H:%M:%S} UTC",
            "run the release again then",
        )
    terminal.pause(
        seconds,
        f"rate-limited by {NAME} until {moment:%H:%M:%S} UTC, {crates_left} crates left",
    )


def _not_visible(release: Release, uploaded: Sequence[Artifact]) -> str:
    names = [artifact.name for artifact in _missing(release, uploaded)]
    if not names:
        return ""
    return f"{', '.join(names)} to become visible on {NAME}"
