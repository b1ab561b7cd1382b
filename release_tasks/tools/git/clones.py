"""git: copies of a commit: clones to build in, exports without history, origins to rehearse on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from release_tasks.files import scratch
from release_tasks.shell import ask
from release_tasks.tools import git
from release_tasks.tools.git import whole


@contextmanager
def clean(tree: Path, commit: str) -> Iterator[Path]:
    """Give a folder with exactly the files of a commit: `tree` itself, or a clone of it.

    The clone is removed at the end of the block. Raises `ReleaseError` where a submodule or a
    file of Git LFS cannot be had.
    """
    is_there = not git.changed(tree) and git.head(tree) == commit
    if is_there and not whole.missing(tree):
        yield tree
        return
    with clone(tree, commit) as copy:
        yield copy


@contextmanager
def clone(tree: Path, commit: str) -> Iterator[Path]:
    """Make a clone at a commit, with history and tags; it is removed at the end of the block.

    Raises `ReleaseError` where a submodule or a file of Git LFS cannot be had.
    """
    with scratch("clone") as folder:
        copy = folder.resolve() / "tree"
        _check_out(tree, commit, copy)
        whole.fill(copy, tree)
        whole.refuse_missing(copy)
        yield copy


@contextmanager
def manifests_at(tree: Path, commit: str) -> Iterator[Path]:
    """Make a clone to read a commit's manifests in; it is removed at the end of the block.

    Submodules that are not here stay empty in it.
    """
    with scratch("clone") as folder:
        copy = folder.resolve() / "tree"
        _check_out(tree, commit, copy)
        whole.fill(copy, tree, only_local=True)
        yield copy


def export(tree: Path, commit: str, folder: Path) -> None:
    """Write the files of a commit into a new folder, as a checkout has them, without any history.

    Their times are that of the commit. Raises `ReleaseError` as `clone` does.
    """
    _check_out(tree, commit, folder)
    whole.fill(folder, tree)
    whole.refuse_missing(folder)
    whole.remove_git(folder)
    seconds = git.commit_time(tree, commit)
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (seconds, seconds), follow_symlinks=False)


def clone_bare(tree: Path, bare: Path) -> None:
    """Make a bare clone of a repository."""
    ask(["git", "clone", "--quiet", "--bare", tree, bare])


def clone_url(
    url: str, folder: Path, env: Mapping[str, str], source: Path
) -> None:
    """Clone what a URL names into `folder`; `env` is added to git's environment.

    Submodules and files of Git LFS come from `source`, a checkout of the same commit. Raises
    `ReleaseError` where they cannot be had.
    """
    options = whole.clone_options(source)
    ask(["git", "clone", "--quiet", *options, url, folder], env=env)
    whole.fill(folder, source)
    whole.refuse_missing(folder)


def push_head(tree: Path, bare: Path, branch: str) -> None:
    """Move `branch` of a bare repository to the commit at HEAD of `tree`."""
    ask(
        [
            "git",
            "push",
            "--quiet",
            "--force",
            bare,
            f"HEAD:refs/heads/{branch}",
        ],
        cwd=tree,
    )


def set_default_branch(bare: Path, branch: str) -> None:
    """Let a clone of this repository check out `branch`."""
    ask(["git", "symbolic-ref", "HEAD", f"refs/heads/{branch}"], cwd=bare)


def set_origin(tree: Path, url: str) -> None:
    """Change the URL of the remote origin."""
    ask(["git", "remote", "set-url", "origin", url], cwd=tree)


def commit_files(
    tree: Path, names: Sequence[str], env: Mapping[str, str]
) -> None:
    """Commit these files in a clone of ours, without any hook; `env` has who and when."""
    ask(["git", "add", "--force", "--", *git.literal(names)], cwd=tree, env=env)
    message = ("--quiet", "--no-verify", "--message", "Set up release-tasks")
    ask(
        ["git", "commit", *message, "--", *git.literal(names)],
        cwd=tree,
        env=env,
    )


def _check_out(tree: Path, commit: str, folder: Path) -> None:
    argv: list[str | Path] = [
        "git",
        "clone",
        "--quiet",
        "--shared",
        "--no-checkout",
    ]
    argv += whole.clone_options(tree)
    ask([*argv, git.common_dir(tree), folder])
    ask(["git", "checkout", "--quiet", "--detach", commit], cwd=folder)
