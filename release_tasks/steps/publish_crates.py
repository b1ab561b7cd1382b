"""Upload the crates: they can be yanked, but never deleted."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.tasks import step

NEEDS = {"cargo": "crates"}


@step
def publish_crates(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    new: str | None = None,
) -> None:
    """Upload the missing crates, each after its dependencies."""
    from release_tasks.channels import crates_io
    from release_tasks.converge import begin, converge

    converge(c, begin(c, version, component), crates_io, new)
