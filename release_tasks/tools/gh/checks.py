"""What CI says of a commit on GitHub: the runs of its workflows, and other services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from release_tasks.printable import word
from release_tasks.tools import gh

Row = dict[str, Any]
GREEN = ("success", "neutral", "skipped")  # as branch protection counts them


@dataclass(frozen=True)
class Check:
    """The result of one run, job or service, and the page that explains it."""

    name: str
    # GitHub's conclusion (`success`), empty as long as it is pending
    verdict: str
    url: str
    again: str = ""  # the command that runs it again
    # its file and its name, of a run on GitHub Actions
    workflow: tuple[str, ...] = ()

    @property
    def is_red(self) -> bool:
        """Tell whether it has ended and has not passed."""
        return bool(self.verdict) and self.verdict not in GREEN


def runs(
    repository: str, commit: str, is_wanted: Callable[[Row], bool]
) -> tuple[Check, ...]:
    """Return the newest wanted run of each workflow and event for a commit.

    Instead of a failed run, its failed jobs are returned.
    """
    found: list[Check] = []
    for row in newest(repository, commit, is_wanted):
        found += _run_or_failed_jobs(repository, row)
    return tuple(found)


def newest(
    repository: str, commit: str, is_wanted: Callable[[Row], bool]
) -> tuple[Row, ...]:
    """Return GitHub's rows of the newest wanted run of each workflow and event for a commit."""
    path = f"repos/{repository}/actions/runs?head_sha={commit}&per_page=100"
    found: dict[tuple[int, str], Row] = {}
    for row in gh.read(path, every_page=True) or ():
        if is_wanted(row):
            found.setdefault((row["workflow_id"], row["event"]), row)
    return tuple(found.values())


def jobs(repository: str, run: int) -> Iterable[Row]:
    """Return GitHub's rows of the jobs of the latest attempt of a run."""
    path = f"repos/{repository}/actions/runs/{run}/jobs?per_page=100"
    rows: Iterable[Row] = gh.read(path, every_page=True) or ()
    return rows


def verdict(row: Row) -> str:
    """Return the conclusion of a run or job, "" as long as it is pending."""
    if row["status"] != "completed":
        return ""
    return row["conclusion"] or "failure"


def others(repository: str, commit: str) -> tuple[Check, ...]:
    """Return what services besides GitHub Actions say of a commit, as checks or as statuses."""
    path = f"repos/{repository}/commits/{commit}"
    found = []
    for row in (
        gh.read(f"{path}/check-runs?per_page=100", every_page=True) or ()
    ):
        if row["app"]["slug"] != "github-actions":
            found.append(_check(row))
    statuses = (gh.read(f"{path}/status?per_page=100") or {}).get(
        "statuses", ()
    )
    for row in statuses:
        state = row["state"].replace("pending", "")
        found.append(Check(row["context"], state, row["target_url"] or ""))
    return tuple(found)


def workflow_names(run: Row) -> tuple[str, str]:
    """Return the file and the name of the workflow of a run; a path may end in `@REF`."""
    return run["path"].partition("@")[0], run["name"] or ""


def _run_or_failed_jobs(repository: str, run: Row) -> Sequence[Check]:
    again = f"gh run rerun {word(run['id'])} --failed"
    whole = replace(_check(run), again=again, workflow=workflow_names(run))
    if not whole.is_red:
        return [whole]
    failed = []
    for row in jobs(repository, run["id"]):
        job = _check(row)
        if job.is_red:
            failed.append(
                replace(whole, name=f"{whole.name} / {job.name}", url=job.url)
            )
    return failed or [whole]


def _check(row: Row) -> Check:
    return Check(row["name"], verdict(row), row["html_url"])
