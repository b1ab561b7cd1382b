"""What `inv release` would do now: every step run dry, its commands collected."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit

from release_tasks import order, terminal
from release_tasks.errors import ReleaseError
from release_tasks.order import Step
from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.commands.durations import Outlook
    from release_tasks.release import Release

NOTHING = "nothing to do"


@command
def plan(
    c: Context,
    version: str = "",
    component: str | None = None,
    new: str | None = None,
    json: bool = False,
) -> None:
    """Show what release would run now, and what it would skip."""
    from release_tasks.commands import durations
    from release_tasks.project.version_levels import resolve
    from release_tasks.release import Release

    arguments = {
        "version": resolve(version, component),
        "component": component,
        "new": new or "all",
    }
    dry = Context(c.config.clone())
    dry.config.run.dry = True
    rows = []
    # fails once, not in each step
    release = Release.at(dry, arguments["version"], component)
    for step in order.steps(order.of(c)):
        rows.append(copy_context().run(_run_dry, dry, step, arguments))
    wait = _rate_limit_wait(release)
    took = durations.last(release)
    stages = [[order.name(step) for step in stage] for stage in order.of(c)]
    _add_times(rows, stages, took)
    outlook = durations.outlook(stages, _to_do(rows, took))
    if release.project.left_out:
        names = ", ".join(release.project.left_out)
        terminal.say(f"not released: {names}")
    if json:
        terminal.print_json(_data(rows, wait, outlook))
    else:
        _print(rows, wait)
        _print_times(rows, stages)
        if outlook:
            _print_outlook(outlook, wait)
    if any(row["problem"] for row in rows):
        raise Exit(code=1)


def _run_dry(
    c: Context, step: Step, arguments: dict[str, str | None]
) -> dict[str, Any]:
    collected: list[str] = []
    terminal.collected.set(collected)
    problem = ""
    try:
        order.run(step, c, arguments)
    except ReleaseError as error:
        problem = str(error.message)
    commands = [text[2:] for text in collected if text.startswith("$ ")]
    notes = [text for text in collected if not text.startswith("$ ")]
    return {
        "step": order.name(step),
        "purpose": _first_line(step),
        "commands": commands,
        "notes": notes,
        "problem": problem,
    }


def _first_line(step: Step) -> str:
    return (step.__doc__ or "").strip().partition("\n")[0]


def _add_times(
    rows: list[dict[str, Any]],
    stages: list[list[str]],
    took: Mapping[str, float],
) -> None:
    """Add to each row which steps are before it, and how long it took last time."""
    before: dict[str, list[str]] = {}
    for stage, following in pairwise([[], *stages]):
        before |= dict.fromkeys(following, stage)
    for row in rows:
        row["after"] = before[row["step"]]
        row["last_seconds"] = took.get(row["step"])


def _to_do(
    rows: list[dict[str, Any]], took: Mapping[str, float]
) -> dict[str, float]:
    """Return the seconds of the steps that have something to do."""
    found = {}
    for row in rows:
        is_done = not row["commands"] and all(
            note.startswith(NOTHING) for note in row["notes"]
        )
        is_known = row["step"] in took
        if is_known and not (is_done and row["notes"]):
            found[row["step"]] = took[row["step"]]
    return found


def _data(
    rows: list[dict[str, Any]], wait: float, outlook: Outlook | None
) -> dict[str, Any]:
    """Return the plan in the shape that docs/json.md describes."""
    data: dict[str, Any] = {"steps": rows, "wait_seconds": wait}
    data |= {"longest_chain": [], "expected_seconds": None, "expected_end": ""}
    if outlook:
        seconds = outlook.seconds + wait
        data["longest_chain"] = list(outlook.chain)
        data["expected_seconds"] = round(seconds, 1)
        data["expected_end"] = _end(seconds).isoformat(timespec="seconds")
    return data


def _end(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _print_times(rows: list[dict[str, Any]], stages: list[list[str]]) -> None:
    """Print the steps as a table: those of one stage run side by side, after those before."""
    from release_tasks.commands.durations import shown
    from release_tasks.commands.table import Row, print_table

    numbers: dict[str, str] = {}
    for number, stage in enumerate(stages, 1):
        numbers |= dict.fromkeys(stage, str(number))
    cells: list[Row] = []
    for row in rows:
        took = row["last_seconds"]
        last = shown(took) if took is not None else "-"
        cells.append((numbers[row["step"]], row["step"], last, row["purpose"]))
    terminal.show()
    print_table(("stage", "step", "last time", "purpose"), cells)


def _print_outlook(outlook: Outlook, wait: float) -> None:
    from release_tasks.commands.durations import shown

    seconds = outlook.seconds + wait
    terminal.show(f"longest chain: {' → '.join(outlook.chain)}")
    terminal.show(
        f"expected: {shown(seconds)}, until {_end(seconds):%H:%M} UTC, as last time"
    )


def _rate_limit_wait(release: Release) -> float:
    """Return how many seconds crates.io's rate limits will delay the release."""
    from release_tasks.channels import crates_io

    try:
        return crates_io.rate_limit_wait(crates_io.unpublished(release))
    except ReleaseError as error:  # the plan shows the same error at the step that needs crates.io
        terminal.say(str(error.message))
        return 0.0


def _print(rows: list[dict[str, Any]], seconds: float) -> None:
    for row in rows:
        terminal.show(row["step"])
        for text in row["notes"]:
            _print_indented(text)
        for line in row["commands"]:
            terminal.show(f"  $ {line}")
        if row["problem"]:
            _print_indented(f"problem: {row['problem']}")
    if seconds:
        terminal.show(
            f"crates.io's rate limits will delay this release by {seconds / 60:.0f} minutes"
        )


def _print_indented(text: str) -> None:
    terminal.show("  " + text.replace("\n", "\n  "))
