"""One file per place where artifacts are published; `channel.py` is what they have in common."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from release_tasks.errors import Problem
from release_tasks.printable import word
from release_tasks.project.kinds import KINDS

if TYPE_CHECKING:
    from release_tasks.channels.channel import Channel, PointerChannel
    from release_tasks.project.artifacts import Pointer

# In the order of publication: the tags are pushed first.
NAMES = ("git", *dict.fromkeys(kind.channel for kind in KINDS))


def every() -> tuple[Channel, ...]:
    """Return every channel, in the order of publication."""
    return tuple(map(load, NAMES))


def load(name: str) -> Channel:
    """Return a channel by the name of its module."""
    return cast("Channel", import_module(f"{__name__}.{name}"))


def with_pointers() -> tuple[PointerChannel, ...]:
    """Return the channels that have pointers."""
    modules = (channel for channel in every() if hasattr(channel, "pointers"))
    return tuple(cast("PointerChannel", module) for module in modules)


def foreign_pointer(pointer: Pointer) -> Problem:
    """Return that a pointer names no version of this project, and the command that moves it."""
    command = f"gh release edit {word(pointer.target)} --latest"
    if pointer.channel == "images":
        reference = pointer.name.rpartition(":")[0]
        command = (
            f"docker buildx imagetools create --tag {word(pointer.name)} "
            f"{reference}:{pointer.target}"
        )
    return Problem(
        f"{pointer.name} stays at {pointer.now}, which is not a version of this project",
        f"if it is to be {pointer.target}, run when that is published: {command}",
    )
