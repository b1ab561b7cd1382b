"""Every problem at once, before anything changes."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.steps import step

NEEDS = {"cargo": "rust"}


@step
def check(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    new: str | None = None,
    fast: bool = False,
    json: bool = False,
) -> None:
    """Find everything that would break the release."""
    from gc import freeze

    from release_tasks.memo import memoizing, prefetch
    from release_tasks.release import Release

    with memoizing():
        prefetch(
            Release.at, c, version, component
        )  # it waits for programs, and the next lines for Python
        from release_tasks.checks import report
        from release_tasks.checks.check import CheckContext
        from release_tasks.checks.preflight.all import findings

        release = Release.at(c, version, component)
        found = findings(CheckContext(c, release, new), fast)
        freeze()  # Python would look through all that was read of every crate three times more before it ends
        report.show(found, release.title, json)
