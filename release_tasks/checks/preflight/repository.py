"""The repository: on the release branch, up to date, nothing lying about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from release_tasks.bumping import bump
from release_tasks.channels import git as origin
from release_tasks.checks.check import CheckContext, Located, also_after_tag, note, problem, warning
from release_tasks.errors import ReleaseError
from release_tasks.project.artifacts import State
from release_tasks.project.gates import is_hotfix
from release_tasks.tools import git
from release_tasks.tools.git import origin as git_origin
from release_tasks.versions.numbers import parse


@also_after_tag
def tag_without_version(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each component whose manifests have another version than the tag of this commit."""
    if case.release.is_tagged:
        yield from case.release.version_mismatches


@also_after_tag
def tag_off_branch(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield the tag on origin whose commit is on no branch there, or not on the release branch."""
    release = case.release
    is_public = release.is_tagged and git.remote_url(release.checkout)
    if is_public and all(
        one.state is State.SAME for one in origin.state(release, origin.expected(release))
    ):
        yield from origin.not_on_release_branch(release)


@problem
def no_origin(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield that there is nowhere to push to."""
    if git.remote_url(case.release.checkout) is None:
        yield ReleaseError(
            "the repository has no remote called origin", "git remote add origin URL"
        )


@problem
def detached_head(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield that no branch is checked out."""
    if git.branch(case.release.checkout) is None:
        wanted = case.release.project.settings.project.branch or "BRANCH"
        yield ReleaseError(
            "HEAD is detached, so there is no branch to release from", f"git switch {wanted}"
        )


@problem
def wrong_branch(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield that another branch is checked out than the one of the settings, unless a hotfix is on its way there."""
    branch, wanted = git.branch(case.release.checkout), case.release.project.settings.project.branch
    if (
        branch
        and wanted
        and branch != wanted
        and not all(is_hotfix(parse(part.version), branch) for part in case.release.parts)
    ):
        yield ReleaseError(
            f"HEAD is on {branch}, releases are made from {wanted}", f"git switch {wanted}"
        )


@problem
def uncommitted_changes(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield what is changed besides what a bump of this version edits."""
    bump.pending(case.release)
    yield from ()


@note
def ahead_of_origin(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield how many commits the release takes to origin besides its own."""
    top = case.release.checkout
    branch = git.branch(top)
    if branch is None or _origin_head(top, branch) == git.head(top):
        return
    ahead = git_origin.ahead(top, branch)
    if ahead:
        yield ReleaseError(
            f"{ahead} commit{'s' if ahead > 1 else ''} of {branch} {'are' if ahead > 1 else 'is'} not on origin yet",
            f"git push origin {branch} to let its runs judge them first",
        )


@warning
def shallow_clone(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield that only a part of the history is here, so that earlier versions cannot be counted."""
    if git.is_shallow(case.release.checkout):
        yield ReleaseError(
            "this clone has only a part of the history", "git fetch --unshallow --tags origin"
        )


@problem
def unpushed_submodule(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each submodule whose commit its own remote does not have."""
    for path, commit in git.submodules(case.release.source_tree).items():
        folder = case.release.source_tree / path
        if (folder / ".git").exists() and not git_origin.is_on_remote(folder, commit):
            yield Located(
                f"submodule {path} is at {commit[:7]}, which its remote does not have",
                f"git -C {path} push origin HEAD",
                path,
            )


@problem
def behind_origin(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield that origin's branch, the one that HEAD is pushed to, has commits that HEAD has not."""
    top = case.release.checkout
    if git.branch(top) is None or git.remote_url(top) is None:
        return
    branch = origin.release_branch(case.release)
    there = git.remote_refs(top).get(f"refs/heads/{branch}")
    if there is None or there == git.head(top):
        return
    if git.commit_of(top, there) is None or not git.is_ancestor(top, there, "HEAD"):
        yield ReleaseError(
            f"{branch} on origin has commits that are not here",
            f"git pull --rebase origin {branch}",
        )


def _origin_head(checkout: Path, branch: str) -> str | None:
    """Return the commit of a branch of origin, None without an origin."""
    if git.remote_url(checkout) is None:
        return None
    return git.remote_refs(checkout).get(f"refs/heads/{branch}")
