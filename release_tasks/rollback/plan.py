"""What takes a version back, in the opposite order of its publication, and what undoes that."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from invoke.context import Context

from release_tasks import channels, converge, shell, terminal
from release_tasks.channels import crates_io, github
from release_tasks.errors import ReleaseError, collect, raise_all
from release_tasks.release import Release
from release_tasks.rollback import (
    containers,
    crates,
    github_page,
    pointers,
    python_packages,
    tags,
)
from release_tasks.rollback.actions import Action, Progress, Request


def back(request: Request) -> list[Action]:
    """Return what takes a version back.

    While nothing of it is public, that is deleting its drafts and tags. Raises `ReleaseError` for
    a version without a tag of which something is public: what it consists of is not known then.
    """
    release = request.release
    public = _public(request)
    if not release.is_tagged:
        _refuse_untagged(release, public)
        return []
    if not public:
        return tags.deletions(release)
    return [
        *tags.marks(request),  # first: it is what a second run goes on from
        *pointers.back(request),
        *github_page.back(request),
        *crates.back(request),
        *python_packages.back(request),
        *containers.back(request),
        *tags.kept(request, public),
    ]


def forward(request: Request) -> list[Action]:
    """Return what undoes that: artifacts in the order of publication, pointers last."""
    if not request.release.is_tagged:
        return []
    found = [
        *containers.forward(request),
        *python_packages.forward(request),
        *crates.forward(request),
        *github_page.forward(request),
        *tags.marks(request, is_undo=True),  # last, for the same reason
    ]
    if not found and not _is_finished(request):
        return []  # it was never taken back, but is not published yet
    return [*found, *pointers.forward(request)]


def to_do(actions: Iterable[Action]) -> list[Action]:
    """Return the actions that a program does, and that are not done."""
    return [one for one in actions if one.progress is Progress.TO_DO]


def missing_credentials(
    release: Release, actions: Iterable[Action]
) -> list[ReleaseError]:
    """Return an error for each credential that an action needs and that is missing."""
    used = {action.channel for action in to_do(actions)}
    errors: list[ReleaseError] = []
    if crates_io.NAME in used and not crates_io.has_token():
        errors.append(crates_io.no_token())
    if github.NAME in used:
        errors += github.credentials(release)
    return errors


def run(c: Context, actions: Iterable[Action]) -> None:
    """Do everything that is to do; what fails is raised in the end.

    It stops nothing else, except where the rest may only follow it.
    """
    errors: list[ReleaseError] = []
    for action in to_do(actions):
        assert action.act is not None
        failed = collect(partial(action.act, c))
        errors += failed
        if not failed and not shell.is_dry(c):
            terminal.say(f"{action.channel}: {action.name}: {action.what}")
        if failed and action.comes_first:
            break
    raise_all(errors)


def _public(request: Request) -> list[str]:
    states = []
    for channel in channels.every():
        states.append((channel, request.on(channel.NAME)))
    return converge.public(request.release, states)


def _is_finished(request: Request) -> bool:
    return all(one.state in converge.DONE for one in request.artifacts)


def _refuse_untagged(release: Release, public: list[str]) -> None:
    if public:
        tag = release.parts[0].tag
        raise ReleaseError(
            f"{tag} does not exist, and {public[0]} is public: the tag says what it consists of",
            f"git tag {tag} COMMIT, and git push origin {tag}",
        )
