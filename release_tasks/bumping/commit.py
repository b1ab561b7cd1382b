"""The release commit and its tags, made in the local repository and not pushed yet."""

from __future__ import annotations

from invoke.context import Context

from release_tasks import shell
from release_tasks.bumping import bump
from release_tasks.errors import ReleaseError
from release_tasks.project.tags import message
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import git


def commit_and_tag(c: Context, release: Release) -> None:
    """Commit what the bump changed, and tag that commit for every component.

    Raises `ReleaseError` where a file does not have the version yet, and for other uncommitted
    changes.
    """
    if shell.is_dry(c):
        changed = bump.paths(release)
    else:
        changed = bump.pending(release)
        _check_written(release)
    if changed:
        git.commit(c, release.checkout, changed, bump.message(release))
    for part in release.parts:
        git.create_tag(c, release.checkout, part.tag, _tag_message(release, part))


def _check_written(release: Release) -> None:
    unwritten = bump.unwritten(release)
    if unwritten:
        raise ReleaseError(
            f"{unwritten[0]} does not have the version of {release.title}",
            f"inv bump --version {release.request}",
        )


def _tag_message(release: Release, part: ComponentRelease) -> str:
    template = part.component.tag_message
    if template is None:
        template = release.project.settings.project.tag_message
    return message(part.component, part.version, template)
