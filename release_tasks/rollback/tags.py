"""Tags: they stay as long as anything that was built from them is public."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from invoke.context import Context

from release_tasks import channels, converge
from release_tasks.channels import git, github, github_draft
from release_tasks.channels.channel import Channel
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.project.artifacts import Artifact, ArtifactStatus
from release_tasks.project.model import Unresolved
from release_tasks.project.tags import version_in
from release_tasks.release import ComponentRelease, Release
from release_tasks.rollback.actions import Action, Progress, Request
from release_tasks.shell import Failed
from release_tasks.tools import gh
from release_tasks.tools import git as git_program
from release_tasks.tools.gh.pages import Page
from release_tasks.tools.git import origin
from release_tasks.versions import earlier_tags


def kept(request: Request, public: Sequence[str]) -> list[Action]:
    """Return that each tag stays, as something of its version is public."""
    why = "it names the commit of what is public"
    if len(public) == 1:
        why = f"it names the commit of {public[0]}"
    return [
        Action(git.NAME, part.tag, "delete", Progress.STAYS, why)
        for part in request.release.parts
    ]


def marks(request: Request, is_undo: bool = False) -> list[Action]:
    """Return what writes down on origin that a version was taken back, or removes that.

    It is for parts of which nothing else shows it, so that no run publishes them again.
    """
    release = request.release
    found = []
    for part in release.parts:
        is_there = part.tag in git.marked(release)
        if not git.is_marked(release, part) or (is_undo and not is_there):
            continue
        what = "remove the mark" if is_undo else "mark as yanked"
        if is_there and not is_undo:
            found.append(Action(git.NAME, part.tag, what, Progress.DONE))
            continue
        remark = "" if is_undo else f"as {origin.YANKED}{part.tag} on origin"
        found.append(
            Action(
                git.NAME,
                part.tag,
                what,
                Progress.TO_DO,
                remark,
                partial(
                    _write_mark, release=release, part=part, is_undo=is_undo
                ),
                comes_first=not is_undo,
            )
        )
    return found


def _write_mark(
    c: Context, release: Release, part: ComponentRelease, is_undo: bool
) -> None:
    """Write or remove the mark; where origin refuses that, say what to do instead."""
    mark = f"{origin.YANKED}{part.tag}"
    try:
        origin.mark_yanked(
            c, release.checkout, part.tag, release.commit, is_undo
        )
    except Failed as error:
        request = f"--version {release.request}"
        fix = (
            f"use a login that may push, or let origin take {origin.YANKED}* (a hook or a rule "
            f"may refuse it), then this again: nothing is taken back yet; or type what "
            f"inv --dry rollback {request} prints with the same options, without that push"
        )
        if is_undo:
            fix = (
                f"use a login that may push, then inv rollback --undo {request}: "
                f"everything else is undone, but {mark} still says that it was taken back"
            )
        raise ReleaseError(error.problem, fix) from error


def deletions(release: Release) -> list[Action]:
    """Return the actions that delete the drafts and the tags of a release."""
    found = []
    for tag, page in github_draft.pages(release).items():
        found.append(_delete_draft(release, tag, page))
    for artifact in git.expected(release):
        found.append(_delete_tag(release, artifact))
    return found


def release_of(c: Context, tag: str) -> Release:
    """Return the release of a tag; of one that no component makes, that of its version.

    Where it has none, that is the release of this checkout.
    """
    here = Release.at_head(c, None, None)
    project = here.project
    for component in project.components:
        version = version_in(component, tag)
        if version is not None:
            return Release.at(c, version, component.name)
        other = earlier_tags.version_of(tag, (component.name, project.name))
        if other is not None:
            return Release.at(c, str(other.version), component.name)
    return here


def public_of(release: Release, names: Sequence[str]) -> list[str]:
    """Return what is public of tags, apart from themselves and drafts.

    What the version's own tag names is not public of another one. Raises `ReleaseError` where a
    draft or a registry cannot be read.
    """
    raise_all(github_draft.unreadable_drafts(release))
    own = [part.tag for part in release.parts]
    found = [
        f"{name} on {github.NAME}"
        for name in names
        if name not in own and _is_public(release, name)
    ]
    is_other = not set(names) & set(own)
    if is_other and (release.is_tagged or not _is_version_of(release, names)):
        return found
    states = [
        (channel, _state(release, channel)) for channel in channels.every()
    ]
    return found + converge.public(release, states)


def delete(
    c: Context, release: Release, names: Sequence[str], keeps_drafts: bool
) -> list[str]:
    """Delete tags here and on origin, with their drafts; return those that existed."""
    repository = release.project.repository
    deleted = []
    for name in names:
        page = None
        if repository is not None and gh.token():
            page = gh.page(repository, name)
        if page is not None and page.is_draft and not keeps_drafts:
            gh.delete(c, release.project.github_repository, page)
        is_here = name in git_program.tags(release.checkout)
        is_there = _is_on_origin(release, name)
        if is_there:
            origin.push(c, release.checkout, f":refs/tags/{name}")
        if is_here:
            git_program.delete_tag(c, release.checkout, name)
        if is_here or is_there:
            deleted.append(name)
    return deleted


def _state(release: Release, channel: Channel) -> list[ArtifactStatus]:
    """Return the state of what is on a channel; what cannot be decided was never published."""
    try:
        return converge.state(release, channel)
    except Unresolved:
        return []


def _is_public(release: Release, tag: str) -> bool:
    if release.project.repository is None:
        return False
    page = gh.page(release.project.repository, tag)
    return page is not None and (not page.is_draft or page.is_yanked)


def _is_version_of(release: Release, names: Sequence[str]) -> bool:
    """Tell whether one of the tags has a version of the release in it, in another form."""
    for part in release.parts:
        for name in names:
            other = earlier_tags.version_of(
                name, (part.component.name, release.project.name)
            )
            if other is not None and str(other.version) == part.version:
                return True
    return False


def _is_on_origin(release: Release, name: str) -> bool:
    if origin.url(release.checkout) is None:
        return False
    return origin.tag(release.checkout, name) is not None


def _delete_draft(release: Release, tag: str, page: Page) -> Action:
    repository = release.project.github_repository
    return Action(
        github.NAME,
        f"draft of {tag}",
        "delete",
        Progress.TO_DO,
        "",
        lambda c: gh.delete(c, repository, page),
    )


def _delete_tag(release: Release, artifact: Artifact) -> Action:
    return Action(
        git.NAME,
        artifact.name,
        "delete",
        Progress.TO_DO,
        "here and on origin",
        lambda c: git.withdraw(c, release, artifact),
    )
