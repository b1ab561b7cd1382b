"""Pointers: back to the version before, and forward again."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from release_tasks.channels import github, images
from release_tasks.channels.channel import PointerChannel
from release_tasks.project.artifacts import Pointer, PointerState
from release_tasks.project.model import Unresolved
from release_tasks.rollback.actions import Action, Progress, Request
from release_tasks.rollback.previous import is_yanked

CHANNELS: dict[str, PointerChannel] = {
    github.NAME: github,
    images.NAME: images,
}


def back(request: Request) -> list[Action]:
    """Return what is to do with each pointer that names this version."""
    release = request.release
    yanked = partial(is_yanked, release)
    found = github.pointers_back(release, yanked)
    with suppress(Unresolved):  # images of which none was ever published
        found += images.pointers_back(release, yanked)
    return [_moved(request, pointer) for pointer in found]


def forward(request: Request) -> list[Action]:
    """Return what is to do with each pointer that a release would point here."""
    behind = [
        pointer
        for pointer in request.pointers
        if pointer.place is PointerState.BEHIND
    ]
    return [_moved(request, pointer) for pointer in behind]


def _moved(request: Request, pointer: Pointer) -> Action:
    if not pointer.target:
        return Action(
            pointer.channel,
            f"→ {pointer.name}",
            f"stays at {pointer.now}",
            Progress.STAYS,
            "there is no other version to point to",
        )
    channel = CHANNELS[pointer.channel]
    return Action(
        pointer.channel,
        f"→ {pointer.name}",
        f"point to {pointer.target}",
        Progress.TO_DO,
        f"now at {pointer.now or 'nothing'}",
        lambda c: channel.move(c, request.release, pointer),
    )
