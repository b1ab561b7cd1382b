"""git: what a clone has of its origin, and its origin of it, without asking over the network."""

from __future__ import annotations

from pathlib import Path

from release_tasks.shell import Failed, ask
from release_tasks.tools.git import commit_of


def ahead(tree: Path, branch: str) -> int:
    """Return how many commits HEAD has that origin's branch had at the last fetch, 0 where that is not known."""
    since = f"refs/remotes/origin/{branch}"
    try:
        return int(ask(["git", "rev-list", "--count", f"{since}..HEAD", "--"], cwd=tree))
    except Failed:  # never fetched
        return 0


def is_on_remote(tree: Path, commit: str) -> bool:
    """Tell whether a remote branch has the commit, as of the last fetch or push."""
    return commit_of(tree, commit) is not None and bool(
        ask(["git", "branch", "--remotes", "--contains", commit], cwd=tree).strip()
    )
