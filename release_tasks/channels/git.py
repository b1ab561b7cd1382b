"""origin: the release commit on its branch, and the tags that name it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from invoke.context import Context

from release_tasks import shell, terminal
from release_tasks.channels import git_runs
from release_tasks.display import amount
from release_tasks.errors import ReleaseError, shorten
from release_tasks.project.artifacts import Artifact, ArtifactStatus, State
from release_tasks.project.gates import HOTFIX
from release_tasks.project.model import Project, resolved_or_empty
from release_tasks.release import ComponentRelease, Release
from release_tasks.shell import Failed
from release_tasks.tools import git
from release_tasks.tools.git import origin
from release_tasks.versions.numbers import parse

NAME = "git"
NOUN = "tag"
UNDO = "a tag can be deleted"
TAKEN_BACK = "taken back by inv rollback"
USUAL = ("main", "master")  # default branches, where nothing names one
# GitHub starts no workflow when a push has more (docs, event `push`)
TAGS_PER_PUSH = 3


def expected(release: Release) -> tuple[Artifact, ...]:
    """Return one artifact for each tag; the branch is pushed with it."""
    return tuple(
        Artifact(NAME, part.tag, part.version, part.component.name)
        for part in release.parts
    )


def state(
    release: Release, artifacts: Sequence[Artifact]
) -> list[ArtifactStatus]:
    """Return whether origin has each tag, on this release's commit."""
    if not artifacts:
        return []
    if origin.url(release.checkout) is None:
        raise ReleaseError(
            "the repository has no remote called origin",
            "git remote add origin URL",
        )
    refs = origin.refs(release.checkout)
    found = [
        _status(release, artifact, refs.get(f"refs/tags/{artifact.name}"))
        for artifact in artifacts
    ]
    yanked = marked(release)
    return [
        replace(one, state=State.YANKED, why=TAKEN_BACK)
        if one.state is not State.DIFFERENT and one.artifact.name in yanked
        else one
        for one in found
    ]


def is_marked(release: Release, part: ComponentRelease) -> bool:
    """Tell whether a rollback of a part leaves its mark on origin, as nothing else shows it.

    Elsewhere the GitHub release has a notice, or crates are yanked.
    """
    is_on_github = release.project.repository is not None
    if is_on_github and not part.component.promotes:
        return False
    return not resolved_or_empty(part.component.crates)


def marked(release: Release) -> frozenset[str]:
    """Return the tags whose versions were taken back, where origin says so."""
    if not any(is_marked(release, part) for part in release.parts):
        return frozenset()
    return origin.yanked_tags(release.checkout)


def is_new(artifact: Artifact) -> bool:
    """Return False: a tag can be deleted until something is published."""
    return False


def credentials(release: Release) -> list[ReleaseError]:
    """Return nothing: only a push shows whether it is allowed, and it is the first public act."""
    return []


def publish(
    c: Context, release: Release, artifacts: Sequence[Artifact]
) -> None:
    """Push the branch when origin does not have the commit, then the tags.

    With `[gates] ci`, the tags wait until the CI runs of the commit are green.
    """
    branch = release_branch(release)
    if _needs_push(c, release, branch):
        _push_branch(c, release, branch)
    else:
        terminal.say(f"{branch} on origin already has the commit")
    if git_runs.are_awaited(release):
        if shell.is_dry(c):
            terminal.say(
                "would wait for the CI runs of the commit before pushing tags"
            )
        else:
            git_runs.wait(release)
    tags = [f"refs/tags/{artifact.name}" for artifact in artifacts]
    for start in range(0, len(tags), TAGS_PER_PUSH):
        origin.push(c, release.checkout, *tags[start : start + TAGS_PER_PUSH])


def release_branch(release: Release) -> str:
    """Return the branch to release from: that of the settings, else the current one.

    A hotfix on its own branch is released from there: the release branch may have moved on, and
    gets it by a merge.

    Raises `ReleaseError` when HEAD is detached and the settings name none.
    """
    current = git.branch(release.checkout)
    branch = release.project.settings.project.branch or current
    if current and current == hotfix_branch(release):
        branch = current
    if not branch:
        raise ReleaseError(
            "HEAD is detached, so there is no branch to push",
            "git switch BRANCH",
        )
    return branch


def usual_branch(project: Project) -> str | None:
    """Return the branch of releases: of the settings, else the default one of origin, as known."""
    named = project.settings.project.branch
    named = named or origin.default_branch(project.root)
    if named:
        return named
    known: set[str] = set()
    if origin.url(project.root) is not None:
        known.update(origin.refs(project.root))
    for branch in USUAL:
        ref = f"refs/heads/{branch}"
        if ref in known or git.commit_of(project.root, ref):
            return branch
    return None


