"""Every channel is looked at, then everything on it is fetched back; nothing hides behind a first error."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from invoke.context import Context

from release_tasks import channels, shell, terminal
from release_tasks.channels.channel import Channel
from release_tasks.checks.published import assets, charts, crates, images, python
from release_tasks.converge import OPEN, refusals, state
from release_tasks.errors import ReleaseError, collect
from release_tasks.http import get_many
from release_tasks.project.artifacts import PointerState
from release_tasks.release import Release

Fetch = Callable[[Context, Release], Iterator[ReleaseError]]
FETCHES: dict[str, Fetch] = {  # by channel; what takes longest begins first
    "pypi": python.verify,
    "crates_io": crates.verify,
    "images": images.verify,
    "charts": charts.verify,
    "github": assets.verify,
}
AT_ONCE = 2  # most of the time goes into compilers, which use every core anyway


def problems(c: Context, release: Release) -> list[ReleaseError]:
    """Return everything that a user of this release would stumble over; under `--dry` only say what is fetched."""
    every = dict(zip(channels.NAMES, channels.every(), strict=True))
    if shell.is_dry(c):
        for channel in every.values():
            _announce(release, channel)
        return []
    order = sorted(every, key=lambda name: list(FETCHES).index(name) if name in FETCHES else -1)
    jobs = [
        lambda name=name: _channel(c, release, every[name], FETCHES.get(name)) for name in order
    ]
    found = get_many(collect, (*jobs, lambda: _pointers(release)), AT_ONCE)
    return [error for some in found for error in some]


def _announce(release: Release, channel: Channel) -> None:
    for artifact in channel.expected(release):
        terminal.say(f"then {artifact.name} {artifact.version} is fetched back from {channel.NAME}")


def _channel(
    c: Context, release: Release, channel: Channel, fetch: Fetch | None
) -> Iterator[ReleaseError]:
    """Yield what is wrong on one channel; what is not there cannot be fetched, and is said once."""
    seen = state(release, channel)
    absent = [one for one in seen if one.state in OPEN]
    wrong = refusals(seen)
    for one in absent:
        what = f"{one.artifact.name} {one.artifact.version} on {channel.NAME}"
        why = f": {one.why}" if one.why else ""
        wrong.append(
            ReleaseError(
                f"{what} is {one.state}{why}",
                f"inv release --version {one.artifact.version} goes on from here",
            )
        )
    yield from wrong
    if seen and not wrong:
        terminal.say(
            f"{channel.NAME} shows {', '.join(dict.fromkeys(one.artifact.name for one in seen))}"
        )
        if fetch is not None:
            yield from fetch(c, release)


def _pointers(release: Release) -> Iterator[ReleaseError]:
    for channel in channels.with_pointers():
        for pointer in channel.pointers(release):
            if pointer.place is PointerState.BEHIND:
                there = pointer.now or "nothing"
                yield ReleaseError(
                    f"{pointer.name} on {channel.NAME} names {there}, not {pointer.target}",
                    "inv move-pointers",
                )
            elif pointer.place is PointerState.SAME:
                terminal.say(f"{pointer.name} names {pointer.target}")
            else:
                terminal.say(
                    f"{pointer.name} is left at {pointer.now or 'nothing'} ({pointer.place})"
                )
