"""git: clones with an origin of their own, which a rehearsal releases from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from release_tasks.shell import ask


def clone_bare(tree: Path, bare: Path) -> None:
    """Make a bare clone of a repository."""
    ask(["git", "clone", "--quiet", "--bare", tree, bare])


def clone_url(url: str, folder: Path, env: Mapping[str, str]) -> None:
    """Clone what a URL names into `folder`; `env` is added to git's environment."""
    ask(["git", "clone", "--quiet", url, folder], env=env)


def push_head(tree: Path, bare: Path, branch: str) -> None:
    """Move `branch` of a bare repository to the commit at HEAD of `tree`."""
    ask(
        ["git", "push", "--quiet", "--force", bare, f"HEAD:refs/heads/{branch}"],
        cwd=tree,
    )


def set_default_branch(bare: Path, branch: str) -> None:
    """Let a clone of this repository check out `branch`."""
    ask(["git", "symbolic-ref", "HEAD", f"refs/heads/{branch}"], cwd=bare)


def set_origin(tree: Path, url: str) -> None:
    """Change the URL of the remote origin."""
    ask(["git", "remote", "set-url", "origin", url], cwd=tree)
