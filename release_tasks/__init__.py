"""Release tasks: `from release_tasks import ns` is all that a project's tasks.py needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from invoke.collection import Collection

__all__ = ["after", "before", "collection", "ns", "without"]


def collection(order: Any = None) -> Collection:
    """Return the tasks of a project: every command, and every step of `order` (default: RELEASE)."""
    from release_tasks.commands import collection_of
    from release_tasks.order import RELEASE

    return collection_of(RELEASE if order is None else order)


def __getattr__(name: str) -> Any:
    """Make `ns` and the functions of `order` when they are asked for, so that parts import alone."""
    if name == "ns":
        return collection()
    if name in ("after", "before", "without"):
        from release_tasks import order

        return getattr(order, name)
    raise AttributeError(name)
