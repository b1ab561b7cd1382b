"""The runs of the release commit, where its tags wait until they are green."""

from __future__ import annotations

import time
from collections.abc import Iterator

from release_tasks import terminal
from release_tasks.errors import ReleaseError, raise_all, shorten
from release_tasks.release import Release
from release_tasks.tools.gh import checks as gh_checks
from release_tasks.tools.gh.checks import Check, Row

BEGIN = 300.0  # seconds in which something must begin to judge the commit
LONGEST = 6 * 3600.0  # seconds; no job of GitHub's own runners takes longer
EVERY = 20.0  # seconds between two looks of three requests: a workflow's token has a thousand in an hour
JUDGES = (
    "push",
    "pull_request",
    "merge_group",
)  # a run on a schedule or by hand says nothing of the commit


def are_awaited(release: Release) -> bool:
    """Tell whether the tags wait for green runs."""
    return release.project.settings.gates.ci is not None


def wait(release: Release) -> None:
    """Return once all that judges the commit is green, at two looks: a workflow may begin late.

    Raises `ReleaseError` for a red one, with its address, and where nothing begins to judge it.
    """
    began, looks = time.monotonic(), 0

    def lacking() -> str:
        nonlocal looks
        found = judged(release)
        raise_all(red(release, found))
        if not found and time.monotonic() - began > BEGIN:
            raise ReleaseError(
                f"nothing judges {release.commit[:7]}, {BEGIN:.0f} s after its push",
                "let a workflow run on pushes to this branch, or take ci out of [gates]",
            )
        waiting = [one.name for one in found if not one.verdict]
        looks = looks + 1 if found and not waiting else 0
        return (
            ""
            if looks > 1
            else f"{shorten(waiting) if waiting else 'the runs'} of {release.commit[:7]} to be green"
        )

    terminal.wait_for(lacking, LONGEST, EVERY)
    terminal.say(f"the runs of {release.commit[:7]} are green")


def not_green(release: Release) -> Iterator[ReleaseError]:
    """Yield what judged this commit badly, and what has not judged it yet."""
    found = judged(release)
    yield from red(release, found)
    if waiting := [one for one in found if not one.verdict]:
        names = shorten([one.name for one in waiting])
        yield ReleaseError(
            f"{names} of {release.commit[:7]} has not ended yet: {waiting[0].url}",
            "wait until it is green",
        )


def judged(release: Release) -> tuple[Check, ...]:
    """Return all that judges the release's commit; raise `ReleaseError` where that is not on GitHub."""
    repository, tags = release.project.repository, {part.tag for part in release.parts}
    if repository is None:
        raise ReleaseError(
            "[gates] ci: origin is not on GitHub, so nothing tells of runs",
            "take ci out of [gates]",
        )

    def is_wanted(run: Row) -> bool:
        return (
            run["event"] in JUDGES and run["head_branch"] not in tags
        )  # those of a tag begin after the wait

    return gh_checks.runs(repository, release.commit, is_wanted) + gh_checks.others(
        repository, release.commit
    )


def red(release: Release, found: tuple[Check, ...]) -> list[ReleaseError]:
    """Return one error for each check that is not green in the end."""
    return [
        ReleaseError(
            f"{one.name} of {release.commit[:7]} ended with {one.verdict}: {one.url}",
            f"mend it and commit, or {f'`{one.again}`' if one.again else 'let it run again'} where it was an accident; then run the release again",
        )
        for one in found
        if one.is_red
    ]
