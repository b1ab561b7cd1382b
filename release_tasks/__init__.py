"""Release a project's crates, wheels, binaries, images and charts under one version.

`from release_tasks import ns` is all that a project's tasks.py needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from invoke.collection import Collection

__all__ = ["after", "before", "collection", "ns", "without"]


def collection(order: Any = None) -> Collection:
    """Return the tasks of a project: every command, and the steps of `order` (default: all)."""
    from release_tasks import libraries

    libraries.import_installed()
    from release_tasks import environment, tracebacks

    environment.protect_own()
    tracebacks.hide_secrets_in_tracebacks()
    from release_tasks.commands import collection_of
    from release_tasks.order import RELEASE

    if order is None:
        order = RELEASE
    return collection_of(order)


def __getattr__(name: str) -> Any:
    """Import `ns`, `after`, `before` and `without` when they are first used (PEP 562).

    A module of this package then loads without the steps.
    """
    if name == "ns":
        return collection()
    if name in ("after", "before", "without"):
        from release_tasks import order

        return getattr(order, name)
    raise AttributeError(name)
