"""Promote a finished version: a second tag and a GitHub release; nothing is rebuilt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.context import Context

from release_tasks import shell, terminal
from release_tasks.errors import ReleaseError, shorten
from release_tasks.tasks import command
from release_tasks.tools.git import origin

if TYPE_CHECKING:
    from release_tasks.release import ComponentRelease, Release


@command
def promote(
    c: Context, version: str | None = None, component: str | None = None
) -> None:
    """Tag a finished version as stable and release it on GitHub."""
    from release_tasks.release import Release

    release = Release.at(c, version, component)
    if not all(part.component.promotes for part in release.parts):
        raise ReleaseError(
            '`inv promote` needs `[github] release = "promote"`; '
            "without it, gh-release makes the GitHub release",
            "for the next version, add to release-tasks.toml:\n"
            '[github]\nrelease = "promote"',
        )
    _require_finished(release)
    for part in release.parts:
        _promote(c, release, part)


def _require_finished(release: Release) -> None:
    from release_tasks.commands.status import unfinished

    names = [
        f"{seen.artifact.name} on {seen.artifact.channel}"
        for seen in unfinished(release)
    ]
    if names:
        raise ReleaseError(
            f"{release.title} is not finished: {shorten(names)}",
            f"inv release --version {release.request}",
        )


def _promote(c: Context, release: Release, part: ComponentRelease) -> None:
    from release_tasks.channels import github_assets
    from release_tasks.project.tags import PROMOTED
    from release_tasks.tools import gh

    name = part.tag + PROMOTED
    _push_tag(c, release, part, name)
    repository = release.project.github_repository
    page = gh.page(repository, name)
    if page is None:
        options = [] if part.component.latest else ["--latest=false"]
        github_assets.create(c, release, part, name, *options)
    elif page.is_draft:
        gh.publish(c, repository, name, False)
    else:
        terminal.say(f"nothing to do, {name} is public")
        return
    if not shell.is_dry(c):
        terminal.say(f"{release.title} is promoted: {name} is public on GitHub")


def _push_tag(
    c: Context, release: Release, part: ComponentRelease, name: str
) -> None:
    """Create the tag on the release's commit and push it, unless origin has it there."""
    from release_tasks.tools import git

    commit = origin.tag(release.checkout, name)
    if commit == release.commit:
        return
    if commit is not None:
        raise ReleaseError(
            f"{name} is at {commit[:7]} on origin, {part.tag} at {release.commit[:7]}",
            "promote the next version",
        )
    git.create_tag(c, release.checkout, name, f"Release {name}", release.commit)
    origin.push(c, release.checkout, f"refs/tags/{name}")
