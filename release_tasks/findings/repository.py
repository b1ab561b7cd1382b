"""The repository: on the release branch, up to date, nothing lying about."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.bumping import bump
from release_tasks.channels import git as origin
from release_tasks.errors import ReleaseError
from release_tasks.project.model import State
from release_tasks.release import Release
from release_tasks.tools import git


def look(release: Release) -> Iterator[ReleaseError]:
    """Yield what is wrong; once the tag exists its commit is released, which has to be on a branch of origin."""
    if release.is_tagged:
        yield from release.disagreements
        if git.remote_url(release.top) and all(one.state is State.SAME for one in origin.look(release, origin.expected(release))):
            yield from origin.astray(release)
        return
    url = git.remote_url(release.top)
    if url is None:
        yield ReleaseError("the repository has no remote called origin", "git remote add origin URL")
    branch, wanted = git.branch(release.top), release.project.settings.project.branch
    if branch is None:
        yield ReleaseError("HEAD is detached, so there is no branch to release from", "git switch to the release branch")
        return
    if wanted and branch != wanted:
        yield ReleaseError(f"HEAD is on {branch}, releases are made from {wanted}", f"git switch {wanted}")
    try:
        bump.pending(release)
    except ReleaseError as error:
        yield error
    there = git.remote_refs(release.top, f"refs/heads/{branch}").get(f"refs/heads/{branch}") if url else None
    if there and (git.commit_of(release.top, there) is None or not git.is_ancestor(release.top, there, "HEAD")):
        yield ReleaseError(f"{branch} on origin has commits that are not here", "git pull --rebase")
