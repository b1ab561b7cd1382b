"""Commit the bump, and tag exactly that commit."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from release_tasks.tasks import step


@step
def tag(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    parse: str | None = None,
) -> None:
    """Commit what bump changed and tag that commit."""
    from release_tasks import dist, shell, terminal
    from release_tasks.bumping.commit import commit_and_tag
    from release_tasks.checks.preflight import passed_gates
    from release_tasks.project import tags
    from release_tasks.project.discovery import discover
    from release_tasks.release import Release
    from release_tasks.tools import git

    if parse is not None:
        project = discover(git.top(Path.cwd()))
        terminal.print_json(tags.describe(project, parse), indent=None)
        return
    release = Release.at(c, version, component)
    if release.is_tagged:
        names = ", ".join(part.tag for part in release.parts)
        terminal.say(f"nothing to do, {names} is at {release.commit[:7]}")
        return
    if not shell.is_dry(c):
        dist.keep_logs(release)
    commit_and_tag(c, release)
    if not shell.is_dry(c):
        passed_gates.carry_over(release)
