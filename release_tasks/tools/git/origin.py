"""git: what a clone knows of its origin since the last fetch or push, without the network."""

from __future__ import annotations

from pathlib import Path

from release_tasks.shell import Failed, ask
from release_tasks.tools.git import commit_of, remote


def ahead(tree: Path, branch: str) -> int:
    """Return how many commits of HEAD are not on origin's branch, 0 where it was not fetched."""
    since = f"refs/remotes/{remote(tree)}/{branch}"
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
    if commit_of(tree, commit) is None:
        return False
    branches = ask(
        ["git", "branch", "--remotes", "--contains", commit], cwd=tree
    )
    return bool(branches.strip())
