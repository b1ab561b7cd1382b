"""The CI runs of the release commit: its tags wait until they are green."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from release_tasks import terminal
from release_tasks.errors import ReleaseError, raise_all, shorten
from release_tasks.release import Release
from release_tasks.tools.gh import checks as gh_checks
from release_tasks.tools.gh.checks import Check, Row

BEGIN = 300.0  # seconds in which the first run must appear
LONGEST = 6 * 3600.0  # seconds; no job on GitHub's own runners takes longer
EVERY = 20.0  # seconds between two reads of three requests; a workflow's token has 1000 an hour
EVENTS = (
    "push",
    "pull_request",
    "merge_group",
)  # scheduled and manual runs do not test the commit


def are_awaited(release: Release) -> bool:
    """Return True when the tags wait for green runs."""
    return release.project.settings.gates.ci is not None


def wait(release: Release) -> None:
    """Return once every run of the commit is green, twice in a row: a workflow may start late.

    Raises `ReleaseError` for a failed run, and when no run starts within `BEGIN` seconds.
    """
    started = time.monotonic()
    commit = release.commit[:7]
    times_green = 0

    def missing() -> str:
        nonlocal times_green
        checks = commit_checks(release)
        raise_all(failures(release, checks))
        waiting = _pending(checks)
        if checks and not waiting:
            times_green += 1
            return "" if times_green > 1 else f"the runs of {commit} to be green"
        times_green = 0
        if waiting:
            return (
                f"{shorten([check.name for check in waiting])} of {commit} to be green"
            )
        if time.monotonic() - started > BEGIN:
            raise ReleaseError(
                f"no CI run of {commit} started within {BEGIN:.0f} s of the push",
                "let a workflow run on pushes to this branch, or remove ci from [gates]",
            )
        return f"the runs of {commit} to be green"

    terminal.wait_for(missing, LONGEST, EVERY)
    terminal.say(f"the runs of {commit} are green")


def not_green(release: Release) -> Iterator[ReleaseError]:
    """Yield an error for each failed run of the commit, and one for those that have not ended."""
    checks = commit_checks(release)
    yield from failures(release, checks)
    waiting = _pending(checks)
    if waiting:
        names = shorten([check.name for check in waiting])
        fact = f"{names} of {release.commit[:7]} is still running: {waiting[0].url}"
        yield ReleaseError(fact, "wait until it is green")


def commit_checks(release: Release) -> tuple[Check, ...]:
    """Return the workflow runs and the other services' checks of the release's commit.

    Raises `ReleaseError` for a project that is not on GitHub.
    """
    repository = release.project.repository
    if repository is None:
        raise ReleaseError(
            "[gates] ci needs CI runs, and origin is not on GitHub",
            "remove ci from [gates]",
        )
    tags = {part.tag for part in release.parts}

    def is_wanted(run: Row) -> bool:
        # the runs of a tag start only after this wait
        return run["event"] in EVENTS and run["head_branch"] not in tags

    runs = gh_checks.runs(repository, release.commit, is_wanted)
    return runs + gh_checks.others(repository, release.commit)


def failures(release: Release, checks: Sequence[Check]) -> list[ReleaseError]:
    """Return an error for each check that failed, with its address."""
    return [
        ReleaseError(
            f"{check.name} of {release.commit[:7]} ended with {check.verdict}: {check.url}",
            f"fix it and commit, or rerun it{_rerun(check)}; then run the release again",
        )
        for check in checks
        if check.is_red
    ]


def _pending(checks: Sequence[Check]) -> list[Check]:
    return [check for check in checks if not check.verdict]


def _rerun(check: Check) -> str:
    return f" (`{check.again}`)" if check.again else ""
