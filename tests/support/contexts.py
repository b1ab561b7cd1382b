"""invoke's context, as a step of a release gets it."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.order import RELEASE


def context(dry: bool = False) -> Context:
    """Return the context of `inv`, or of `inv --dry`."""
    c = Context()
    c.config.run.dry = dry
    c.config.release_tasks = {"order": RELEASE}
    return c
