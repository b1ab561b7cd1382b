"""What `release` would do now: the order, run dry, each step's commands collected."""

from __future__ import annotations

import json
from contextvars import copy_context
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit

from release_tasks import order, terminal
from release_tasks.commands import command
from release_tasks.errors import ReleaseError
from release_tasks.memo import memoizing
from release_tasks.order import Step


@command
def plan(
    c: Context,
    version: str = "",
    component: str | None = None,
    new: str | None = None,
    json: bool = False,
) -> None:
    """Show what release would run now, and what it would skip."""
    from release_tasks.channels import crates_io
    from release_tasks.project.version_levels import resolve
    from release_tasks.release import Release

    given = {"version": resolve(version, component), "component": component, "new": new or "all"}
    dry = Context(c.config.clone())
    dry.config.run.dry = True
    with memoizing():
        release = Release.at(
            dry, given["version"], component
        )  # what no step can do without is said once
        rows = [copy_context().run(_step, dry, step, given) for step in order.steps(order.of(c))]
    try:
        waits = crates_io.rate_limit_wait(crates_io.unpublished(release))
    except ReleaseError as error:  # a step that needs crates.io has told more of it
        terminal.say(str(error.message))
        waits = 0.0
    if release.project.left_out:
        terminal.say(
            f"not released, as no component names it: {', '.join(release.project.left_out)}"
        )
    _show(rows, waits, json)
    if any(row["problem"] for row in rows):
        raise Exit(code=1)


def _step(c: Context, step: Step, given: dict[str, str | None]) -> dict[str, Any]:
    collected: list[str] = []
    terminal.collected.set(collected)
    problem = ""
    try:
        order.run(step, c, given)
    except ReleaseError as error:
        problem = str(error.message)
    commands = [text[2:] for text in collected if text.startswith("$ ")]
    notes = [text for text in collected if not text.startswith("$ ")]
    return {"step": order.name(step), "commands": commands, "notes": notes, "problem": problem}


def _show(rows: list[dict[str, Any]], waits: float, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"steps": rows, "wait_seconds": waits}, indent=2))
        return
    for row in rows:
        print(row["step"])
        for text in row["notes"]:
            print("  " + text.replace("\n", "\n  "))
        for line in row["commands"]:
            print(f"  $ {line}")
        if row["problem"]:
            print("  problem: " + row["problem"].replace("\n", "\n  "))
    if waits:
        print(f"crates.io's rate limits will make this release wait {waits / 60:.0f} minutes")
