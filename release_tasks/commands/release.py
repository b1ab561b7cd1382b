"""The whole release: every step of the order; a second run does only what is missing."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from invoke.context import Context

from release_tasks import order, shell, terminal
from release_tasks.display import amount
from release_tasks.errors import ReleaseError, collect, raise_all
from release_tasks.order import Order, Step
from release_tasks.tasks import command, command_line

WIDTH = 40  # columns of the bar of the whole release
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
    publishes: str | None = None,
) -> None:
    """Release a version; run it again to resume."""
    from release_tasks.project.version_levels import resolve

    wanted = resolve(version, component)
    arguments = {
        "version": wanted,
        "component": component,
        "new": new,
        "sign_off": sign_off,
        "publishes": publishes,
    }
    carry_out(c, arguments)


def carry_out(c: Context, arguments: Arguments) -> None:
    """Run every step for these options of `inv release`, and say what is public then."""
    from release_tasks.commands import on_actions

    is_left = on_actions.is_left_to_actions(
        arguments.get("publishes"), arguments["new"]
    )
    stages = order.of(c)
    if is_left:
        stages = on_actions.until_pushed(stages)
    timeline: Timeline = []
    try:
        try:
            _run(c, stages, arguments, is_left, timeline)
        finally:
            _record(c, arguments, timeline)
        if is_left:
            version, component = arguments["version"], arguments["component"]
            on_actions.follow(c, version, component)
    except KeyboardInterrupt:
        shell.end_children()
        line = command_line("release", arguments)
        fix = f"run `{line}` to resume"
        raise ReleaseError("interrupted", fix, code=130) from None
    if not amount.is_live() and not amount.is_ci():
        show(timeline)  # elsewhere each step has said how long it took
    terminal.show_remembered()
    if not shell.is_dry(c):
        _write(c, arguments, timeline)
        _write_report(c, arguments, timeline)
        if not amount.is_rehearsal():  # which has a last sentence of its own
            _say_released(c, arguments)


def show(timeline: Timeline) -> None:
    """Print how long each step took, with a bar for each."""
    total = max((timing.end for timing in timeline), default=0.0) or 1.0
    for name, start, end in timeline:
        offset = round(start / total * WIDTH)
        length = max(1, round((end - start) / total * WIDTH))
        bar = " " * offset + "█" * length
        terminal.say(f"{name:<16} {bar:<{WIDTH + 1}}{end - start:6.1f} s")


def _write_report(c: Context, arguments: Arguments, timeline: Timeline) -> None:
    """Write dist/<tag>/report.html and report.md, and the summary of a job on GitHub."""
    from release_tasks.commands import report, status
    from release_tasks.release import Release

    release = Release.at(c, arguments["version"], arguments["component"])
    folder = release.parts[0].dist
    seconds = max(timing.end for timing in timeline)
    page = report.ReportData(
        release.title,
        f"Released in {seconds:.0f} s.",
        status.read(release).data(),
        [timing._asdict() for timing in timeline],
        report.stages(c),
        findings=report.read_findings(folder / "logs"),
        sizes=report.read_sizes(folder),
        logs=report.read_logs(folder / "logs"),
    )
    report.write(page, folder / "report.html")
    report.write(page, folder / "report.md")
    report.add_to_summary(page)


def _say_released(c: Context, arguments: Arguments) -> None:
    """Print what is public now, and its page on GitHub where it has one."""
    from release_tasks.channels import github
    from release_tasks.release import Release

    release = Release.at(c, arguments["version"], arguments["component"])
    terminal.say(f"released {release.title}")
    for part in release.parts:
        if page := github.web_page(release, part):
            terminal.say(page)


def _run(
    c: Context,
    stages: Order,
    arguments: Arguments,
    is_left: bool,
    timeline: Timeline,
) -> None:
    """Run stage by stage, and add to the timeline when each step ran.

    With `is_left`, jobs on GitHub Actions publish, and need no token of this machine.
    """
    from release_tasks import dist
    from release_tasks.release import Release

    _keep_logs(c, arguments)
    given: dict[str, str | bool | None] = dict(arguments)
    if is_left:
        given["trusted_publishing"] = True
    for number, stage in enumerate(stages):
        # the first stage changes nothing
        if number == 1 and not shell.is_dry(c):
            dist.lock(
                Release.at(c, arguments["version"], arguments["component"])
            )
        with terminal.folded(" + ".join(map(order.name, stage))):
            _run_stage(c, stage, given, timeline)


def _record(c: Context, arguments: Arguments, timeline: Timeline) -> None:
    """Keep how long the steps took, also those of a release that stopped."""
    from release_tasks.commands import durations
    from release_tasks.release import Release

    if shell.is_dry(c) or len(timeline) < 2:  # stopped before anything changed
        return
    seconds = {name: end - start for name, start, end in timeline}
    with suppress(ReleaseError):
        version, component = arguments["version"], arguments["component"]
        durations.record(Release.at(c, version, component), seconds)


def _keep_logs(c: Context, arguments: Arguments) -> None:
    """Begin the logs; what stops a release here is an error of its first step."""
    from release_tasks import dist
    from release_tasks.release import Release

    if shell.is_dry(c):
        return
    with suppress(ReleaseError):
        version, component = arguments["version"], arguments["component"]
        dist.keep_logs(Release.at(c, version, component))


def _run_stage(
    c: Context,
    stage: tuple[Step, ...],
    arguments: Mapping[str, str | bool | None],
    timeline: Timeline,
) -> None:
    """Run the steps of a stage side by side, and raise the errors of all of them."""
    from release_tasks.http import get_many

    def run(step: Step) -> list[ReleaseError]:
        return collect(lambda: _run_step(c, step, arguments, timeline))

    raise_all(error for errors in get_many(run, stage) for error in errors)


def _run_step(
    c: Context,
    step: Step,
    arguments: Mapping[str, str | bool | None],
    timeline: Timeline,
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
