"""Charts are packed from the commit, with the version and dependencies they are released with."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.steps import step

NEEDS = {"helm": "charts"}


@step
def package_charts(c: Context, version: str | None = None, component: str | None = None) -> None:
    """Pack the charts with their version and dependencies."""
    from release_tasks.building import charts
    from release_tasks.converge import begin

    charts.pack(c, begin(c, version, component))
