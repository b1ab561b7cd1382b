"""The whole release: every step of the order, again and again the same way."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from invoke.context import Context

from release_tasks import order, shell, terminal
from release_tasks.commands import command
from release_tasks.errors import ReleaseError, collect, raise_all
from release_tasks.order import Step

Timeline = list[tuple[str, float, float]]  # step, start and end in seconds since the release began


@command
def release(
    c: Context,
    version: str = "",
    component: str | None = None,
    new: str | None = None,
    sign_off: str | None = None,
) -> None:
    """Release a version; the same line again resumes."""
    from release_tasks import dist
    from release_tasks.memo import memoizing
    from release_tasks.project.version_levels import resolve
    from release_tasks.release import Release

    wanted = resolve(version, component)
    timeline: Timeline = []
    try:
        with memoizing():
            for number, stage in enumerate(order.of(c)):
                if number == 1 and not shell.is_dry(c):  # from here on the tree changes, too
                    dist.lock(Release.at(c, wanted, component))
                with _group(" + ".join(map(order.name, stage))):
                    _run_stage(
                        c,
                        stage,
                        {
                            "version": wanted,
                            "component": component,
                            "new": new,
                            "sign_off": sign_off,
                        },
                        timeline,
                    )
    except KeyboardInterrupt:
        shell.end_children()
        raise ReleaseError(
            "interrupted", f"inv release --version {wanted} goes on from here", code=130
        ) from None
    show(timeline)
    if not shell.is_dry(c):
        _keep(c, wanted, component, timeline)


def show(timeline: Timeline) -> None:
    """Print how long each step took, as a bar for each."""
    total = max((end for _, _, end in timeline), default=0.0) or 1.0
    for name, start, end in timeline:
        left, width = round(start / total * 40), max(1, round((end - start) / total * 40))
        terminal.say(
            f"{name:<16} {' ' * left}{'█' * width}{' ' * (41 - left - width)}{end - start:6.1f} s"
        )


@contextmanager
def _group(name: str) -> Iterator[None]:
    """Fold what a stage prints, where GitHub Actions shows it (workflow command `group`)."""
    is_folded = os.environ.get("GITHUB_ACTIONS") == "true"
    if is_folded:
        terminal.say(f"::group::{name}")
    try:
        yield
    finally:
        if is_folded:
            terminal.say("::endgroup::")


def _keep(c: Context, version: str, component: str | None, timeline: Timeline) -> None:
    """Leave the timeline in dist/, as rows of step, start and end in seconds."""
    from release_tasks import files
    from release_tasks.release import Release

    rows = [
        {"step": name, "start": round(start, 3), "end": round(end, 3)}
        for name, start, end in timeline
    ]
    path = Release.at(c, version, component).parts[0].dist / "timeline.json"
    files.write_bytes(path, json.dumps(rows).encode())


def _run_stage(
    c: Context, stage: tuple[Step, ...], given: dict[str, str | None], timeline: Timeline
) -> None:
    from release_tasks.http import get_many

    errors = get_many(lambda step: collect(lambda: _run_step(c, step, given, timeline)), stage)
    raise_all(error for some in errors for error in some)


_BEGAN = time.monotonic()


def _run_step(c: Context, step: Step, given: dict[str, str | None], timeline: Timeline) -> None:
    name = order.name(step)
    terminal.prefix.set(name)
    start = time.monotonic() - _BEGAN
    try:
        order.run(step, c, given)
    except ReleaseError as error:
        raise ReleaseError(f"{name}: {error.problem}", error.fix, error.code or 1) from error
    finally:
        timeline.append((name, start, time.monotonic() - _BEGAN))
