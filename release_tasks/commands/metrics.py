"""How a version does: its downloads beside those of the version before, and the new bugs."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from release_tasks import terminal
from release_tasks.errors import ReleaseError, shorten
from release_tasks.printable import word
from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.channels.downloads import Count
    from release_tasks.release import Release

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}  # seconds
# seconds between two looks; a short watch looks more often
EVERY = 300.0
LOOKS = 20
URGENT = re.compile(r"(?i)(?<![a-z0-9])p0(?![a-z0-9])")
Issue = Mapping[str, Any]


@dataclass(frozen=True)
class Look:
    """What was seen at one moment."""

    since: str  # ISO 8601, UTC
    counts: Sequence[Count]
    issues: Sequence[Issue]

    @property
    def urgent(self) -> dict[int, Issue]:
        """Return the open issues with a label P0, by number."""
        return {
            one["number"]: one
            for one in self.issues
            if one["urgent"] and one["state"] == "open"
        }


@command
def metrics(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    since: str = "",
    watch: str = "",
    json: bool = False,
) -> None:
    """Show downloads of a version and bugs reported since then."""
    from release_tasks.release import Release

    release = Release.at(c, version, component)
    begin = _begin(release, since)
    seconds = _seconds(watch, "--watch")
    look = _look(release, begin)
    if not json:
        _print(release, look)
    new: list[Issue] = []
    if seconds:
        look, new = _watch(release, look, seconds)
    if json:
        terminal.print_json(_data(release, look))
    if new:
        names = [f"#{one['number']} {one['title']}" for one in new]
        request = word(release.request)
        raise ReleaseError(
            f"a P0 was opened since {release.title} is out: {shorten(names)}",
            f"inv rollback --version {request}, or a hotfix: "
            f"inv hotfix --from {word(release.parts[0].tag)}",
        )


def _begin(release: Release, since: str) -> datetime:
    """Return since when issues count: `since` ago, else when the release became public."""
    from release_tasks.tools import gh

    if since:
        ago = _seconds(since, "--since")
        return datetime.now(UTC) - timedelta(seconds=ago)
    if release.project.repository is not None:
        tags = [part.tag for part in release.parts]
        for row in gh.releases(release.project.repository):
            if row["tag_name"] in tags and row["published_at"]:
                return datetime.fromisoformat(row["published_at"])
    return datetime.fromtimestamp(release.epoch, UTC)


def _seconds(text: str, option: str) -> float:
    if not text:
        return 0.0
    found = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if found is None:
        raise ReleaseError(
            f"{text} is not a duration", f"{option} 24h; also 90m, 2d"
        )
    return float(int(found[1]) * UNITS[found[2]])


def _look(release: Release, begin: datetime) -> Look:
    from release_tasks.channels import downloads
    from release_tasks.channels.downloads import Pair
    from release_tasks.rollback.previous import previous

    pairs = [Pair(part, previous(release, part)) for part in release.parts]
    since = begin.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Look(
        since, downloads.counts(release, pairs), _issues(release, since)
    )


def _issues(release: Release, since: str) -> list[Issue]:
    """Return the issues with a label of `[metrics] labels` or `[gates] blockers`, oldest first."""
    from release_tasks.tools import gh

    project = release.project
    if project.repository is None:
        return []
    settings = project.settings
    labels = dict.fromkeys((*settings.metrics.labels, *settings.gates.blockers))
    found: dict[int, Issue] = {}
    for label in labels:
        for row in gh.issues_since(project.repository, label, since):
            names = [one["name"] for one in row["labels"]]
            found[row["number"]] = {
                "number": row["number"],
                "title": row["title"],
                "labels": names,
                "state": row["state"],
                "created": row["created_at"],
                "url": row["html_url"],
                "urgent": any(URGENT.search(name) for name in names),
            }
    return [found[number] for number in sorted(found)]


def _watch(
    release: Release, first: Look, seconds: float
) -> tuple[Look, list[Issue]]:
    """Look again until the time is over or a P0 is new; return the last look, and what is new."""
    begin = datetime.fromisoformat(first.since)
    end = time.monotonic() + seconds
    every = max(1.0, min(EVERY, seconds / LOOKS))
    look = first
    new = list(look.urgent.values())
    while not new and time.monotonic() < end:
        terminal.pause(every, f"watching {release.title}")
        now = _look(release, begin)
        for line in _changes(look, now):
            terminal.say(line)
        new = [
            issue
            for number, issue in now.urgent.items()
            if number not in look.urgent
        ]
        look = now
    return look, new


def _changes(before: Look, now: Look) -> list[str]:
    """Return a line for each count that has changed, and for each issue that is new or closed."""
    known = {(one.channel, one.name): one for one in before.counts}
    lines = []
    for one in now.counts:
        old = known.get((one.channel, one.name))
        for text, value in _numbers(one).items():
            was = _numbers(old).get(text) if old else None
            if value != was:
                more = value - (was or 0)
                lines.append(
                    f"{one.channel}: {one.name}: {text}: {value} ({more:+})"
                )
    states = {issue["number"]: issue["state"] for issue in before.issues}
    for issue in now.issues:
        number, state = issue["number"], issue["state"]
        if number not in states:
            labels = ", ".join(issue["labels"])
            lines.append(f"new issue #{number} ({labels}): {issue['title']}")
        elif states[number] != state:
            lines.append(f"issue #{number} is {state} now")
    return lines


def _numbers(one: Count) -> dict[str, int]:
    named = {"downloads": one.downloads, "total": one.total}
    return {text: value for text, value in named.items() if value is not None}


def _print(release: Release, look: Look) -> None:
    from release_tasks.commands.table import Row, print_table

    rows: list[Row] = []
    for one in look.counts:
        before = _cell(one.before)
        if one.previous and one.before is not None:
            before = f"{one.before} ({one.previous})"
        share = "" if one.share is None else f"{one.share:.0%}"
        cells = (_cell(one.downloads), before, share, _cell(one.total))
        rows.append((one.channel, one.name, *cells, one.note))
    terminal.show(release.title)
    heading = ("channel", "name", "downloads", "before", "share", "all")
    print_table((*heading, "remark"), rows)
    terminal.show()
    if not look.issues:
        terminal.show(f"no new issues with these labels since {look.since}")
        return
    terminal.show(f"issues since {look.since}:")
    for issue in look.issues:
        labels = ", ".join(issue["labels"])
        terminal.show(
            f"  #{issue['number']} {issue['state']} ({labels}) {issue['title']}"
        )


def _cell(value: int | None) -> str:
    return "" if value is None else str(value)


def _data(release: Release, look: Look) -> dict[str, Any]:
    """Return a look in the shape that docs/json.md describes."""
    downloads = [asdict(one) | {"share": one.share} for one in look.counts]
    return {
        "version": release.request,
        "since": look.since,
        "downloads": downloads,
        "issues": list(look.issues),
    }
