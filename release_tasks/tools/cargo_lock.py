"""Cargo.lock: brought to the versions of the workspace, by cargo itself."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from release_tasks import shell
from release_tasks.shell import Failed


def update(c: Context, root: Path) -> None:
    """Write the workspace's own versions into Cargo.lock; other packages stay as they are."""
    argv = ["cargo", "update", "--workspace", "--quiet"]
    try:
        shell.do(c, [*argv, "--offline"], cwd=root)
    except Failed:
        shell.do(c, argv, cwd=root)  # an index that was never fetched here


def prove(root: Path) -> None:
    """Raise `Failed` where the manifests and Cargo.lock disagree."""
    argv = ["cargo", "metadata", "--locked", "--format-version=1"]
    try:
        shell.ask([*argv, "--offline"], cwd=root)
    except Failed:
        shell.ask(argv, cwd=root)
