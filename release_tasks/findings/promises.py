"""What the settings promise besides commands: no open blockers, green runs, bundles."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.channels import git_runs
from release_tasks.errors import ReleaseError
from release_tasks.findings.finding import Case, lasting, problem
from release_tasks.tools import gh


@lasting
def unpacked_bundles(case: Case) -> Iterator[ReleaseError]:
    """Yield that bundles are named, which no step packs."""
    if case.release.project.settings.bundles:
        yield ReleaseError("[bundles]: no step packs them", "take [bundles] and its asset word out, and upload them afterwards: gh release upload")


@problem
def commit_not_green(case: Case) -> Iterator[ReleaseError]:
    """Yield what judged this commit badly or has not yet, where the tags of a release wait for that."""
    if git_runs.are_awaited(case.release):
        yield from git_runs.not_green(case.release)


@problem
def open_blocker(case: Case) -> Iterator[ReleaseError]:
    """Yield each label whose open issues stop the release."""
    project = case.release.project
    for label in project.settings.gates.blockers if project.repository else ():
        if rows := gh.issues(str(project.repository), label):
            shown = ", ".join(f"#{row['number']} {row['title']}" for row in rows[:5])
            yield ReleaseError(f"issues with the label {label} are open: {shown}", "close them, or take that label out of [gates] blockers")
