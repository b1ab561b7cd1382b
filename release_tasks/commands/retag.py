"""Move a pushed tag to another commit, while nothing else of the version is public."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.context import Context

from release_tasks import shell, terminal
from release_tasks.errors import ReleaseError, raise_problems, shorten
from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.release import Release


@command
def retag(
    c: Context, version: str | None = None, component: str | None = None
) -> None:
    """Move a pushed tag to HEAD, if nothing else is public."""
    from release_tasks.bumping import bump
    from release_tasks.bumping.commit import commit_and_tag
    from release_tasks.channels import git
    from release_tasks.checks.check import CheckContext, problems
    from release_tasks.checks.preflight import repository
    from release_tasks.release import Release
    from release_tasks.rollback.tags import delete

    old = Release.at(c, version, component)
    new = Release.at_head(c, version, component)
    raise_problems(problems(CheckContext(c, new), repository))
    if old.is_tagged and old.commit == new.commit and not bump.unwritten(new):
        terminal.say(
            f"nothing to do, {old.parts[0].tag} is at {old.commit[:7]}, which is HEAD"
        )
        return
    refuse_public(old)
    tags = [part.tag for part in old.parts]
    delete(c, old, tags, keeps_drafts=False)
    bump.write(c, new)
    commit_and_tag(c, new)
    tagged = new
    if not shell.is_dry(c):
        tagged = Release.at(c, new.request)
    git.publish(c, tagged, git.expected(tagged))


def refuse_public(release: Release) -> None:
    """Raise `ReleaseError` where something of a release is public, apart from its tags."""
    from release_tasks.rollback.tags import public_of

    tags = [part.tag for part in release.parts]
    if public := public_of(release, tags):
        raise ReleaseError(
            f"{tags[0]} cannot move, already public: {shorten(public)}",
            f"inv release --version {_next_request(release)}; crates.io and PyPI can only yank",
        )


def _next_request(release: Release) -> str:
    """Return what `--version` takes to mean the next patch of each component."""
    from release_tasks.versions.requests import next_version

    versions = {
        part.component.name: next_version(part.version, "patch")
        for part in release.parts
    }
    if len(release.project.components) == 1:
        return "".join(versions.values())
    return ",".join(f"{name}={version}" for name, version in versions.items())
