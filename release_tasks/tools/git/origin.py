"""git: the remote that a repository is released to, which is nearly always origin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from invoke.context import Context

from release_tasks.errors import ReleaseError
from release_tasks.memo import On, changing, invalidate, memoized_on
from release_tasks.shell import Failed, ask, do
from release_tasks.tools import git

ORIGIN = "origin"  # as git-clone(1) names the remote
YANKED = "refs/release-tasks/yanked/"
# What `gh auth git-credential` logs in with over https (gh help environment).
TOKENS = (
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
)


class _Remotes(NamedTuple):
    """The URL of each remote, the remote of each branch, and whether pushes have other URLs."""

    urls: Mapping[str, str]
    of_branches: Mapping[str, str]
    pushes_elsewhere: bool


def remote_name(tree: Path) -> str:
    """Return the remote that is read and pushed to: origin, or that of the branch, or the only one.

    "origin" where there is none, or several and nothing says which (git-config(1),
    branch.NAME.remote).
    """
    remotes = _remotes(tree)
    if ORIGIN in remotes.urls or not remotes.urls:
        return ORIGIN
    if len(remotes.urls) == 1:
        return next(iter(remotes.urls))
    tracked = remotes.of_branches.get(git.branch(tree) or "", ORIGIN)
    return tracked if tracked in remotes.urls else ORIGIN


def remote_names(tree: Path) -> tuple[str, ...]:
    """Return the names of all remotes."""
    return tuple(_remotes(tree).urls)


def url(tree: Path, remote: str = "") -> str | None:
    """Return the URL of a remote as configured, of several the first, which git fetches from.

    Without a name it is the remote that is released to.
    """
    return _remotes(tree).urls.get(remote or remote_name(tree))


@memoized_on(On.GIT)
def expanded_url(tree: Path, remote: str = "") -> str:
    """Return the URL of a remote after `url.BASE.insteadOf`, as git fetches from it."""
    return ask(
        ["git", "remote", "get-url", remote or remote_name(tree)], cwd=tree
    ).strip()


@memoized_on(On.GIT)
def push_urls(tree: Path) -> tuple[str, ...]:
    """Return the URLs that git pushes to, where settings make them others than it fetches from."""
    if not _remotes(tree).pushes_elsewhere or url(tree) is None:
        return ()
    argv = ["git", "remote", "get-url", "--push", "--all", remote_name(tree)]
    return tuple(git.lines(ask(argv, cwd=tree)))


def default_branch(tree: Path) -> str | None:
    """Return the branch that a clone of the remote checks out, None where this one has no note."""
    file = (
        git.common_dir(tree) / "refs" / "remotes" / remote_name(tree) / "HEAD"
    )
    if not file.is_file():
        return None
    _, separator, branch = (
        file.read_text().strip().partition(f"/{remote_name(tree)}/")
    )
    return branch if separator else None


@memoized_on(On.REMOTE)
def refs(tree: Path) -> Mapping[str, str]:
    """Return the commit of each branch and tag of origin, by the full name of the ref."""
    name = remote_name(tree)
    try:
        argv = ["git", "ls-remote", "--heads", "--tags", name]
        text = ask(argv, cwd=tree, secrets=TOKENS)
    except Failed as error:
        fact = f"the remote {name} cannot be read: {_reason(error)}"
        raise ReleaseError(fact, f"check `git ls-remote {name}`") from error
    found: dict[str, str] = {}
    for line in git.lines(text):
        commit, ref = line.split("\t")
        # REF^{} is the commit of an annotated tag
        if ref.endswith("^{}") or ref not in found:
            found[ref.removesuffix("^{}")] = commit
    return found


@memoized_on(On.REMOTE)
def yanked_tags(tree: Path) -> frozenset[str]:
    """Return the tags that `mark_yanked` has marked on origin."""
    argv = ["git", "ls-remote", "--refs", remote_name(tree), f"{YANKED}*"]
    text = ask(argv, cwd=tree, secrets=TOKENS)
    return frozenset(line.partition(YANKED)[2] for line in git.lines(text))


def mark_yanked(
    c: Context, tree: Path, name: str, commit: str, is_undo: bool = False
) -> None:
    """Write down on origin that the version of a tag was taken back, or remove that.

    The mark is a ref that is no branch and no tag: it starts no workflow, and clones do not get it.
    """
    source = "" if is_undo else commit
    push(c, tree, f"{source}:{YANKED}{name}")


def tag(tree: Path, name: str) -> str | None:
    """Return the commit of a tag on origin, or None."""
    return refs(tree).get(f"refs/tags/{name}")


def fetch_tag(tree: Path, tag: str, name_it: bool = True) -> None:
    """Fetch a tag's commit from origin, and the tag itself unless `name_it` is False."""
    wanted = f"refs/tags/{tag}"
    if name_it:
        wanted = f"+{wanted}:{wanted}"
    argv = ["git", "fetch", "--quiet", "--no-tags", remote_name(tree), wanted]
    ask(argv, cwd=tree, secrets=TOKENS)
    with changing(On.GIT):
        invalidate()


