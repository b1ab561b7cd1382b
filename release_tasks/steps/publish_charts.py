"""Charts are published after the images that they name."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.steps import step

NEEDS = {"helm": "charts"}


@step
def publish_charts(
    c: Context, version: str | None = None, component: str | None = None, new: str | None = None
) -> None:
    """Push the charts that their registries lack."""
    from release_tasks.channels import charts
    from release_tasks.converge import begin, converge

    converge(c, begin(c, version, component), charts, new)
