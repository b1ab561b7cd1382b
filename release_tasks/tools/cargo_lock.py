"""Cargo.lock: brought to the versions of the workspace, by cargo itself."""

from __future__ import annotations

import tomllib
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


def is_bump(old: bytes, new: bytes) -> bool:
    """Tell whether two texts of Cargo.lock differ only in the versions of the workspace's own packages."""
    return _others(old) == _others(new)


def update(c: Context, root: Path, offline: bool) -> None:
    """Write the workspace's own versions into Cargo.lock; other packages stay as they are."""
    network = ["--offline"] if offline else []
    shell.do(c, ["cargo", "update", "--workspace", "--quiet", *network], cwd=root)


def prove(root: Path, offline: bool) -> None:
    """Raise `Failed` where the manifests and Cargo.lock disagree."""
    network = ["--offline"] if offline else []
    shell.ask(["cargo", "metadata", "--locked", "--format-version=1", *network], cwd=root)


def _others(text: bytes) -> object:
    """Return a lock file as data, without the versions of packages that come from no registry."""
    try:
        data = tomllib.loads(text.decode())
    except ValueError:
        return text
    for package in data.get("package", ()):
        if "source" not in package:
            package.pop("version", None)
        # a dependency is "name", "name version" or "name version (source)"
        package["dependencies"] = [d if "(" in d else d.split(" ")[0] for d in package.get("dependencies", ())]
    return data
