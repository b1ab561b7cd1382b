"""Pack the crates that are not on crates.io, and compile each from its archive."""

from __future__ import annotations

from invoke.context import Context

from release_tasks import shell
from release_tasks.tasks import step

NEEDS = {"cargo": "crates"}


@step
def package_crates(
    c: Context, version: str | None = None, component: str | None = None
) -> None:
    """Pack the missing crates and compile each from its archive."""
    from release_tasks import terminal
    from release_tasks.building import crates
    from release_tasks.channels import crates_io
    from release_tasks.converge import begin, to_build
    from release_tasks.project.kinds import FileKind

    release = begin(c, version, component)
    missing = to_build(release, crates_io, FileKind.CRATE)
    if missing:
        with shell.limited(release.project.settings.build.minutes):
            crates.build(c, release, missing, crates_io.unpublished(release))
    elif crates_io.expected(release):
        terminal.say("nothing to do, every crate is in dist/ or on crates.io")
    else:
        terminal.say("no crates to publish")