def hotfix_branch(release: Release) -> str | None:
    """Return the branch that `inv hotfix` makes for a release, None where that is not a patch."""
    for part in release.parts:
        if not parse(part.version).patch:
            return None
    return HOTFIX + release.parts[0].tag


def withdraw(c: Context, release: Release, artifact: Artifact) -> None:
    """Delete a tag here, and on origin if it is there."""
    if origin.tag(release.checkout, artifact.name) is not None:
        origin.push(c, release.checkout, f":refs/tags/{artifact.name}")
    git.delete_tag(c, release.checkout, artifact.name)


def no_tag(release: Release) -> ReleaseError:
    """Return the error for a release without its tag, or with changes since that was made.

    A build may have made them: cargo writes a Cargo.lock anew that somebody has edited by hand.
    """
    tag = release.parts[0].tag
    changed = git.changed(release.checkout)
    head = git.head(release.checkout)
    if changed and git.tags(release.checkout).get(tag) == head:
        return ReleaseError(
            f"{shorten(changed)} changed after {tag} was made here, perhaps by a build",
            "git stash --include-untracked; or commit it, "
            f"then inv release --version {release.request}",
        )
    return ReleaseError(
        f"there is no tag {tag}", f"inv tag --version {release.request}"
    )


def not_on_release_branch(release: Release) -> list[ReleaseError]:
    """Return an error when no allowed branch of origin contains the commit.

    Allowed is `[project] branch`, or any branch when the settings name none; for a patch also the
    branch of its hotfix.
    """
    wanted = release.project.settings.project.branch
    heads = _branches(release, wanted)
    if any(_contains(release, head) for head in heads):
        return []
    place = f"not on {wanted}" if wanted else "on no branch"
    commit = release.commit[:7]
    return [
        ReleaseError(
            f"{release.parts[0].tag} is at {commit}, which is {place} of origin",
            f"merge {commit}, or tag another commit: inv retag --version {release.request}",
        )
    ]


def _branches(release: Release, wanted: str | None) -> list[str]:
    """Return the head commits of origin's branches to search, the likely ones first."""
    refs = origin.refs(release.checkout)
    if wanted:
        allowed = (wanted, hotfix_branch(release))
        heads = [refs.get(f"refs/heads/{name}") for name in allowed]
        return [head for head in heads if head]
    current = git.branch(release.checkout)
    likely = [f"refs/heads/{name}" for name in (current, *USUAL)]
    names = sorted(name for name in refs if name.startswith("refs/heads/"))
    names.sort(key=lambda name: name not in likely)
    return [refs[name] for name in names]


def _status(
    release: Release, artifact: Artifact, remote: str | None
) -> ArtifactStatus:
    if remote is None:
        return ArtifactStatus(artifact, State.MISSING)
    if remote == release.commit:
        return ArtifactStatus(
            artifact, State.SAME, f"at {remote[:7]}", digest=remote
        )
    why = f"at {remote[:7]} on origin, at {release.commit[:7]} here"
    return ArtifactStatus(artifact, State.DIFFERENT, why)


def _needs_push(c: Context, release: Release, branch: str) -> bool:
    if shell.is_dry(c) and not release.is_tagged:
        return True  # there will be a release commit
    head = origin.refs(release.checkout).get(f"refs/heads/{branch}")
    return head is None or not _contains(release, head)


def _push_branch(c: Context, release: Release, branch: str) -> None:
    commit = "HEAD" if shell.is_dry(c) else release.commit
    remote = origin.remote_name(release.checkout)
    try:
        origin.push(c, release.checkout, f"{commit}:refs/heads/{branch}")
    except Failed as error:
        fix = (
            f"git pull --rebase {remote} {branch} if it has moved on, "
            "or merge the commit by pull request; then run this again"
        )
        if amount.is_github():
            fix = (
                f"begin a new run of the workflow if {branch} has moved on; where it takes "
                "pull requests alone, merge the commit of `inv bump`, and push the tag"
            )
        raise ReleaseError(error.problem, fix) from error


def _contains(release: Release, head: str) -> bool:
    """Return True when the release's commit is `head` or an ancestor of it."""
    if release.commit == head:
        return True
    origin.fetch_commit(release.checkout, head)
    return git.is_ancestor(release.checkout, release.commit, head)
