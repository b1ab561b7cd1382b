"""git: what a clone has of its origin, and its origin of it, without asking over the network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from release_tasks.shell import ask
from release_tasks.tools.git import commit_of


def between(tree: Path, since: str, until: str) -> int:
    """Return how many commits `until` has that `since` lacks."""
    return int(ask(["git", "rev-list", "--count", f"{since}..{until}"], cwd=tree))


def is_shallow(tree: Path) -> bool:
    """Tell whether the clone has only a part of the history."""
    return ask(["git", "rev-parse", "--is-shallow-repository"], cwd=tree).strip() == "true"


def submodules(tree: Path) -> Mapping[str, str]:
    """Return the path of each submodule and the commit that HEAD has of it."""
    rows = (
        line.split()
        for line in ask(["git", "ls-tree", "-r", "HEAD"], cwd=tree).splitlines()
        if line.startswith("160000")
    )
    return {path: commit for _, _, commit, path in rows}


def is_on_remote(tree: Path, commit: str) -> bool:
    """Tell whether a remote branch has the commit, as of the last fetch or push."""
    return commit_of(tree, commit) is not None and bool(
        ask(["git", "branch", "--remotes", "--contains", commit], cwd=tree).strip()
    )
