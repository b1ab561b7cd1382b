"""Download, install and run everything that was published."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.tasks import step

NEEDS = {"cargo": "crates", "helm": "charts"}


@step
def verify(
    c: Context, version: str | None = None, component: str | None = None
) -> None:
    """Download, install and run everything that was published."""
    from release_tasks.checks.published import all
    from release_tasks.converge import begin
    from release_tasks.errors import raise_problems

    raise_problems(all.problems(c, begin(c, version, component)))
