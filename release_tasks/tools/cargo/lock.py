"""Cargo.lock: brought to the versions of the workspace, and checked by cargo."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from invoke.context import Context

from release_tasks import shell
from release_tasks.shell import Failed
from release_tasks.tools.cargo import steering
from release_tasks.versions.numbers import parse

LOCK = "Cargo.lock"

# A package without a source is the workspace's own.
_OWN = re.compile(
    r'(^name = "([^"]+)"\r?\nversion = ")([^"]+)(?="(?!\r?\nsource = ))', re.M
)
# what `cargo update` prints to stderr
_UPDATE = re.compile(r"^ *Updating (\S+) v(\S+)(?: \([^)]*\))? -> v(\S+)", re.M)
_FROM_REGISTRY = re.compile(
    r'^name = "([^"]+)"\r?\nversion = "[^"]+"\r?\nsource = "registry\+', re.M
)
# A dependency is "name", "name version" or "name version (source)".
_DEPENDENCY = re.compile(r'(^ "([^" ]+) )([^" ]+)(?=")', re.M)


def bumped(text: str, versions: Mapping[str, str]) -> str:
    """Return a lock file's text with new versions of the workspace's own packages, by name."""
    old = {
        (found[2], found[3])
        for found in _OWN.finditer(text)
        if found[2] in versions
    }

    def with_new_version(found: re.Match[str]) -> str:
        if (found[2], found[3]) in old:
            return found[1] + versions[found[2]]
        return found[0]

    return _DEPENDENCY.sub(with_new_version, _OWN.sub(with_new_version, text))


def own_packages(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield name, version and the version's offset, of each package without a source."""
    for found in _OWN.finditer(text):
        yield found[2], found[3], found.start(3)


def registry_packages(text: str) -> set[str]:
    """Return the names of the packages that come from a registry."""
    return {found[1] for found in _FROM_REGISTRY.finditer(text)}


class Update(NamedTuple):
    """A package of Cargo.lock that is behind."""

    name: str
    old: str
    new: str


def updates(root: Path) -> tuple[Update, ...]:
    """Return what `cargo update` would change; Cargo.lock stays as it is.

    Raises `Failed` where cargo cannot read the index.
    """
    argv = ["cargo", "update", "--dry-run", "--color=never"]
    text = shell.ask(argv, cwd=root, env=steering.pins(root), with_stderr=True)
    return tuple(Update(*found) for found in _UPDATE.findall(text))


def resolved(root: Path) -> dict[str, Any] | Failed:
    """Return `cargo metadata` with every package of Cargo.lock, or why cargo cannot read it.

    The network is not used.
    """
    try:
        return dict(json.loads(check_locked(root, "--offline")))
    except Failed as error:
        return error


def move_to(
    c: Context, root: Path, versions: Mapping[str, str]
) -> tuple[str, ...]:
    """Let cargo lock these versions of crates of crates.io, where older ones are locked.

    Return the crates that something else keeps at an older version. Raises `Failed` where cargo
    cannot resolve the manifests.
    """
    env = steering.pins(root)
    argv = ["cargo", "update", "--workspace", "--quiet"]
    shell.do(c, argv, cwd=root, env=env)
    stayed = []
    for name, version in versions.items():
        locked = locked_versions((root / LOCK).read_text("utf-8"), name)
        if not locked or version in locked:
            continue
        highest = max(locked, key=parse)
        if parse(highest) > parse(version):
            continue
        words = ["cargo", "update", "--quiet", f"{name}@{highest}"]
        try:
            shell.do(c, [*words, "--precise", version], cwd=root, env=env)
        except Failed:
            stayed.append(name)
    return tuple(stayed)


def locked_versions(text: str, name: str) -> list[str]:
    """Return the versions of a crate that a lock takes from a registry."""
    pattern = (
        rf'^name = "{re.escape(name)}"\r?\n'
        r'version = "([^"]+)"\r?\nsource = "registry\+'
    )
    return re.findall(pattern, text, re.M)


def is_bump(old: bytes, new: bytes) -> bool:
    """Tell whether two lock files differ only in the versions of the workspace's own packages."""
    return _without_own_versions(old) == _without_own_versions(new)


def update(c: Context, root: Path) -> None:
    """Let cargo write the workspace's own versions into Cargo.lock; other packages stay.

    Raises `Failed` where cargo cannot, or where Cargo.lock does not match the manifests after it.
    """
    shell.do(c, ["cargo", "update", "--workspace", "--quiet"], cwd=root)
    check_locked(root)


def check_locked(root: Path, *options: str) -> str:
    """Return `cargo metadata`; raise `Failed` where Cargo.lock does not match the manifests."""
    argv = ["cargo", "metadata", "--locked", "--format-version=1", *options]
    return shell.ask(argv, cwd=root)


def _without_own_versions(text: bytes) -> object:
    """Return a lock file as data, without the versions of packages that have no source."""
    try:
        data = tomllib.loads(text.decode())
    except ValueError:
        return text
    for package in data.get("package", ()):
        if "source" not in package:
            package.pop("version", None)
        dependencies = package.get("dependencies", ())
        package["dependencies"] = [
            _without_own_version(name) for name in dependencies
        ]
    return data


def _without_own_version(dependency: str) -> str:
    """Return a dependency without its version, unless it has a source."""
    if "(" in dependency:
        return dependency
    return dependency.split(" ")[0]
