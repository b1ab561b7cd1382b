"""What judged a commit on GitHub: the runs of its workflows, and what other services say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from release_tasks.tools import gh

Row = dict[str, Any]
GREEN = ("success", "neutral", "skipped")  # as branch protection counts them


@dataclass(frozen=True)
class Check:
    """One judgement, and the page that explains it; it is green, red, or not there yet."""

    name: str
    verdict: str  # GitHub's word, empty as long as it is pending
    url: str
    again: str = ""  # the command that lets it judge once more

    @property
    def is_red(self) -> bool:
        """Tell whether it is finished, and not well."""
        return bool(self.verdict) and self.verdict not in GREEN


def runs(repository: str, commit: str, is_wanted: Callable[[Row], bool]) -> tuple[Check, ...]:
    """Return the newest wanted run of each workflow and event for a commit; of a red one, each job that failed."""
    newest: dict[tuple[int, str], Row] = {}
    for row in (
        gh.read(f"repos/{repository}/actions/runs?head_sha={commit}&per_page=100", every_page=True)
        or ()
    ):
        if is_wanted(row):
            newest.setdefault((row["workflow_id"], row["event"]), row)
    return tuple(one for row in newest.values() for one in _jobs(repository, row))


def others(repository: str, commit: str) -> tuple[Check, ...]:
    """Return what services besides GitHub Actions say of a commit, as checks or as the older statuses."""
    place = f"repos/{repository}/commits/{commit}"
    found = [
        row
        for row in gh.read(f"{place}/check-runs?per_page=100", every_page=True) or ()
        if row["app"]["slug"] != "github-actions"
    ]
    said = (gh.read(f"{place}/status?per_page=100") or {}).get("statuses", ())
    words = (
        Check(row["context"], row["state"].replace("pending", ""), row["target_url"] or "")
        for row in said
    )
    return (*map(_check, found), *words)


def _jobs(repository: str, run: Row) -> Iterator[Check]:
    whole = replace(_check(run), again=f"gh run rerun {run['id']} --failed")
    rows = (
        gh.read(f"repos/{repository}/actions/runs/{run['id']}/jobs?per_page=100", every_page=True)
        if whole.is_red
        else None
    )
    failed = [
        replace(whole, name=f"{whole.name} / {one.name}", url=one.url)
        for one in map(_check, rows or ())
        if one.is_red
    ]
    yield from failed or [whole]


def _check(row: Row) -> Check:
    return Check(
        row["name"],
        row["conclusion"] or "failure" if row["status"] == "completed" else "",
        row["html_url"],
    )
