"""Runs of workflows on GitHub Actions: their jobs, how long these took, and what failed in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from invoke.context import Context

from release_tasks.errors import ReleaseError
from release_tasks.tools import gh
from release_tasks.tools.gh import checks, hosts
from release_tasks.tools.gh.checks import GREEN, Row

TIME = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z ", re.M)  # before each line
ERROR = "##[error]"  # how the runner marks the line that ends a step
GROUP = "##[endgroup]"  # the command of the step stands above it
LAST_LINES = 15  # of a failed step that are shown


@dataclass(frozen=True)
class Job:
    """A job of a run; `seconds` is None as long as it has not ended."""

    id: int
    name: str
    state: str  # GitHub's conclusion once it has ended, else its status
    seconds: float | None
    failed_step: str
    url: str

    @property
    def is_red(self) -> bool:
        """Tell whether it has ended and has not passed."""
        return self.seconds is not None and self.state not in GREEN


@dataclass(frozen=True)
class Run:
    """A run of a workflow, whose file has the name `workflow`."""

    id: int
    workflow: str
    workflow_id: int
    event: str
    attempt: int
    state: str  # GitHub's conclusion once it has ended, else its status
    has_ended: bool
    url: str

    @property
    def is_red(self) -> bool:
        """Tell whether it has ended and has not passed."""
        return self.has_ended and self.state not in GREEN


def of_commit(repository: str, commit: str) -> Iterator[Run]:
    """Yield the newest run of each workflow and event for a commit."""
    for row in checks.newest(repository, commit, lambda _: True):
        yield _run(row)


def jobs(repository: str, run: Run) -> list[Job]:
    """Return the jobs of the latest attempt of a run."""
    return [_job(row) for row in checks.jobs(repository, run.id)]


def usual_seconds(repository: str, run: Run) -> Mapping[str, float]:
    """Return how long each job took in the last successful run before this one, by name."""
    path = (
        f"repos/{repository}/actions/workflows/{run.workflow_id}/runs"
        "?status=success&per_page=10"
    )
    rows = (gh.read(path) or {}).get("workflow_runs", ())
    before = [row for row in rows if int(row["id"]) < run.id]
    if not before:
        return {}
    return {
        job.name: job.seconds
        for job in jobs(repository, _run(before[0]))
        if job.seconds is not None
    }


def failed_lines(repository: str, job: Job) -> list[str]:
    """Return the last lines of the step that failed, none where GitHub has no log of it."""
    try:
        text = gh.text(f"repos/{repository}/actions/jobs/{job.id}/logs")
    except ReleaseError:  # it is kept for a limited time
        return []
    lines = TIME.sub("", text.lstrip("\ufeff")).splitlines()
    ends = [number for number, line in enumerate(lines) if ERROR in line]
    if ends:
        lines = lines[: ends[0] + 1]
    starts = [number for number, line in enumerate(lines) if GROUP in line]
    if starts:
        lines = lines[starts[-1] + 1 :]
    return [line.replace(ERROR, "") for line in lines[-LAST_LINES:]]


def rerun_failed(c: Context, repository: str, run: Run) -> None:
    """Run the failed jobs of a run again, and those that come after them."""
    bare = hosts.without_host(repository)
    path = f"repos/{bare}/actions/runs/{run.id}/rerun-failed-jobs"
    gh.act(c, hosts.host_of(repository), "POST", path)


def _run(row: Row) -> Run:
    verdict = checks.verdict(row)
    file = checks.workflow_names(row)[0].rpartition("/")[2]
    return Run(
        int(row["id"]),
        file,
        int(row["workflow_id"]),
        row["event"],
        int(row["run_attempt"]),
        verdict or row["status"],
        bool(verdict),
        row["html_url"],
    )


def _job(row: Row) -> Job:
    verdict = checks.verdict(row)
    seconds = None
    if verdict:
        begun = datetime.fromisoformat(row["started_at"])
        ended = datetime.fromisoformat(row["completed_at"])
        seconds = max(0.0, (ended - begun).total_seconds())
    failed = [
        step["name"]
        for step in row.get("steps") or ()
        if step["conclusion"] == "failure"
    ]
    return Job(
        int(row["id"]),
        row["name"],
        verdict or row["status"],
        seconds,
        failed[0] if failed else "",
        row["html_url"],
    )
