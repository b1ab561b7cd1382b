"""Upload the wheels and sdists: PyPI never accepts a file name twice."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.tasks import step


@step
def publish_pypi(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    new: str | None = None,
) -> None:
    """Upload the wheels and sdists that are not on PyPI."""
    from release_tasks.channels import pypi
    from release_tasks.converge import begin, converge

    converge(c, begin(c, version, component), pypi, new)
