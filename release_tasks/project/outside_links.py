"""Tracked links to what is not in the repository: who reads them reads a file of this machine."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path

from release_tasks import files
from release_tasks.memo import On, memoized_on
from release_tasks.tools import git


@memoized_on(On.FILES, On.GIT)
def outside_links(tree: Path) -> dict[str, str]:
    """Return the target of each tracked link to what is not in the repository, by path.

    It is absolute, leads out of the tree or into git's own folder, or to a file that is here and
    that git does not track, such as `.env`.
    """
    found = {}
    for path in git.links(tree):
        place = tree / path
        # git writes plain files where `core.symlinks` is off
        if not place.is_symlink():
            continue
        target = os.readlink(place)
        is_outside = os.path.isabs(target) or files.leads_outside(tree, path)
        if is_outside or (place.exists() and not _is_tracked(tree, path)):
            found[path] = target
    return found


def _is_tracked(tree: Path, path: str) -> bool:
    """Tell whether a link leads to a tracked file, a folder with one, or into a submodule."""
    below = files.real_path(tree, path)
    if below in _tracked(tree) or below == ".":
        return True
    return any(
        below == submodule or below.startswith(f"{submodule}/")
        for submodule in git.submodules(tree)
    )


@memoized_on(On.FILES, On.GIT)
def _tracked(tree: Path) -> frozenset[str]:
    """Return the tracked files, and the folders that they are in."""
    found = set()
    for path in git.tracked(tree):
        found.add(path)
        while folder := posixpath.dirname(path):
            if folder in found:
                break
            found.add(folder)
            path = folder
    return frozenset(found)
