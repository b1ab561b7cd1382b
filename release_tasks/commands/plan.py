"""What `inv release` would do now: every step run dry, its commands collected."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit

from release_tasks import order, terminal
from release_tasks.errors import ReleaseError
from release_tasks.order import Step
from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.release import Release


@command
def plan(
    c: Context,
    version: str = "",
    component: str | None = None,
    new: str | None = None,
    json: bool = False,
) -> None:
    """Show what release would run now, and what it would skip."""
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
    seconds = _rate_limit_wait(release)
    if release.project.left_out:
        names = ", ".join(release.project.left_out)
        terminal.say(f"not released: {names}")
    if json:
        terminal.print_json({"steps": rows, "wait_seconds": seconds})
    else:
        _print(rows, seconds)
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
        "commands": commands,
        "notes": notes,
        "problem": problem,
    }


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
