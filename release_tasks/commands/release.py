"""The whole release: every step of the order; a second run does only what is missing."""

from __future__ import annotations

import json
import time
from typing import NamedTuple

from invoke.context import Context

from release_tasks import order, shell, terminal
from release_tasks.errors import ReleaseError, collect, raise_all
from release_tasks.order import Step
from release_tasks.printable import word
from release_tasks.tasks import command

_BEGAN = time.monotonic()


class Timing(NamedTuple):
    """When a step ran, in seconds since the release began."""

    step: str
    start: float
    end: float


Timeline = list[Timing]
Arguments = dict[str, str | None]


@command
def release(
    c: Context,
    version: str = "",
    component: str | None = None,
    new: str | None = None,
    sign_off: str | None = None,
) -> None:
    """Release a version; run it again to resume."""
    from release_tasks.project.version_levels import resolve

    wanted = resolve(version, component)
    arguments = {
        "version": wanted,
        "component": component,
        "new": new,
        "sign_off": sign_off,
    }
    try:
        timeline = _run(c, arguments)
    except KeyboardInterrupt:
        shell.end_children()
        options = f" --component {word(component)}" if component else ""
        fix = f"run `inv release --version {wanted}{options}` to resume"
        raise ReleaseError("interrupted", fix, code=130) from None
    terminal.show_remembered()
    if not shell.is_dry(c):
        _write(c, arguments, timeline)
        _say_released(c, arguments)


def _say_released(c: Context, arguments: Arguments) -> None:
    """Print what is public now, and its page on GitHub where it has one."""
    from release_tasks.channels import github
    from release_tasks.release import Release

    release = Release.at(c, arguments["version"], arguments["component"])
    terminal.say(f"released {release.title}")
    for part in release.parts:
        if page := github.web_page(release, part):
            terminal.say(page)


def _run(c: Context, arguments: Arguments) -> Timeline:
    """Run the order stage by stage, and return when each step ran."""
    from release_tasks import dist
    from release_tasks.release import Release

    timeline: Timeline = []
    for number, stage in enumerate(order.of(c)):
        if number == 1 and not shell.is_dry(
            c
        ):  # the first stage changes nothing
            dist.lock(
                Release.at(c, arguments["version"], arguments["component"])
            )
        with terminal.folded(" + ".join(map(order.name, stage))):
            _run_stage(c, stage, arguments, timeline)
    return timeline


def _run_stage(
    c: Context,
    stage: tuple[Step, ...],
    arguments: Arguments,
    timeline: Timeline,
) -> None:
    """Run the steps of a stage side by side, and raise the errors of all of them."""
    from release_tasks.http import get_many

    def run(step: Step) -> list[ReleaseError]:
        return collect(lambda: _run_step(c, step, arguments, timeline))

    raise_all(error for errors in get_many(run, stage) for error in errors)


def _run_step(
    c: Context, step: Step, arguments: Arguments, timeline: Timeline
) -> None:
    name = order.name(step)
    start = time.monotonic() - _BEGAN
    try:
        with terminal.running(name):
            order.run(step, c, arguments)
    except ReleaseError as error:
        raise error.in_step(name) from error
    finally:
        timeline.append(Timing(name, start, time.monotonic() - _BEGAN))


def _write(c: Context, arguments: Arguments, timeline: Timeline) -> None:
    """Write dist/<tag>/timeline.json: step, start and end in seconds."""
    from release_tasks import files
    from release_tasks.release import Release

    rows = []
    for name, start, end in timeline:
        rows.append(
            {"step": name, "start": round(start, 3), "end": round(end, 3)}
        )
    part = Release.at(c, arguments["version"], arguments["component"]).parts[0]
    files.write_bytes(part.dist / "timeline.json", json.dumps(rows).encode())
