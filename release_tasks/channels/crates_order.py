"""The order in which crates.io accepts crates, with what it has of them already."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from release_tasks.channels import crates_index
from release_tasks.errors import ReleaseError
from release_tasks.http import get_many
from release_tasks.tools import cargo
from release_tasks.tools.cargo import Member, Package, Workspace
from release_tasks.versions.requirements import admits, updated

Batch = tuple[Member, ...]


class Versions(NamedTuple):
    """The published versions of a crate, oldest first."""

    usable: tuple[str, ...]
    yanked: tuple[str, ...]


def in_order(
    workspace: Workspace, versions: Mapping[str, str]
) -> tuple[Member, ...]:
    """Return the crates `versions`, which get these new versions, dependencies first.

    A dev-dependency that a published version satisfies does not have to come first, as cargo
    resolves it by what is public. crates.io is asked only where the order has a cycle otherwise.
    Raises `ReleaseError` for a cycle, and for one that cargo packs from the wrong end.
    """
    members = [
        member for member in workspace.members if member.name in versions
    ]
    try:
        return cargo.in_order(members)
    except ReleaseError:
        found = cargo.in_order(
            members, _satisfied(workspace, members, versions)
        )
        if not cargo.packs_in_order(found):
            raise
        return found


def batches(members: Sequence[Member]) -> Iterator[Batch]:
    """Yield crates, which are in order, as far as one call of cargo can upload them.

    cargo uploads nothing where dev-dependencies with a version lead in a circle.
    """
    rest = list(members)
    while rest:
        count = _count_without_cycle(rest)
        yield tuple(rest[:count])
        rest = rest[count:]


def published_versions(names: Sequence[str]) -> dict[str, Versions]:
    """Return the versions of crates on crates.io, by name."""
    found = {}
    for name, lines in zip(
        names, get_many(crates_index.lines, names), strict=True
    ):
        usable: list[str] = []
        yanked: list[str] = []
        for line in lines or ():
            kept = yanked if line.get("yanked") else usable
            kept.append(str(line["vers"]))
        found[name] = Versions(tuple(usable), tuple(yanked))
    return found


def fits(requirement: str, versions: Sequence[str]) -> bool:
    """Tell whether cargo accepts one of the versions for a requirement."""
    return any(admits(requirement, version) for version in versions)


def requirement_after(requirement: str, version: str) -> str:
    """Return what a bump to `version` makes of a requirement; one it cannot change stays."""
    try:
        return updated(requirement, version)
    except ReleaseError:
        return requirement


def _count_without_cycle(members: Sequence[Member]) -> int:
    """Return how many of the first members have no cycle among them, at least one."""
    if not _has_cycle(members):
        return len(members)
    # more crates never break a circle, so the sizes without one come first
    sizes = range(1, len(members))
    count = bisect_left(
        sizes, True, key=lambda size: _has_cycle(members[:size])
    )
    return max(count, 1)


def _has_cycle(members: Sequence[Member]) -> bool:
    try:
        cargo.in_order(members)
    except ReleaseError:
        return True
    return False


def _satisfied(
    workspace: Workspace, members: Sequence[Member], versions: Mapping[str, str]
) -> set[tuple[str, str]]:
    """Return crate and dev-dependency wherever crates.io has a version that fits."""
    pairs = [(one.name, name) for one in members for name in one.tests_with]
    wanted = [(user, name) for user, name in pairs if name in versions]
    published = published_versions(
        list(dict.fromkeys(name for _, name in wanted))
    )
    found = set()
    for user, name in wanted:
        requirements = _dev_requirements(workspace.packages[user], name)
        after = [requirement_after(one, versions[name]) for one in requirements]
        if all(fits(one, published[name].usable) for one in after):
            found.add((user, name))
    return found


def _dev_requirements(package: Package, name: str) -> list[str]:
    return [
        str(dependency["req"])
        for dependency in package["dependencies"]
        if dependency["name"] == name and dependency["kind"] == "dev"
    ]
