"""cargo: what a workspace consists of, and where it puts what it makes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.memo import On, memoized_on
from release_tasks.shell import Failed, ask

Package = dict[str, Any]  # with the keys that `cargo metadata` documents


@dataclass(frozen=True)
class Member:
    """A package of a workspace, as `cargo metadata` shows it."""

    name: str
    version: str
    folder: Path
    publish: bool  # crates.io may have it
    needs: tuple[str, ...]  # members in its normal, build and target-specific dependencies
    binaries: tuple[str, ...]
    tests_with: tuple[str, ...] = ()  # members in its dev-dependencies that carry a version


@dataclass(frozen=True)
class Workspace:
    """The packages of a workspace, by name, the folder in which cargo builds, and whether it has a lock file."""

    members: tuple[Member, ...]
    target: Path
    is_locked: bool
    packages: dict[str, Package] = field(default_factory=dict, repr=False, compare=False)


def workspace(root: Path) -> Workspace:
    """Return the workspace that a folder belongs to; raise `ReleaseError` for one that cargo cannot read."""
    data = metadata(root)
    packages = data["packages"]
    folders = {os.path.dirname(package["manifest_path"]) for package in packages}
    members = sorted((_member(package, folders) for package in packages), key=lambda m: m.name)
    is_locked = (Path(data["workspace_root"]) / "Cargo.lock").exists()
    return Workspace(
        tuple(members),
        Path(data["target_directory"]),
        is_locked,
        {package["name"]: package for package in packages},
    )


def packed(folder: Path) -> tuple[str, ...]:
    """Return the files that cargo would pack of the crate in `folder`, less those that it makes itself."""
    names = ask(
        ["cargo", "package", "--list", "--allow-dirty", "--offline"], cwd=folder
    ).splitlines()
    return tuple(name for name in names if (folder / name).exists())


def in_order(found: Iterable[Member]) -> tuple[Member, ...]:
    """Return members in the order in which crates.io can take them, dependencies first.

    A dev-dependency counts where it carries a version, as cargo packs it then. Raises
    `ReleaseError` for a circle, which cargo up to 1.95 reports only by a timeout, if at all.
    """
    by_name = {member.name: member for member in found}
    graph = {
        m.name: [n for n in (*m.needs, *m.tests_with) if n in by_name] for m in by_name.values()
    }
    try:
        return tuple(by_name[name] for name in TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = [str(name) for name in reversed(error.args[1])]
        back = next(((a, b) for a, b in pairwise(circle) if b not in by_name[a].needs), None)
        fix = (
            f"leave out the version of {back[1]} in the dev-dependencies of {back[0]}; cargo drops it there, then"
            if back
            else ""
        )
        fact = f"no order of publication: {' needs '.join(circle)}"
        raise ReleaseError(
            fact, fix or "move what they share into a crate that both need"
        ) from error


def select(names: Sequence[str], locked: bool) -> list[str]:
    """Return the words that make cargo work on these packages, without changing Cargo.lock."""
    return [*(["--locked"] if locked else []), *(word for name in names for word in ("-p", name))]


@memoized_on(On.FILES)
def metadata(root: Path) -> dict[str, Any]:
    """Return what cargo says of the workspace around a folder, without dependencies; raise `ReleaseError` where it cannot."""
    argv = ["cargo", "metadata", "--no-deps", "--offline", "--format-version=1"]
    try:
        found: dict[str, Any] = json.loads(ask(argv, cwd=root))
    except Failed as error:
        said = " ".join(line.strip() for line in error.output.splitlines() if line.strip()).replace(
            f"{root}/", ""
        )
        raise ReleaseError(
            f"cargo cannot read the workspace: {said[:500]}", "mend that manifest"
        ) from error
    return found


def _member(package: dict[str, Any], folders: set[str]) -> Member:
    own = [
        d
        for d in package["dependencies"]
        if d.get("path") in folders and d["name"] != package["name"]
    ]
    needs = {d["name"] for d in own if d["kind"] != "dev"}
    tests_with = {d["name"] for d in own if d["kind"] == "dev" and d["req"] != "*"}
    programs = [t["name"] for t in package["targets"] if "bin" in t["kind"]]
    registries = package["publish"]  # null stands for every registry
    return Member(
        package["name"],
        package["version"],
        Path(os.path.dirname(package["manifest_path"])),
        registries is None or "crates-io" in registries,
        tuple(sorted(needs)),
        tuple(sorted(programs)),
        tuple(sorted(tests_with)),
    )
