"""origin: the release commit on its branch, and the tags that name it."""

from __future__ import annotations

from collections.abc import Sequence

from invoke.context import Context

from release_tasks import shell, terminal
from release_tasks.bumping import bump
from release_tasks.channels import git_runs
from release_tasks.errors import ReleaseError
from release_tasks.project.artifacts import Artifact, ArtifactStatus, State
from release_tasks.project.tags import message
from release_tasks.release import Release
from release_tasks.shell import Failed
from release_tasks.tools import git

NAME = "git"


def expected(release: Release) -> tuple[Artifact, ...]:
    """Return one artifact for each tag; the branch is pushed with it."""
    return tuple(
        Artifact(NAME, part.tag, part.version, part.component.name) for part in release.parts
    )


def look(release: Release, artifacts: Sequence[Artifact]) -> list[ArtifactStatus]:
    """Return whether origin has each tag, on this release's commit."""
    if not artifacts:
        return []
    if git.remote_url(release.checkout) is None:
        raise ReleaseError(
            "the repository has no remote called origin", "git remote add origin URL"
        )
    refs = git.remote_refs(release.checkout)
    return [
        _seen(release, artifact, refs.get(f"refs/tags/{artifact.name}")) for artifact in artifacts
    ]


def is_new(artifact: Artifact) -> bool:
    """Tell that no tag is a question: a tag can be taken back until something is published."""
    return False


def credentials(release: Release) -> list[ReleaseError]:
    """Return nothing: whether a push is allowed is git's own affair, and it is the first public act."""
    return []


def publish(c: Context, release: Release, artifacts: Sequence[Artifact]) -> None:
    """Push the branch, where origin lacks the commit, and then the tags, up to three at once, after its runs where they wait."""
    branch = release_branch(release)
    there = git.remote_refs(release.checkout).get(f"refs/heads/{branch}")
    if there is None or (shell.is_dry(c) and not release.is_tagged) or not _has(release, there):
        _push_branch(c, release, branch)
    else:
        terminal.say(f"{branch} on origin has the commit already")
    if git_runs.are_awaited(release):
        if shell.is_dry(c):
            terminal.say("then the tags wait for the green runs of the commit")
        else:
            git_runs.wait(release)
    tags = [f"refs/tags/{artifact.name}" for artifact in artifacts]
    for first in range(
        0, len(tags), 3
    ):  # GitHub starts no workflow for more in one push (docs, event `push`)
        git.push(c, release.checkout, *tags[first : first + 3])


def commit_and_tag(c: Context, release: Release) -> None:
    """Commit what bump changed, and tag that commit."""
    changed = bump.paths(release) if shell.is_dry(c) else bump.pending(release)
    if (left := bump.unwritten(release)) and not shell.is_dry(c):
        raise ReleaseError(
            f"{left[0]} does not carry {release.title}", f"inv bump --version {release.request}"
        )
    if changed:
        git.commit(c, release.checkout, changed, bump.message(release))
    for part in release.parts:
        own, shared = part.component.tag_message, release.project.settings.project.tag_message
        git.create_tag(
            c,
            release.checkout,
            part.tag,
            message(part.component, part.version, shared if own is None else own),
        )


def _push_branch(c: Context, release: Release, branch: str) -> None:
    try:
        git.push(
            c,
            release.checkout,
            f"{'HEAD' if shell.is_dry(c) else release.commit}:refs/heads/{branch}",
        )
    except Failed as error:
        raise ReleaseError(
            error.problem,
            f"git pull --rebase origin {branch} where it has moved on, or merge the commit by a pull request; then run this again",
        ) from error


def release_branch(release: Release) -> str:
    """Return the branch a release is made from: that of the settings, or the current one."""
    wanted = release.project.settings.project.branch or git.branch(release.checkout)
    if wanted:
        return wanted
    raise ReleaseError(
        "HEAD is detached, so there is no branch to push",
        "git switch BRANCH, the one to release from",
    )


def withdraw(c: Context, release: Release, artifact: Artifact) -> None:
    """Delete a tag here and on origin."""
    git.push(c, release.checkout, f":refs/tags/{artifact.name}")
    shell.do(c, ["git", "tag", "--delete", artifact.name], cwd=release.checkout)


def not_on_release_branch(release: Release) -> list[ReleaseError]:
    """Return an error where the commit is not on the release branch of origin (without one in the settings: on none)."""
    wanted = release.project.settings.project.branch
    refs, start = git.remote_refs(release.checkout), f"refs/heads/{wanted or ''}"
    heads = {
        name: refs[name]
        for name in refs
        if name == start or (not wanted and name.startswith(start))
    }
    likely = [f"refs/heads/{name}" for name in (git.branch(release.checkout), "main", "master")]
    if any(
        _has(release, heads[name]) for name in sorted(heads, key=lambda name: name not in likely)
    ):
        return []
    place, commit = f"not on {wanted}" if wanted else "on no branch", release.commit[:7]
    return [
        ReleaseError(
            f"{release.parts[0].tag} is at {commit}, which is {place} of origin",
            f"merge {commit} there, or tag another commit: inv retag --version {release.request}",
        )
    ]


def _seen(release: Release, artifact: Artifact, there: str | None) -> ArtifactStatus:
    if there is None:
        return ArtifactStatus(artifact, State.MISSING)
    if there == release.commit:
        return ArtifactStatus(artifact, State.SAME, f"at {there[:7]}", digest=there)
    return ArtifactStatus(
        artifact, State.DIFFERENT, f"at {there[:7]} on origin, at {release.commit[:7]} here"
    )


def _has(release: Release, there: str) -> bool:
    if git.commit_of(release.checkout, there) is None:
        shell.ask(["git", "fetch", "--quiet", "origin", there], cwd=release.checkout)
    return git.is_ancestor(release.checkout, release.commit, there)
