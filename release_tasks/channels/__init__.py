"""One file per place where artifacts are published; `channel.py` is what they have in common."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from release_tasks.channels.channel import Channel, PointerChannel

NAMES = ("git", "images", "charts", "pypi", "crates_io", "github")  # in the order of publication


def every() -> tuple[Channel, ...]:
    """Return every channel, in the order of publication."""
    modules = (import_module(f"{__name__}.{name}") for name in NAMES)
    return tuple(cast("Channel", module) for module in modules)


def with_pointers() -> tuple[PointerChannel, ...]:
    """Return the channels that have pointers."""
    modules = (channel for channel in every() if hasattr(channel, "pointers"))
    return tuple(cast("PointerChannel", module) for module in modules)
