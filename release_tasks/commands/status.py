"""Where every artifact of a version stands on every channel."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from invoke.context import Context
from invoke.exceptions import Exit

from release_tasks.commands import command
from release_tasks.errors import ReleaseError, raise_all

if TYPE_CHECKING:
    from release_tasks.project.artifacts import ArtifactStatus, Pointer
    from release_tasks.release import Release

T = TypeVar("T")
DONE, MISSING, PROBLEM = 0, 3, 1


@dataclass(frozen=True)
class Report:
    """What the registries show of one release."""

    release: Release
    artifacts: tuple[ArtifactStatus, ...]
    pointers: tuple[Pointer, ...]
    problems: tuple[ReleaseError, ...] = ()  # channels that could not be read, open questions

    @property
    def code(self) -> int:
        """Return the exit status: 0 all as wanted, 3 something is missing, 1 a problem."""
        from release_tasks.project.artifacts import PointerState, State

        states = {seen.state for seen in self.artifacts}
        if self.problems or states & {State.DIFFERENT, State.YANKED, State.CLOSED}:
            return PROBLEM
        is_behind = any(pointer.place is PointerState.BEHIND for pointer in self.pointers)
        return MISSING if is_behind or states & {State.MISSING, State.PARTIAL} else DONE

    def data(self) -> dict[str, Any]:
        """Return the report in the shape that docs/json.md describes."""
        return {
            "components": [
                {"name": p.component.name, "version": p.version, "tag": p.tag}
                for p in self.release.parts
            ],
            "commit": self.release.commit,
            "artifacts": [_row(seen) for seen in self.artifacts],
            "pointers": [
                {
                    "channel": p.channel,
                    "name": p.name,
                    "state": str(p.place),
                    "now": p.now,
                    "target": p.target,
                }
                for p in self.pointers
            ],
            "problems": [{"problem": error.problem, "fix": error.fix} for error in self.problems],
        }


@command
def status(
    c: Context, version: str | None = None, component: str | None = None, json: bool = False
) -> None:
    """Show the state of every artifact on every channel."""
    from release_tasks.release import Release

    report = read(Release.at(c, version, component))
    show(report, json)
    raise_all(report.problems)
    if report.code:
        raise Exit(code=report.code)


def read(release: Release) -> Report:
    """Ask every channel for the state of everything that the release consists of."""
    from release_tasks import channels, converge
    from release_tasks.http import get_many

    problems: list[ReleaseError] = []

    def asked(what: Callable[[], Iterable[T]]) -> tuple[T, ...]:
        try:
            return tuple(what())
        except ReleaseError as error:
            problems.append(error)
            return ()

    seen = get_many(lambda one: asked(lambda: converge.state(release, one)), channels.every())
    pointers = get_many(lambda one: asked(lambda: one.pointers(release)), channels.with_pointers())
    told = {error.message: error for error in problems}  # a channel and its pointers fail alike
    return Report(
        release,
        tuple(one for some in seen for one in some),
        tuple(p for some in pointers for p in some),
        tuple(told.values()),
    )


def show(report: Report, as_json: bool) -> None:
    """Print a report to stdout, as a table or as one JSON object."""
    if as_json:
        print(json.dumps(report.data(), indent=2))
        return
    print(report.release.title)
    table(
        [
            ("channel", "artifact", "state", "sha256 / digest", "remark"),
            *(
                (s.artifact.channel, s.artifact.name, str(s.state), _short(s), s.why)
                for s in report.artifacts
            ),
            *(
                (p.channel, f"→ {p.name}", str(p.place), "", f"{p.now or 'nothing'} → {p.target}")
                for p in report.pointers
            ),
        ]
    )


def table(rows: list[tuple[str, ...]]) -> None:
    """Print rows as an aligned table; the first row is its heading."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    if console.is_terminal:
        drawn = Table(box=None, pad_edge=False)
        for title in rows[0]:
            drawn.add_column(title, overflow="fold")  # a name that is cut off could not be copied
        for row in rows[1:]:
            drawn.add_row(*(_coloured(cell.replace("→ ", "→\u00a0")) for cell in row))
        console.print(drawn)
        return
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def _row(seen: ArtifactStatus) -> dict[str, str]:
    artifact = seen.artifact
    row = {
        "channel": artifact.channel,
        "name": artifact.name,
        "version": artifact.version,
        "component": artifact.component,
        "state": str(seen.state),
        "why": seen.why,
        "url": seen.url,
    }
    sha256, digest = seen.sha256 or artifact.sha256, seen.digest or artifact.digest
    return row | ({"digest": digest} if digest else {"sha256": sha256})


def _short(seen: ArtifactStatus) -> str:
    known = seen.digest or seen.sha256 or seen.artifact.digest or seen.artifact.sha256
    return known.removeprefix("sha256:")[:12]


def _coloured(cell: str) -> str:
    colours = {
        "same": "green",
        "present": "green",
        "missing": "yellow",
        "partial": "yellow",
        "behind": "yellow",
        "different": "red",
        "yanked": "red",
        "closed": "red",
    }
    return f"[{colours[cell]}]{cell}[/]" if cell in colours else cell.replace("[", "\\[")
