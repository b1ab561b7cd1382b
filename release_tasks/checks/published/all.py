"""Look at every channel, then use everything on it; no error hides another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from invoke.context import Context

from release_tasks import channels, shell, terminal
from release_tasks.channels.channel import Channel
from release_tasks.checks.published import (
    assets,
    charts,
    crates,
    images,
    installers,
    python,
)
from release_tasks.converge import OPEN, name_and_version, refusals, state
from release_tasks.errors import Problem, collect_problems, problems_of
from release_tasks.http import get_many
from release_tasks.project.artifacts import (
    ArtifactStatus,
    Pointer,
    PointerState,
)
from release_tasks.release import Release

Verify = Callable[[Context, Release], Iterator[Problem]]
VERIFY: dict[str, Verify] = {  # by channel; what takes longest starts first
    "pypi": python.verify,
    "crates_io": crates.verify,
    "images": images.verify,
    "charts": charts.verify,
    "github": assets.verify,
}
HERE: dict[str, Verify] = {  # what differs by machine
    "pypi": python.verify_wheels,
    "github": assets.verify,
}
AT_ONCE = 2  # most of the time goes into compilers, which use every core


def problems(c: Context, release: Release) -> list[Problem]:
    """Return what a user of this release would run into; with `--dry` only print what is used."""
    every = dict(zip(channels.NAMES, channels.every(), strict=True))
    if shell.is_dry(c):
        for channel in every.values():
            _announce(release, channel)
        installers.announce(release)
        return []
    # git needs no time, and comes first
    order = [*(name for name in every if name not in VERIFY), *VERIFY]
    looks = [
        partial(_channel, c, release, every[name], VERIFY.get(name))
        for name in order
    ]
    looks.append(partial(_pointers, release))
    looks.append(partial(installers.verify, c, release))
    found: list[Problem] = []
    for part in get_many(collect_problems, looks, AT_ONCE):
        found += part
    return found


def problems_here(c: Context, release: Release) -> list[Problem]:
    """Return what a user of this machine would run into with wheels and programs.

    Everything else is the same everywhere, and what is compiled is for any machine or none.
    """
    every = dict(zip(channels.NAMES, channels.every(), strict=True))
    found: list[Problem] = []
    for name, verify in HERE.items():
        if shell.is_dry(c):
            _announce(release, every[name])
        else:
            found += collect_problems(
                partial(_channel, c, release, every[name], verify)
            )
    return found


def _announce(release: Release, channel: Channel) -> None:
    for artifact in channel.expected(release):
        terminal.say(
            f"would verify {artifact.name} {artifact.version} on {channel.NAME}"
        )


def _channel(
    c: Context, release: Release, channel: Channel, verify: Verify | None
) -> Iterator[Problem]:
    """Yield what is wrong on one channel; it is used only if everything is there."""
    statuses = state(release, channel)
    wrong = problems_of(refusals(statuses))
    wrong += [
        _absent(release, channel, status)
        for status in statuses
        if status.state in OPEN
    ]
    yield from wrong
    if statuses and not wrong:
        names = dict.fromkeys(status.artifact.name for status in statuses)
        terminal.say(f"{channel.NAME} has {', '.join(names)}")
        if verify is not None:
            yield from verify(c, release)


def _absent(
    release: Release, channel: Channel, status: ArtifactStatus
) -> Problem:
    name = name_and_version(status.artifact)
    fact = f"{name} on {channel.NAME} is {status.state}"
    if status.why:
        fact += f": {status.why}"
    return Problem(fact, _publish(release))


def _publish(release: Release) -> str:
    return f"inv release --version {release.request} publishes what is missing"


def _pointers(release: Release) -> Iterator[Problem]:
    for channel in channels.with_pointers():
        for pointer in channel.pointers(release):
            if pointer.place is PointerState.BEHIND:
                fact = _pointer_text(channel, pointer)
                yield Problem(fact, _move(release, channel))
            elif pointer.place is PointerState.SAME:
                terminal.say(f"{pointer.name} points to {pointer.target}")
            else:
                now = pointer.now or "nothing"
                terminal.say(f"{pointer.name} stays at {now} ({pointer.place})")


def _move(release: Release, channel: Channel) -> str:
    """Return what moves a pointer: the whole release, where the pointer has no target yet."""
    states = [status.state for status in state(release, channel)]
    if any(one in OPEN for one in states):
        return _publish(release)
    return "inv move-pointers"


def _pointer_text(channel: Channel, pointer: Pointer) -> str:
    fact = f"{pointer.name} on {channel.NAME} does not exist"
    if pointer.now:
        fact = f"{pointer.name} on {channel.NAME} points to {pointer.now}"
    return f"{fact}, expected {pointer.target}"
