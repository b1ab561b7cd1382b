"""Compile the binaries from the commit, for every target."""

from __future__ import annotations

from invoke.context import Context

from release_tasks import shell
from release_tasks.tasks import step

NEEDS = {"cargo": "binaries"}


@step
def build_binaries(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    target: str | None = None,
) -> None:
    """Compile the binaries for every target, or for --target."""
    from release_tasks.building import binaries
    from release_tasks.checks.artifacts.all import check_built
    from release_tasks.converge import begin
    from release_tasks.project.kinds import FileKind

    release = begin(c, version, component)
    with shell.limited(release.project.settings.build.minutes):
        binaries.build(c, release, target)
    check_built(c, release, FileKind.BINARY)
