"""Build the wheels and sdists from the commit, for every target."""

from __future__ import annotations

from invoke.context import Context

from release_tasks import shell
from release_tasks.tasks import step


@step
def build_wheels(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    target: str | None = None,
) -> None:
    """Build the wheels and the sdist of each Python package."""
    from release_tasks.building import wheels
    from release_tasks.checks.artifacts.all import check_built
    from release_tasks.converge import begin
    from release_tasks.project.kinds import FileKind

    release = begin(c, version, component)
    with shell.limited(release.project.settings.build.minutes):
        wheels.build(c, release, target)
    check_built(c, release, FileKind.WHEEL, FileKind.SDIST)
