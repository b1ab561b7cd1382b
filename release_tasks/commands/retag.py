"""A tag of origin on another commit, as long as nothing of it is public."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.context import Context

from release_tasks import shell, terminal
from release_tasks.commands import command
from release_tasks.errors import ReleaseError, raise_all, shorten

if TYPE_CHECKING:
    from release_tasks.release import Release


@command
def retag(c: Context, version: str | None = None, component: str | None = None) -> None:
    """Move a public tag to HEAD, while nothing else is public."""
    from release_tasks.bumping import bump
    from release_tasks.bumping.commit import commit_and_tag
    from release_tasks.channels import git
    from release_tasks.checks.check import CheckContext, problems
    from release_tasks.checks.preflight import repository
    from release_tasks.release import Release
    from release_tasks.versions.requests import next_version

    old, new = Release.at(c, version, component), Release.at_head(c, version, component)
    raise_all(problems(CheckContext(c, new), repository))
    if old.is_tagged and old.commit == new.commit and not bump.unwritten(new):
        terminal.say(f"nothing to do, {old.parts[0].tag} is at {old.commit[:7]}, which is HEAD")
        return
    if public := _public(old):
        following = [
            (part.component.name, next_version(part.version, "patch")) for part in old.parts
        ]
        wanted = (
            ",".join(map("=".join, following)) if old.project.components[1:] else following[0][1]
        )
        fix = f"inv release --version {wanted}; crates.io and PyPI delete no version, they can only yank it"
        raise ReleaseError(
            f"{old.parts[0].tag} cannot move, this is public: {shorten(public)}", fix
        )
    _take_back(c, old)
    bump.write(c, new)
    commit_and_tag(c, new)
    made = new if shell.is_dry(c) else Release.at(c, new.request)
    git.publish(c, made, git.expected(made))


def _public(release: Release) -> list[str]:
    """Return what a registry has of a release, drafts aside; raise `ReleaseError` where one cannot be read."""
    from release_tasks import channels, converge
    from release_tasks.channels import git, github, github_draft
    from release_tasks.project.artifacts import State

    raise_all(github_draft.unreadable_drafts(release))
    pages = github_draft.pages(release)
    found = [f"{tag} on {github.NAME}" for tag, page in pages.items() if not page.is_draft]
    for channel in channels.every():
        seen = (
            converge.state(release, channel) if channel.NAME not in (git.NAME, github.NAME) else ()
        )
        found += [
            f"{one.artifact.name} on {channel.NAME}"
            for one in seen
            if one.state is not State.MISSING
        ]
    return found


def _take_back(c: Context, release: Release) -> None:
    """Delete the tags of a release here and on origin, and the drafts that keep files of it."""
    from release_tasks.channels import git, github_draft
    from release_tasks.tools import gh

    for page in github_draft.pages(release).values():
        gh.delete(c, release.project.github_repository, page)
    for artifact in git.expected(release):
        git.withdraw(c, release, artifact)
