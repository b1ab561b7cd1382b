"""A finished version promoted: a second tag on its commit and a GitHub release, nothing built again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.context import Context

from release_tasks import terminal
from release_tasks.commands import command
from release_tasks.errors import ReleaseError, raise_all, shorten

if TYPE_CHECKING:
    from release_tasks.release import ComponentRelease, Release


@command
def promote(c: Context, version: str | None = None, component: str | None = None) -> None:
    """Make the GitHub release of a finished version, as -stable."""
    from release_tasks import converge
    from release_tasks.commands.status import read
    from release_tasks.release import Release

    release = Release.at(c, version, component)
    if not all(part.component.promotes for part in release.parts):
        raise ReleaseError(
            "gh-release makes the GitHub release, as the settings are",
            '[github]\nrelease = "promote"',
        )
    report = read(release)
    raise_all(report.problems)
    open_ones = [
        f"{one.artifact.name} on {one.artifact.channel}"
        for one in report.artifacts
        if one.state not in converge.DONE
    ]
    if open_ones:
        raise ReleaseError(
            f"{release.title} is not finished: {shorten(open_ones)}",
            f"inv release --version {release.request}",
        )
    for part in release.parts:
        _promote(c, release, part)


def _promote(c: Context, release: Release, part: ComponentRelease) -> None:
    from release_tasks.channels import github_assets
    from release_tasks.project.tags import PROMOTED
    from release_tasks.tools import gh, git

    name = part.tag + PROMOTED
    there = git.remote_tag(release.checkout, name)
    if there not in (None, release.commit):
        raise ReleaseError(
            f"{name} is at {str(there)[:7]} on origin, {part.tag} at {release.commit[:7]}",
            "promote the next version",
        )
    if there is None:
        git.create_tag(c, release.checkout, name, f"Release {name}", release.commit)
        git.push(c, release.checkout, f"refs/tags/{name}")
    page = gh.page(release.project.github_repository, name)
    if page is None:
        github_assets.create(
            c, release, part, name, *(() if part.component.latest else ("--latest=false",))
        )
    elif page.is_draft:
        gh.publish(c, release.project.github_repository, name, False)
    else:
        terminal.say(f"nothing to do, {name} is public")
