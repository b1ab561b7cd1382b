"""git: branches that are made, merged and deleted, and what a merge could not decide."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from release_tasks import files
from release_tasks.memo import On, changing, memoized_on
from release_tasks.shell import Failed, ask, ask_bytes, do
from release_tasks.tools import git

BASE, OURS, THEIRS = 1, 2, 3  # stages of the index (git-merge(1))


def head(tree: Path, branch: str) -> str | None:
    """Return the commit of a branch of this repository, None where there is no such branch."""
    return git.commit_of(tree, f"refs/heads/{branch}")


def switch(c: Context, tree: Path, branch: str, start: str = "") -> None:
    """Check a branch out; with `start` it is made there."""
    argv = ["git", "switch", "--quiet", branch]
    if start:
        argv = ["git", "switch", "--quiet", "--no-track", "--create", branch]
        argv.append(start)
    with changing(On.FILES, On.GIT):
        do(c, argv, cwd=tree)


def fast_forward(c: Context, tree: Path, commit: str) -> None:
    """Move the current branch on to a commit that comes after it."""
    with changing(On.FILES, On.GIT):
        do(c, ["git", "merge", "--quiet", "--ff-only", commit], cwd=tree)


def merge(c: Context, tree: Path, branch: str) -> None:
    """Merge a branch into the current one with a commit of its own.

    Raises `Failed` where both have changed the same lines: the merge then waits for somebody.
    """
    argv = ["git", "merge", "--quiet", "--no-ff", "--no-edit", branch]
    with changing(On.FILES, On.GIT):
        do(c, argv, cwd=tree)


@memoized_on(On.GIT)
def is_merging(tree: Path) -> bool:
    """Tell whether a merge waits for somebody."""
    return git.commit_of(tree, "MERGE_HEAD") is not None


@memoized_on(On.FILES, On.GIT)
def conflicts(tree: Path) -> tuple[str, ...]:
    """Return the paths that a merge could not decide."""
    argv = ["git", "diff", "--name-only", "--diff-filter=U", "-z"]
    return tuple(filter(None, ask(argv, cwd=tree).split("\0")))


def finish_merge(c: Context, tree: Path) -> None:
    """Commit a merge of which every path is decided."""
    with changing(On.FILES, On.GIT):
        do(c, ["git", "commit", "--quiet", "--no-edit"], cwd=tree)


def stage(c: Context, tree: Path, path: str) -> None:
    """Say that a path of a merge is decided as it is in the work tree."""
    with changing(On.FILES, On.GIT):
        do(c, ["git", "add", "--", *git.literal([path])], cwd=tree)


def delete(c: Context, tree: Path, branch: str) -> None:
    """Delete a branch of this repository, wherever its commits are."""
    with changing(On.GIT):
        do(c, ["git", "branch", "--quiet", "-D", branch], cwd=tree)


@memoized_on(On.FILES, On.GIT)
def blob(tree: Path, name: str) -> bytes | None:
    """Return what git stores as `COMMIT:PATH` or `:STAGE:PATH`, None where there is nothing."""
    try:
        return ask_bytes(["git", "cat-file", "blob", name], cwd=tree)
    except Failed:
        return None


@memoized_on(On.GIT)
def changed_by(tree: Path, commit: str) -> tuple[str, ...]:
    """Return the paths that a commit changes."""
    options = ["--no-commit-id", "--name-only", "-r", "-z"]
    argv = ["git", "diff-tree", *options, commit]
    return tuple(filter(None, ask(argv, cwd=tree).split("\0")))


@memoized_on(On.GIT)
def message(tree: Path, commit: str) -> str:
    """Return the message of a commit."""
    return ask(["git", "log", "-1", "--format=%B", commit], cwd=tree).strip()


def merged_text(ours: bytes, base: bytes, theirs: bytes) -> bytes | None:
    """Return a file with the changes of both sides, None where they changed the same lines."""
    with files.scratch("merge") as folder:
        paths = [folder / name for name in ("ours", "base", "theirs")]
        for path, data in zip(paths, (ours, base, theirs), strict=True):
            files.write_bytes(path, data)
        try:
            return ask_bytes(["git", "merge-file", "-p", *map(str, paths)])
        except Failed:
            return None
