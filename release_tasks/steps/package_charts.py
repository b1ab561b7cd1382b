"""Package the charts from the commit, with their release version and dependencies."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.tasks import step

NEEDS = {"helm": "charts"}


@step
def package_charts(
    c: Context, version: str | None = None, component: str | None = None
) -> None:
    """Package the charts with their version and dependencies."""
    from release_tasks.building import charts
    from release_tasks.converge import begin

    charts.pack(c, begin(c, version, component))
