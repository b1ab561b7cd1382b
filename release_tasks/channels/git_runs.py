"""The CI runs of the release commit: its tags wait until they are green."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from release_tasks import terminal
from release_tasks.errors import ReleaseError, raise_all, shorten
from release_tasks.printable import word
from release_tasks.project import workflows
from release_tasks.project.workflows import Workflow
from release_tasks.release import Release
from release_tasks.tools import git
from release_tasks.tools.gh import checks as gh_checks
from release_tasks.tools.gh.checks import Check, Row

BEGIN = 300.0  # seconds in which the first run must appear
LONGEST = 6 * 3600.0  # seconds; no job on GitHub's own runners takes longer
EVERY = 20.0  # seconds between two reads of three requests; a workflow's token has 1000 an hour
# scheduled and manual runs do not test the commit
EVENTS = ("push", "pull_request", "merge_group")
BY_HAND = "workflow_dispatch"  # how a workflow that is named is started where a push does not


def are_awaited(release: Release) -> bool:
    """Return True when the tags wait for green runs."""
    return bool(release.project.settings.gates.ci)


def named(release: Release) -> tuple[str, ...]:
    """Return the workflows that the tags wait for, none for whatever runs for the commit."""
    wanted = release.project.settings.gates.ci
    return wanted if isinstance(wanted, tuple) else ()


def wait(release: Release) -> None:
    """Return once every run of the commit is green, twice in a row: a workflow may start late.

    Raises `ReleaseError` for a failed run, and when a workflow that is named, or without names
    any run, does not start within `BEGIN` seconds.
    """
    started = time.monotonic()
    commit = release.commit[:7]
    times_green = 0

    def missing() -> str:
        nonlocal times_green
        checks = commit_checks(release)
        raise_all(failures(release, checks))
        absent = not_begun(release, checks)
        waiting = [*[check.name for check in _pending(checks)], *absent]
        if checks and not waiting:
            times_green += 1
            return (
                "" if times_green > 1 else f"the runs of {commit} to be green"
            )
        times_green = 0
        is_late = time.monotonic() - started > BEGIN
        if is_late and absent:
            raise _never_began(release, absent)
        if is_late and not checks:
            raise ReleaseError(
                f"no CI run of {commit} started within {BEGIN:.0f} s of the push",
                "let a workflow run on pushes to this branch, or remove ci from [gates]",
            )
        if waiting:
            return f"{shorten(waiting)} of {commit} to be green"
        return f"the runs of {commit} to be green"

    terminal.wait_for(missing, LONGEST, EVERY)
    terminal.say(f"the runs of {commit} are green")


def not_begun(release: Release, checks: Sequence[Check]) -> list[str]:
    """Return the workflows that the settings name and that have no run for the commit."""
    return [
        name
        for name in named(release)
        if not any(_is_called(name, check.workflow) for check in checks)
    ]


def find(tree: Path, name: str) -> Workflow | None:
    """Return the workflow of the project that a name in the settings means, None without one."""
    for workflow in workflows.workflows(tree):
        if _is_called(name, (workflow.path, workflow.name)):
            return workflow
    return None


def start(release: Release, name: str) -> str:
    """Return what makes a workflow run for the release commit."""
    branch = release.project.settings.project.branch or git.branch(
        release.checkout
    )
    workflow = find(release.source_tree, name)
    remove = f"remove {name} from [gates] ci"
    if workflow is None:
        every = workflows.workflows(release.source_tree)
        files = [one.path.rpartition("/")[2] for one in every]
        available = f"available: {shorten(files)}" if files else "there is none"
        return f"write the name of a workflow or of its file ({available}), or {remove}"
    file = workflow.path.rpartition("/")[2]
    if workflow.has_event(BY_HAND):
        run = f"gh workflow run {word(file)} --ref {word(branch)}"
        return f"{run}, then run this again, or {remove}"
    return f"let {file} run on pushes to {branch}, or {remove}"


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
    names = named(release)
    events = (*EVENTS, BY_HAND) if names else EVENTS

    def is_wanted(run: Row) -> bool:
        # the runs of a tag start only after this wait
        if run["event"] not in events or run["head_branch"] in tags:
            return False
        called = gh_checks.workflow_names(run)
        return not names or any(_is_called(name, called) for name in names)

    runs = gh_checks.runs(repository, release.commit, is_wanted)
    if names:
        return runs
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


def _never_began(release: Release, names: Sequence[str]) -> ReleaseError:
    verb = "has" if len(names) == 1 else "have"
    fixes = "; ".join(start(release, name) for name in names)
    return ReleaseError(
        f"{shorten(names)} {verb} not begun for {release.commit[:7]} within {BEGIN:.0f} s "
        "of the push, and the tags wait for that",
        fixes,
    )


def _is_called(name: str, names: Sequence[str]) -> bool:
    """Tell whether a workflow is meant: by its file, with or without the folder, or its name."""
    wanted = name.lower()
    return any(
        wanted in (one.lower(), one.lower().rpartition("/")[2]) for one in names
    )


def _pending(checks: Sequence[Check]) -> list[Check]:
    return [check for check in checks if not check.verdict]


def _rerun(check: Check) -> str:
    return f" (`{check.again}`)" if check.again else ""
