"""The registries: every version free, or ours; every name known, or confirmed; every credential there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from release_tasks import channels, converge
from release_tasks.errors import ReleaseError, collect
from release_tasks.http import get_many
from release_tasks.project.model import Seen, State, known
from release_tasks.release import Release
from release_tasks.tools import cargo


def look(release: Release, new: str | None) -> Iterator[ReleaseError]:
    """Yield what a registry has that is not ours, cannot be mended, is unknown to it, or refused by it."""
    if not release.is_tagged:
        yield from collect(partial(_unfit, release))
    every = channels.every()
    for channel, seen in zip(every, get_many(lambda one: _read(release, one), every), strict=True):
        if isinstance(seen, ReleaseError):
            yield seen
            continue
        yield from converge.refusals(seen)
        if not release.is_tagged:
            yield from _strangers(seen)
        missing = tuple(one.artifact for one in seen if one.state in converge.OPEN)
        if missing:  # a registry that fails at one question must not hide the others
            yield from collect(partial(converge.questions, channel, missing, new))
            yield from collect(partial(channel.credentials, release))


def _unfit(release: Release) -> Iterator[ReleaseError]:
    crates = [crate for part in release.parts for crate in known(part.component.crates)]
    lacks = cargo.unfit(release.tree) if crates else {}
    for crate in crates:
        if crate.name in lacks:
            path = (crate.folder / "Cargo.toml").relative_to(release.tree)
            fix = f"add it to [package], or say publish = false where {crate.name} is for this repository only"
            yield ReleaseError(f"{path} has no {lacks[crate.name]}, and crates.io demands it", fix)


def _read(release: Release, channel: converge.Channel) -> list[Seen] | ReleaseError:
    try:
        return converge.look(release, channel)
    except ReleaseError as error:
        return error


def _strangers(seen: list[Seen]) -> Iterator[ReleaseError]:
    for one in seen:
        if one.state in (State.SAME, State.PRESENT):
            a = one.artifact
            yield ReleaseError(
                f"{a.name} {a.version} is on {a.channel} already, and no tag says from which commit",
                f"choose a version after {a.version}",
            )
