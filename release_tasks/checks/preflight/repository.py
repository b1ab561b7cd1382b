"""The repository: on the release branch, up to date, everything committed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from release_tasks.bumping import bump
from release_tasks.channels import git as git_channel
from release_tasks.checks.check import (
    CheckContext,
    also_after_tag,
    note,
    problem,
    warning,
)
from release_tasks.errors import (
    Problem,
    ReleaseError,
    collect_problems,
    problems_of,
    shorten,
)
from release_tasks.formats import text_files
from release_tasks.printable import word
from release_tasks.project import forks
from release_tasks.project.artifacts import State
from release_tasks.project.gates import is_hotfix
from release_tasks.project.settings import FILE
from release_tasks.tools import git, remotes
from release_tasks.tools.gh import hosts
from release_tasks.tools.git import origin, whole
from release_tasks.versions.numbers import parse

# branches that old versions are released from, by their usual names
_OLD_VERSIONS = re.compile(
    r"(.*/)?(releases?|rel|hot-?fix|maint|maintenance|stable|support|backports?|lts|v?\d)"
    r"([-_./\d]|$)",
    re.I,
)


@also_after_tag
def tag_without_version(context: CheckContext) -> list[Problem]:
    """Find each component whose manifests have another version than the tag of this commit."""
    if not context.is_tagged:
        return []
    return problems_of(context.release.version_mismatches)


@also_after_tag
def tag_off_branch(context: CheckContext) -> list[Problem]:
    """Find a tag on origin whose commit is on no branch there, or not on the release branch."""
    release = context.release
    if not release.is_tagged or not origin.url(release.checkout):
        return []
    states = git_channel.state(release, git_channel.expected(release))
    if any(status.state is not State.SAME for status in states):
        return []
    return problems_of(git_channel.not_on_release_branch(release))


@problem
def no_origin(context: CheckContext) -> Iterator[Problem]:
    """Find that there is no remote to push to, or that several are none of them origin."""
    tree = context.release.checkout
    if origin.url(tree) is not None:
        return
    names = origin.remote_names(tree)
    if not names:
        yield Problem(
            "the repository has no remote called origin",
            "git remote add origin URL",
        )
        return
    yield Problem(
        f"none of the remotes {shorten(names)} is called origin, or is that of the branch",
        f"git branch --set-upstream-to={word(names[0])}/{word(git.branch(tree) or 'BRANCH')}",
    )


@problem
def push_elsewhere(context: CheckContext) -> Iterator[Problem]:
    """Find that git pushes to another repository than it fetches from: origin never has the tag."""
    tree = context.release.checkout
    url = remotes.pushed_elsewhere(tree)
    own = context.project.repository
    if url is None:
        return
    pushed = remotes.github_repository(url)
    if (
        own
        and pushed
        and (forks.is_renamed(own, pushed) or forks.is_renamed(pushed, own))
    ):
        return
    name, fetched = origin.remote_name(tree), origin.expanded_url(tree)
    yield Problem(
        f"{name} fetches from {fetched} and pushes to {url}: it would never get the tag",
        f"git remote set-url --push {word(name)} {word(fetched)}",
    )


@problem
def insecure_origin(context: CheckContext) -> Iterator[Problem]:
    """Find an origin on GitHub that is not reached over https or SSH."""
    url = origin.url(context.release.checkout)
    address = remotes.parse(url or "")
    if address is None or address.scheme in (*remotes.SSH, "https"):
        return
    host = hosts.canonical(address.host)
    if hosts.is_github(host):
        yield Problem(
            f"origin is {url}: anyone on the way could answer for {host}",
            f"git remote set-url origin {word(f'https://{host}/{address.path}')}",
        )


@warning
def fork_as_origin(context: CheckContext) -> Iterator[Problem]:
    """Find that origin is a fork: another repository is the home of what is released."""
    own = context.project.repository
    if own is None or origin.url(context.release.checkout) is None:
        return
    remote = origin.remote_name(context.release.checkout)
    declared = forks.declared(context.project)
    if own.lower() in (name.lower() for name in declared):
        return
    for name, file in declared.items():
        if not forks.is_renamed(name, own):
            yield Problem(
                f"origin is {own}, and {file} names {name} as its repository: "
                "the release would go out from a fork",
                f"git remote set-url {word(remote)} {word(hosts.web(name))}, "
                f"or change that in {file}",
                file,
            )
            return
    home = forks.parent(own) or remotes.repository_of(
        context.release.checkout, "upstream"
    )
    if home and home.lower() != own.lower():
        yield Problem(
            f"origin is {own}, a fork of {home}: the release would go out from the fork",
            f"git remote set-url {word(remote)} {word(hosts.web(home))}, "
            f"or name {hosts.web(own)} as the repository in the manifests",
        )


@problem
def detached_head(context: CheckContext) -> Iterator[Problem]:
    """Find that no branch is checked out."""
    if git.branch(context.release.checkout) is None:
        wanted = context.project.settings.project.branch or "BRANCH"
        yield Problem(
            "HEAD is detached, so there is no branch to release from",
            f"git switch {word(wanted)}",
        )


@problem
def wrong_branch(context: CheckContext) -> Iterator[Problem]:
    """Find that the release branch is not checked out, unless the branch is a hotfix for it."""
    branch = git.branch(context.release.checkout)
    wanted = context.project.settings.project.branch
    if not branch or not wanted or branch == wanted:
        return
    numbers = [parse(part.version) for part in context.release.parts]
    if not all(is_hotfix(number, branch) for number in numbers):
        yield Problem(
            f"HEAD is on {branch}, but releases are made from {wanted}",
            f"git switch {word(wanted)}",
        )


@warning
def other_branch(context: CheckContext) -> Iterator[Problem]:
    """Find that the branch is not the one that a clone of origin has, nor one for old versions."""
    tree = context.release.checkout
    branch, wanted = git.branch(tree), context.project.settings.project.branch
    usual = origin.default_branch(tree) or _usual_branch(tree)
    if not branch or not usual or wanted or branch == usual:
        return
    if not _OLD_VERSIONS.match(branch):
        yield Problem(
            f"HEAD is on {branch}, and the default branch of origin is {usual}: "
            f"the release would be pushed to {branch}",
            f'git switch {word(usual)}, or set branch = "{branch}" in [project] of {FILE}',
        )


def _usual_branch(tree: Path) -> str | None:
    """Return main or master, whichever origin has; None where it has both or neither.

    Only a clone has a note of the default branch: `git remote add` makes none.
    """
    if not origin.url(tree):
        return None
    try:
        refs = origin.refs(tree)
    except ReleaseError:
        return None  # that is an error of its own
    names = [name for name in git_channel.USUAL if f"refs/heads/{name}" in refs]
    return names[0] if len(names) == 1 else None


@problem
def no_identity(context: CheckContext) -> Iterator[Problem]:
    """Find that git knows no name and address for the commit and the tag of the release."""
    if not git.has_identity(context.release.checkout):
        yield Problem(
            "git does not know who commits: user.name or user.email is not set",
            'git config --global user.name "NAME" && '
            'git config --global user.email "NAME@HOST"',
        )


@problem
def uncommitted_changes(context: CheckContext) -> list[Problem]:
    """Find what is changed besides what a bump of this version edits."""

    def look() -> None:
        bump.pending(context.release)

    return collect_problems(look)


@warning
def unnormalized_file(context: CheckContext) -> Iterator[Problem]:
    """Find files that git shows as changed in every fresh clone (gitattributes, `text`)."""
    paths = git.as_checked_out(context.release.checkout)
    if paths:
        yield Problem(
            f"git shows {shorten(paths)} as changed in every fresh clone: "
            "it is not stored as .gitattributes says",
            "git add --renormalize . && git commit -m 'Normalize files'",
            paths[0],
        )


@warning
def unignored_output(context: CheckContext) -> Iterator[Problem]:
    """Find folders of build output that git does not ignore, so that a build changes the tree."""
    tree = context.release.checkout
    for folder, source in _outputs(context).items():
        if not _is_ignored(tree, folder):
            yield Problem(
                f"{folder}/, where {source}, is not in .gitignore",
                f"echo '/{folder}/' >> .gitignore && git add .gitignore "
                f"&& git commit -m 'Ignore {folder}'",
                ".gitignore",
            )


def _is_ignored(tree: Path, folder: str) -> bool:
    """Return whether git ignores a folder; git is only asked where .gitignore does not name it."""
    lines = text_files.peek(tree, ".gitignore").splitlines()
    if folder in (line.strip().strip("/") for line in lines):
        return True
    return git.is_ignored(tree, f"{folder}/")


def _has_python(context: CheckContext, folder: str) -> bool:
    """Tell whether a folder is beside a manifest of setuptools, or in its `src`."""
    parent = folder.rstrip("/").rpartition("/")[0]
    places = (parent, parent.removesuffix("src").rstrip("/"))
    names = ("pyproject.toml", "setup.py", "setup.cfg")
    wanted = {
        f"{place}/{name}".lstrip("/") for place in places for name in names
    }
    return not wanted.isdisjoint(context.project.files)


def _outputs(context: CheckContext) -> dict[str, str]:
    """Return the folders that builds write into the tree, and what does."""
    tree = context.release.checkout
    found: dict[str, str] = {}
    if context.project.workspace:
        folder = context.project.workspace.target
        if folder.is_relative_to(tree) and folder != tree:
            found[folder.relative_to(tree).as_posix()] = "cargo builds"
    for path in git.changed(tree):
        name = path.rstrip("/").rpartition("/")[2]
        is_python = name == "build" or name.endswith(".egg-info")
        if path.endswith("/") and is_python and _has_python(context, path):
            found[path.rstrip("/")] = "setuptools builds"
    return found


@note
def ahead_of_origin(context: CheckContext) -> Iterator[Problem]:
    """Find commits that the release pushes besides its own, on which CI has not run yet."""
    checkout = context.release.checkout
    branch = git.branch(checkout)
    if branch is None or _origin_head(checkout, branch) == git.head(checkout):
        return
    count = origin.ahead(checkout, branch)
    if count:
        commits = "1 commit is"
        if count > 1:
            commits = f"{count} commits are"
        yield Problem(
            f"{commits} on {branch} but not on origin yet",
            f"git push {word(origin.remote_name(checkout))} {word(branch)}",
        )


@warning
def shallow_clone(context: CheckContext) -> Iterator[Problem]:
    """Find that the clone does not have the whole history, which earlier versions are read from."""
    checkout = context.release.checkout
    if git.is_shallow(checkout):
        remote = word(origin.remote_name(checkout))
        yield Problem(
            "this clone has only a part of the history",
            f"git fetch --unshallow --tags {remote}",
        )


@problem
def incomplete_checkout(context: CheckContext) -> Iterator[Problem]:
    """Find what this checkout does not have of its commit, so that a build here leaves it out."""
    for found in whole.missing(context.release.checkout):
        yield Problem(found.fact, found.fix, found.path)


@problem
def unpushed_submodule(context: CheckContext) -> Iterator[Problem]:
    """Find each submodule whose commit is not on its own remote."""
    tree = context.release.source_tree
    for path, commit in git.submodules(tree).items():
        is_here = (tree / path / ".git").exists()
        if is_here and not origin.is_on_remote(tree / path, commit):
            yield Problem(
                f"submodule {path} is at {commit[:7]}, which is not on its remote",
                f"git -C {word(path)} push origin HEAD",
                path,
            )


@problem
def behind_origin(context: CheckContext) -> Iterator[Problem]:
    """Find that the branch on origin that HEAD is pushed to has commits that HEAD does not have."""
    checkout = context.release.checkout
    if git.branch(checkout) is None or origin.url(checkout) is None:
        return
    branch = git_channel.release_branch(context.release)
    there = origin.refs(checkout).get(f"refs/heads/{branch}")
    if there is None or there == git.head(checkout):
        return
    is_known = git.commit_of(checkout, there) is not None
    if not is_known or not git.is_ancestor(checkout, there, "HEAD"):
        yield Problem(
            f"{branch} on origin has commits that are not here",
            f"git pull --rebase {word(origin.remote_name(checkout))} {word(branch)}",
        )


def _origin_head(checkout: Path, branch: str) -> str | None:
    """Return the commit of a branch of origin, None without an origin."""
    if origin.url(checkout) is None:
        return None
    return origin.refs(checkout).get(f"refs/heads/{branch}")
