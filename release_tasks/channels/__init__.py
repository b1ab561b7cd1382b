"""One file per place where artifacts are published: what should be there, what is, put it there."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from release_tasks.channels.channel import Channel, Moving

NAMES = ("git", "images", "charts", "pypi", "crates_io", "github")  # in the order of publication


def every() -> tuple[Channel, ...]:
    """Return every channel, in the order in which a release reaches them."""
    return tuple(cast("Channel", import_module(f"{__name__}.{name}")) for name in NAMES)


def moving() -> tuple[Moving, ...]:
    """Return the channels that have moving references."""
    return tuple(cast("Moving", channel) for channel in every() if hasattr(channel, "pointers"))
