"""Follow a release on GitHub Actions: its jobs, then what arrives on the registries."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit

from release_tasks import terminal
from release_tasks.errors import ReleaseError, raise_all, shorten
from release_tasks.printable import word
from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.release import Release
    from release_tasks.tools.gh.runs import Job, Run

BEGIN = 300.0  # seconds in which a first run must appear
# seconds between two looks, each a request for the runs and one for each of them; an hour has
# 5000 requests for a person, 1000 for a workflow
EVERY = 15.0
LONGEST = "360"  # minutes
OURS = "release.yml"  # as generate-ci writes it
BY_HAND = "workflow_dispatch"
APPROVAL = "waiting"  # how GitHub calls a run that an environment holds back


@command
def watch(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    rerun_failed: bool = False,
    minutes: str = "",
    json: bool = False,
) -> None:
    """Follow a release on GitHub Actions until it is public."""
    from release_tasks.commands import status
    from release_tasks.release import Release

    release = Release.at(c, version, component)
    end = time.monotonic() + _seconds(minutes)
    watched = _Watched(c, release, release.project.github_repository, end)
    failed = watched.follow(rerun_failed)
    report = None
    if not failed:
        while True:
            report = status.read(Release.at(c, version, component))
            if report.code != status.INCOMPLETE or watched.is_late:
                break
            missing = [
                artifact.artifact.name
                for artifact in report.artifacts
                if artifact.state in ("missing", "partial")
            ]
            names = shorten(missing) or "the pointers"
            terminal.pause(EVERY, f"waiting for {names} to be public")
    if json:
        terminal.print_json(watched.data(report.data() if report else None))
    raise_all(failed)
    assert report is not None
    raise_all(report.problems)
    if report.code:
        terminal.say(f"not everything of {release.request} is public")
        raise Exit(code=report.code)
    terminal.say(f"everything of {release.request} is public")


def _seconds(minutes: str) -> float:
    text = minutes or LONGEST
    if not text.isdecimal():
        raise ReleaseError(
            f"{text} is not a number of minutes", f"--minutes {LONGEST}"
        )
    return int(text) * 60.0


@dataclass
class _Watched:
    """The runs of a release, as far as they were seen; `end` is when to give up."""

    c: Context
    release: Release
    repository: str
    end: float
    jobs: dict[int, list[Job]] = field(default_factory=dict)  # by run
    runs: list[Run] = field(default_factory=list)
    shown: dict[int, str] = field(default_factory=dict)  # by job
    usual: dict[int, Mapping[str, float]] = field(default_factory=dict)
    held: set[int] = field(default_factory=set)  # runs that need an approval
    # by run: the attempt that was asked for
    attempts: dict[int, int] = field(default_factory=dict)

    @property
    def is_late(self) -> bool:
        return time.monotonic() > self.end

    def follow(self, rerun_failed: bool) -> list[ReleaseError]:
        """Show each job that begins or ends, until all have; return an error for each red one.

        Raises `ReleaseError` where no run begins, and after the time that was given.
        """
        from release_tasks.tools.gh import runs

        self._until_ended()
        red = [run for run in self.runs if run.is_red]
        if red and rerun_failed:
            for run in red:
                self._explain(run)
                runs.rerun_failed(self.c, self.repository, run)
                self.attempts[run.id] = run.attempt + 1
                terminal.say(f"the failed jobs of {run.workflow} run again")
            self._until_ended()
            red = [run for run in self.runs if run.is_red]
        return [self._explain(run) for run in red]

    def data(self, state: Any) -> dict[str, Any]:
        """Return what `--json` prints; `state` is that of the registries."""
        return {
            "version": self.release.request,
            "runs": [
                {
                    "workflow": run.workflow,
                    "event": run.event,
                    "attempt": run.attempt,
                    "state": run.state,
                    "url": run.url,
                    "jobs": [
                        {
                            "name": job.name,
                            "state": job.state,
                            "seconds": job.seconds,
                            "before": self.usual[run.id].get(job.name),
                            "failed_step": job.failed_step,
                        }
                        for job in self.jobs[run.id]
                    ],
                }
                for run in self.runs
            ],
            "registries": state,
        }

    def _until_ended(self) -> None:
        begun = time.monotonic()
        while True:
            self._look()
            waiting = [
                run.workflow
                for run in self.runs
                if not run.has_ended
                or run.attempt < self.attempts.get(run.id, 0)
            ]
            if self.runs and not waiting:
                return
            if not self.runs and time.monotonic() - begun > BEGIN:
                raise self._never_began()
            if self.is_late:
                names = shorten(waiting) or "a first run"
                raise ReleaseError(
                    f"gave up waiting for {names}",
                    f"inv watch --version {word(self.release.request)}",
                )
            names = shorten(waiting) or "a run to begin"
            terminal.pause(EVERY, f"waiting for {names} on GitHub Actions")

    def _look(self) -> None:
        from release_tasks.tools.gh import runs

        self.runs = self._found()
        for run in self.runs:
            if run.id not in self.usual:
                self.usual[run.id] = runs.usual_seconds(self.repository, run)
            if run.state == APPROVAL and run.id not in self.held:
                self.held.add(run.id)
                terminal.say(f"{run.workflow} waits for an approval: {run.url}")
            self.jobs[run.id] = runs.jobs(self.repository, run)
            for job in self.jobs[run.id]:
                if self.shown.get(job.id) != job.state:
                    self.shown[job.id] = job.state
                    terminal.say(_line(run, job, self.usual[run.id]))

    def _found(self) -> list[Run]:
        """Return the runs of the tag's commit, and that which has made it from the one before."""
        from release_tasks.tools import git
        from release_tasks.tools.gh import runs

        commit = self.release.commit
        found = list(runs.of_commit(self.repository, commit))
        before = git.commit_of(self.release.checkout, f"{commit}^")
        if before and self.release.is_tagged:
            found += [
                run
                for run in runs.of_commit(self.repository, before)
                if (run.workflow, run.event) == (OURS, BY_HAND)
            ]
        return found

    def _explain(self, run: Run) -> ReleaseError:
        """Show the last lines of each failed job of a run, and return the error that names them."""
        from release_tasks.tools.gh import runs

        red = [job for job in self.jobs[run.id] if job.is_red]
        for job in red:
            lines = runs.failed_lines(self.repository, job)
            if lines:
                terminal.say(f"the last lines of {job.name}:")
                terminal.say("\n".join(f"  {line}" for line in lines))
        names = [
            f"{job.name} ({job.failed_step})" if job.failed_step else job.name
            for job in red
        ]
        return ReleaseError(
            f"{run.workflow} ended with {run.state}: {shorten(names) or run.url}",
            f"inv watch --version {word(self.release.request)} --rerun-failed, "
            f"or look at {run.url}",
        )

    def _never_began(self) -> ReleaseError:
        commit = self.release.commit[:7]
        ref = ""
        if self.release.is_tagged:
            ref = f" --ref {word(self.release.parts[0].tag)}"
        return ReleaseError(
            f"no workflow has begun for {commit} within {BEGIN:.0f} s",
            f"gh workflow run {OURS}{ref} -f version={word(self.release.request)}",
        )


def _line(run: Run, job: Job, usual: Mapping[str, float]) -> str:
    line = f"{run.workflow}: {job.name}: {job.state}"
    if job.seconds is not None:
        line += f" after {_minutes(job.seconds)}"
    before = usual.get(job.name)
    if before is not None:
        line += f" (before: {_minutes(before)})"
    return line


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60:02} s"
