"""Push the release: the first public act."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.tasks import step


@step
def push(
    c: Context, version: str | None = None, component: str | None = None
) -> None:
    """Push the release commit to its branch, then the tags."""
    from release_tasks.channels import git
    from release_tasks.converge import begin, converge

    converge(c, begin(c, version, component), git)
