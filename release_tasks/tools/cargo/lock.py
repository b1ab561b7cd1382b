"""Cargo.lock: brought to the versions of the workspace, and proved by cargo."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from invoke.context import Context

from release_tasks import shell
from release_tasks.shell import Failed

_OWN = re.compile(r'(^name = "([^"]+)"\r?\nversion = ")([^"]+)(?="(?!\r?\nsource = ))', re.M)
_TAKEN = re.compile(r'^name = "([^"]+)"\r?\nversion = "[^"]+"\r?\nsource = "registry\+', re.M)
_NEED = re.compile(
    r'(^ "([^" ]+) )([^" ]+)(?=")', re.M
)  # a package of a registry has its source behind the version


def bumped(text: str, versions: Mapping[str, str]) -> str:
    """Return a lock file's text with new versions of the workspace's own packages, by their names."""
    own = {(found[2], found[3]) for found in _OWN.finditer(text) if found[2] in versions}

    def moved(found: re.Match[str]) -> str:
        return found[1] + versions[found[2]] if (found[2], found[3]) in own else found[0]

    return _NEED.sub(moved, _OWN.sub(moved, text))


def own(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield name, version and its place of each package that comes from no registry."""
    for found in _OWN.finditer(text):
        yield found[2], found[3], found.start(3)


def taken(text: str) -> set[str]:
    """Return the names of the packages that come from a registry."""
    return {found[1] for found in _TAKEN.finditer(text)}


def resolved(root: Path) -> dict[str, Any] | Failed:
    """Return what cargo makes of Cargo.lock, with every package in it, without asking anybody, or why it cannot."""
    try:
        return dict(json.loads(check_locked(root, "--offline")))
    except Failed as error:
        return error


def is_bump(old: bytes, new: bytes) -> bool:
    """Tell whether two texts of Cargo.lock differ only in the versions of the workspace's own packages."""
    return _others(old) == _others(new)


def update(c: Context, root: Path) -> None:
    """Let cargo write the workspace's own versions into Cargo.lock; other packages stay as they are.

    Raises `Failed` where cargo cannot, or where the manifests and Cargo.lock disagree after it.
    """
    shell.do(c, ["cargo", "update", "--workspace", "--quiet"], cwd=root)
    check_locked(root)


def check_locked(root: Path, *network: str) -> str:
    """Return what cargo says of a workspace whose Cargo.lock and manifests agree; raise `Failed` where they do not."""
    return shell.ask(["cargo", "metadata", "--locked", "--format-version=1", *network], cwd=root)


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
        package["dependencies"] = [
            d if "(" in d else d.split(" ")[0] for d in package.get("dependencies", ())
        ]
    return data
