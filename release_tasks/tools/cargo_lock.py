"""Cargo.lock: brought to the versions of the workspace, by cargo itself."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from release_tasks import shell
from release_tasks.shell import Failed


def is_cached(root: Path) -> bool:
    """Tell whether cargo has every locked package here, so that it needs no network."""
    try:
        shell.ask(["cargo", "metadata", "--locked", "--offline", "--format-version=1"], cwd=root)
    except Failed:
        return False
    return True


def update(c: Context, root: Path, offline: bool) -> None:
    """Write the workspace's own versions into Cargo.lock; other packages stay as they are."""
    network = ["--offline"] if offline else []
    shell.do(c, ["cargo", "update", "--workspace", "--quiet", *network], cwd=root)


def prove(root: Path, offline: bool) -> None:
    """Raise `Failed` where the manifests and Cargo.lock disagree."""
    network = ["--offline"] if offline else []
    shell.ask(["cargo", "metadata", "--locked", "--format-version=1", *network], cwd=root)
