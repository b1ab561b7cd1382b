"""Tracked links that lead out of the repository: what reads them reads a file of this machine."""

from __future__ import annotations

import os
from pathlib import Path

from release_tasks import files
from release_tasks.memo import On, memoized_on
from release_tasks.tools import git


@memoized_on(On.FILES, On.GIT)
def outside_links(tree: Path) -> dict[str, str]:
    """Return the target of each tracked link that is absolute or leads out of the tree, by path.

    A link to another file of the same repository is not among them.
    """
    found = {}
    for path in git.links(tree):
        place = tree / path
        # git writes plain files where `core.symlinks` is off
        if not place.is_symlink():
            continue
        target = os.readlink(place)
        if os.path.isabs(target) or files.leads_outside(tree, path):
            found[path] = target
    return found
