"""The release commit and its tags, made in the local repository and not pushed yet."""

from __future__ import annotations

import re

from invoke.context import Context

from release_tasks import shell, terminal
from release_tasks.bumping import bump
from release_tasks.errors import ReleaseError, shorten
from release_tasks.printable import words
from release_tasks.project.settings import FILE
from release_tasks.project.tags import message
from release_tasks.release import ComponentRelease, Release
from release_tasks.shell import Failed
from release_tasks.tools import git

# how git says that it cannot sign (gpg-interface.c, builtin/tag.c)
_SIGNING = re.compile(
    r"failed to sign the data|unable to sign the tag|signing key", re.I
)


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
        _commit(c, release, changed)
    for part in release.parts:
        try:
            git.create_tag(
                c, release.checkout, part.tag, _tag_message(release, part)
            )
        except Failed as error:
            raise _refused(error, release) from error
        if not shell.is_dry(c):
            terminal.say(f"tagged {part.tag}")


def _commit(c: Context, release: Release, paths: tuple[str, ...]) -> None:
    """Commit the paths. A hook that corrects them and refuses is asked again, as people do."""
    before = _contents(release, paths)
    try:
        git.commit(c, release.checkout, paths, bump.message(release))
    except Failed as error:
        if _contents(release, paths) == before:
            raise _refused(error, release) from error
        terminal.say(
            "a hook corrected files of the bump: committing them once more"
        )
        try:
            git.commit(c, release.checkout, paths, bump.message(release))
        except Failed as again:
            raise _refused(again, release) from again
    if shell.is_dry(c) or not git.has_hooks(release.checkout):
        return
    left = git.changed(release.checkout)
    if left:
        raise ReleaseError(
            f"a hook changed {shorten(left)} and did not stage it: there is no tag yet",
            f"git add {words(left)} && git commit --amend --no-edit, "
            f"then inv tag --version {release.request}",
        )


def _contents(release: Release, paths: tuple[str, ...]) -> list[bytes | None]:
    found: list[bytes | None] = []
    for path in paths:
        file = release.checkout / path
        found.append(file.read_bytes() if file.is_file() else None)
    return found


def _refused(error: Failed, release: Release) -> ReleaseError:
    """Return why git makes no commit or tag: a hook, or a signature (git-commit, gpg.program)."""
    problem = error.problem
    advice = (
        "do what git or its hook says (a message that it refuses is [project] commit in "
        f"{FILE})"
    )
    if _SIGNING.search(error.output):
        advice = "let git sign: `git config --get-regexp 'sign|gpg'` shows the key and program"
    elif not error.output.strip() and git.has_hooks(release.checkout):
        problem += "\na hook has refused it without a word"
    return ReleaseError(
        problem, f"{advice}, then inv tag --version {release.request}"
    )


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
