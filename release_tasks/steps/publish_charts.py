"""Push the charts: after the images that they refer to."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.tasks import step

NEEDS = {"helm": "charts"}


@step
def publish_charts(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    new: str | None = None,
) -> None:
    """Push the charts that are not in their registry."""
    from release_tasks.channels import charts
    from release_tasks.converge import begin, converge

    converge(c, begin(c, version, component), charts, new)
