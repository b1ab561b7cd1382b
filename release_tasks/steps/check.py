"""Every problem at once, before anything changes."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.steps import step

NEEDS = {"cargo": "rust"}


@step
def check(c: Context, version: str | None = None, component: str | None = None, new: str | None = None) -> None:
    """Find everything that would break the release."""
    from release_tasks.errors import raise_all
    from release_tasks.findings.all import problems
    from release_tasks.release import Release

    raise_all(problems(c, Release.at(c, version, component), new))