def fetch_commit(tree: Path, commit: str) -> None:
    """Fetch a commit from origin, without a ref to it, unless it is here.

    Raises `ReleaseError` for anything else: git would take it for an option or a refspec.
    """
    if not git.is_commit(commit):
        raise ReleaseError(
            f"{commit!r} is not the name of a commit",
            "see who has written it there",
        )
    if git.commit_of(tree, commit) is not None:
        return
    ask(
        ["git", "fetch", "--quiet", remote_name(tree), commit],
        cwd=tree,
        secrets=TOKENS,
    )
    with changing(On.GIT):
        invalidate()


def push(c: Context, tree: Path, *refspecs: str) -> None:
    """Push refspecs to origin, all of them or none.

    A `pre-push` hook that the repository contains does not get the tokens of GitHub.
    """
    argv = ["git", "push", "--quiet", "--atomic", remote_name(tree), *refspecs]
    do(c, argv, cwd=tree, secrets=_tokens_for_push(tree))


def ahead(tree: Path, branch: str) -> int:
    """Return how many commits of HEAD are not on origin's branch, 0 where it was not fetched."""
    since = f"refs/remotes/{remote_name(tree)}/{branch}"
    try:
        return int(
            ask(
                ["git", "rev-list", "--count", f"{since}..HEAD", "--"], cwd=tree
            )
        )
    except Failed:
        return 0


def is_on_remote(tree: Path, commit: str) -> bool:
    """Tell whether a remote branch has the commit."""
    if git.commit_of(tree, commit) is None:
        return False
    branches = ask(
        ["git", "branch", "--remotes", "--contains", commit], cwd=tree
    )
    return bool(branches.strip())


@memoized_on()
def _remotes(tree: Path) -> _Remotes:
    """Read what git's settings say of remotes; nothing that a task runs changes that."""
    keys = r"^(remote\..*\.(url|pushurl)|branch\..*\.remote|url\..*\.pushinsteadof)$"
    try:
        text = ask(["git", "config", "-z", "--get-regexp", keys], cwd=tree)
    except Failed:
        return _Remotes({}, {}, False)
    urls: dict[str, str] = {}
    of_branches: dict[str, str] = {}
    pushes_elsewhere = False
    for entry in filter(None, text.split("\0")):
        key, _, value = entry.partition("\n")
        section, _, rest = key.partition(".")
        name, _, last = rest.rpartition(".")
        if last == "url":
            urls.setdefault(name, value.strip())
        elif section == "branch":
            of_branches[name] = value
        else:
            pushes_elsewhere = True
    return _Remotes(urls, of_branches, pushes_elsewhere)


def _tokens_for_push(tree: Path) -> tuple[str, ...]:
    hooks = git.hooks(tree).resolve()
    is_inside = git.top(tree).resolve() in hooks.parents
    is_versioned = is_inside and git.common_dir(tree) not in hooks.parents
    if is_versioned and (hooks / "pre-push").exists():
        return ()
    return TOKENS


def _reason(error: Failed) -> str:
    """Return the line in which git, or the ssh that it started, says what is wrong."""
    lines = [line for line in error.output.strip().splitlines() if line] or [""]
    for line in lines:
        if line.startswith("fatal: Could not read from remote"):
            return lines[0]  # what ssh, or the server, says before that
        if line.startswith("fatal: "):
            return line
    return lines[-1]
