"""cargo: which crates a workspace has, what they need, and the order to publish them in."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import Any

from release_tasks import files
from release_tasks.errors import ReleaseError
from release_tasks.memo import On, memoized_on
from release_tasks.shell import Failed, ask
from release_tasks.tools import rustup

Package = dict[str, Any]  # with the keys that `cargo metadata` documents
# Else cargo takes registry.default, or refuses where `publish` lists or a vendored source differ.
CRATES_IO = ("--registry", "crates-io")


@dataclass(frozen=True)
class Verification:
    """How a crate is compiled from its tarball; the default is what `cargo package` does."""

    features: tuple[str, ...] = ()
    all_features: bool = False
    default_features: bool = True
    target: str | None = None
    is_wanted: bool = True
    reason: str = ""  # why it is not wanted

    @property
    def options(self) -> list[str]:
        """Return the options for cargo."""
        options = []
        if self.features:
            options += ["--features", ",".join(self.features)]
        if self.all_features:
            options.append("--all-features")
        if not self.default_features:
            options.append("--no-default-features")
        if self.target:
            options += ["--target", self.target]
        return options


@dataclass(frozen=True)
class Member:
    """A package of a workspace, as `cargo metadata` shows it."""

    name: str
    version: str
    folder: Path
    publish: bool  # crates.io is one of its registries
    # members in its normal, build and target-specific dependencies
    needs: tuple[str, ...]
    binaries: tuple[str, ...]
    # members in its dev-dependencies that have a version
    tests_with: tuple[str, ...] = ()


@dataclass(frozen=True)
class Workspace:
    """The packages of a workspace, where cargo builds them, and whether there is a lock file."""

    members: tuple[Member, ...]
    target: Path
    is_locked: bool
    packages: dict[str, Package] = field(
        default_factory=dict, repr=False, compare=False
    )
    root: Path = Path()  # the folder of its Cargo.toml


def workspace(root: Path) -> Workspace:
    """Return the workspace around a folder; raise `ReleaseError` where cargo cannot read it."""
    data = metadata(root)
    packages = {package["name"]: package for package in data["packages"]}
    folders = {_folder(package) for package in packages.values()}
    members = [_member(package, folders) for package in packages.values()]
    members.sort(key=lambda member: member.name)
    top = Path(data["workspace_root"])
    is_locked = (top / "Cargo.lock").exists()
    return Workspace(
        tuple(members), Path(data["target_directory"]), is_locked, packages, top
    )


def in_order(
    members: Iterable[Member], satisfied: Collection[tuple[str, str]] = ()
) -> tuple[Member, ...]:
    """Return members in an order in which crates.io accepts them, dependencies first.

    A dev-dependency counts where it has a version, as cargo packs it then, unless it is in
    `satisfied`: crate and dependency. Raises `ReleaseError` for a cycle, which cargo up to 1.95
    only reports by a timeout, if at all.
    """
    by_name = {member.name: member for member in members}
    graph = {}
    for member in by_name.values():
        needed = set(member.needs)
        for name in member.tests_with:
            if (member.name, name) not in satisfied:
                needed.add(name)
        graph[member.name] = sorted(needed & set(by_name))
    try:
        return tuple(
            by_name[name] for name in TopologicalSorter(graph).static_order()
        )
    except CycleError as error:
        cycle = [str(name) for name in reversed(error.args[1])]
        fact = f"the crates depend on each other: {' needs '.join(cycle)}"
        raise ReleaseError(fact, _cycle_fix(cycle, by_name)) from error


def packs_in_order(members: Iterable[Member]) -> bool:
    """Tell whether one call of `cargo package` packs every crate after those that it needs.

    cargo follows dependencies from the first name on, and leaves a circle where it entered it
    (`Graph::sort` in its source).
    """
    by_name = {member.name: member for member in members}
    order: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen or name not in by_name:
            return
        seen.add(name)
        member = by_name[name]
        for other in sorted({*member.needs, *member.tests_with}):
            visit(other)
        order.append(name)

    for name in sorted(by_name):
        visit(name)
    position = {name: index for index, name in enumerate(order)}
    for member in by_name.values():
        needed = [position[name] for name in member.needs if name in position]
        if any(index > position[member.name] for index in needed):
            return False
    return True


def locked(is_locked: bool) -> list[str]:
    """Return the option that keeps Cargo.lock as it is, where there is one."""
    return ["--locked"] if is_locked else []


def select(names: Sequence[str], is_locked: bool) -> list[str]:
    """Return the options that select packages and keep Cargo.lock as it is."""
    options = locked(is_locked)
    for name in names:
        options += ["-p", name]
    return options


@memoized_on(On.FILES)
def metadata(root: Path) -> dict[str, Any]:
    """Return `cargo metadata` of the workspace around a folder, without dependencies.

    Raises `ReleaseError` where cargo cannot read it.
    """
    argv = ["cargo", "metadata", "--no-deps", "--offline", "--format-version=1"]
    try:
        data: dict[str, Any] = json.loads(ask(argv, cwd=root))
    except Failed as error:
        missing = rustup.missing_toolchain(error, root)
        if missing:
            raise missing from error
        said = rustup.without_backtrace(error.output)
        reason = " ".join(said.split()).replace(
            f"{files.repository(root)}/", ""
        )
        fact = f"cargo cannot read the workspace: {reason[:500]}"
        raise ReleaseError(fact, "fix that manifest") from error
    return data


def _cycle_fix(cycle: Sequence[str], members: dict[str, Member]) -> str:
    for name, needed in pairwise(cycle):
        if needed not in members[name].needs:  # a dev-dependency
            return (
                f"remove the version of {needed} in the dev-dependencies of {name};"
                " cargo then leaves that dependency out of the package"
            )
    return "move what they share into a crate that both need"


def _member(package: Package, folders: set[str]) -> Member:
    needs = set()
    tests_with = set()
    for dependency in package["dependencies"]:
        name = dependency["name"]
        if dependency.get("path") not in folders or name == package["name"]:
            continue
        if dependency["kind"] != "dev":
            needs.add(name)
        elif dependency["req"] != "*":
            tests_with.add(name)
    binaries = {
        target["name"]
        for target in package["targets"]
        if "bin" in target["kind"]
    }
    registries = package["publish"]  # null means every registry
    return Member(
        name=package["name"],
        version=package["version"],
        folder=Path(_folder(package)),
        publish=registries is None or "crates-io" in registries,
        needs=tuple(sorted(needs)),
        binaries=tuple(sorted(binaries)),
        tests_with=tuple(sorted(tests_with)),
    )


def _folder(package: Package) -> str:
    return os.path.dirname(str(package["manifest_path"]))
