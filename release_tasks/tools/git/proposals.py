"""git: a clone of another repository, and a branch there that proposes a change."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from invoke.context import Context

from release_tasks.files import scratch
from release_tasks.memo import On, changing, invalidate
from release_tasks.shell import Failed, ask, do
from release_tasks.tools import git
from release_tasks.tools.git.origin import TOKENS

# large files stay pointers: none of them has a version that is edited
NO_LFS = {"GIT_LFS_SKIP_SMUDGE": "1"}
NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
WHO = ("user.name", "user.email")


@contextmanager
def clone(url: str) -> Iterator[Path]:
    """Clone what a URL names, with its default branch; removed at the end of the block."""
    with scratch("downstream") as folder:
        tree = folder.resolve() / "tree"
        ask(
            ["git", "clone", "--quiet", "--no-tags", url, tree],
            env=NO_LFS,
            secrets=TOKENS,
        )
        yield tree


@contextmanager
def copy(tree: Path) -> Iterator[Path]:
    """Give another clone of the commit at HEAD, in which programs of the project may run."""
    with scratch("downstream-copy") as folder:
        target = folder.resolve() / "tree"
        options = ("--quiet", "--no-hardlinks", "--no-checkout")
        ask(["git", "clone", *options, tree, target], env=NO_LFS)
        head = git.head(tree)
        ask(
            ["git", "checkout", "--quiet", "--detach", head],
            cwd=target,
            env=NO_LFS,
        )
        yield target


def fetch(tree: Path, url: str, branch: str) -> str | None:
    """Fetch a branch of the repository that is pushed to; return its commit, None without one."""
    ref = f"refs/heads/{branch}"
    listed = ask(["git", "ls-remote", url, ref], cwd=tree, secrets=TOKENS)
    for line in git.lines(listed):
        commit, name = line.split("\t")
        if name == ref:
            argv = ["git", "fetch", "--quiet", "--no-tags", url, commit]
            with changing(On.GIT):
                ask(argv, cwd=tree, secrets=TOKENS)
                invalidate()
            return commit
    return None


def check_out(tree: Path, commit: str) -> None:
    """Check a commit out, with exactly its files."""
    with changing(On.FILES, On.GIT):
        ask(
            [
                "git",
                *NO_HOOKS,
                "checkout",
                "--quiet",
                "--detach",
                "--force",
                commit,
            ],
            cwd=tree,
            env=NO_LFS,
        )
        invalidate()


def identity(tree: Path) -> dict[str, str]:
    """Return the variables with which commits elsewhere have the author that a tree's have."""
    found = {}
    for key in WHO:
        try:
            value = ask(["git", "config", key], cwd=tree).strip()
        except Failed:
            continue
        name = key.removeprefix("user.").upper()
        for role in git.ROLES:
            found[f"GIT_{role}_{name}"] = value
    return found


def commit(
    c: Context,
    tree: Path,
    paths: Sequence[str],
    message: str,
    env: Mapping[str, str],
) -> None:
    """Commit these paths of a clone of ours, without any hook."""
    names = git.literal(paths)
    with changing(On.FILES, On.GIT):
        do(c, ["git", "add", "--", *names], cwd=tree, env=NO_LFS)
        argv = ["git", *NO_HOOKS, "commit", "--quiet", "--message", message]
        do(c, [*argv, "--", *names], cwd=tree, env=env)


def push(
    c: Context, tree: Path, url: str, branch: str, replaced: str = ""
) -> None:
    """Push HEAD to a branch. With `replaced` (40 hex digits) it may replace that commit only."""
    argv = ["git", *NO_HOOKS, "push", "--quiet"]
    if replaced:
        argv.append(f"--force-with-lease=refs/heads/{branch}:{replaced}")
    argv += [url, f"HEAD:refs/heads/{branch}"]
    do(c, argv, cwd=tree, secrets=TOKENS)
