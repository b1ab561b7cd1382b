"""The commit's files, in a folder that builds may use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from invoke.context import Context

from release_tasks import shell
from release_tasks.release import Release
from release_tasks.tools.git import clones


@contextmanager
def clean_tree(c: Context, release: Release) -> Iterator[Path]:
    """Give a folder with exactly the commit's files; a dry run shows the source tree instead."""
    if shell.is_dry(c):
        yield release.source_tree
        return
    with clones.clean(release.source_tree, release.commit) as tree:
        yield tree


@contextmanager
def writable_copy(c: Context, release: Release, tree: Path) -> Iterator[Path]:
    """Give a copy of a clean tree that a build may write into; a dry run shows the tree instead."""
    if shell.is_dry(c):
        yield tree
        return
    with clones.clone(tree, release.commit) as copy:
        yield copy
