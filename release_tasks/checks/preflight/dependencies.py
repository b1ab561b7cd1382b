"""Dependencies: what crates.io and cargo make of them once the crates are no workspace any more."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import TopologicalSorter
from typing import Any

from release_tasks import endpoints
from release_tasks.channels import crates_index
from release_tasks.checks.check import CheckContext, Located, problem, warning
from release_tasks.checks.preflight.crates import line_of, manifest, published
from release_tasks.errors import ReleaseError, shorten
from release_tasks.formats.text_files import read
from release_tasks.http import get_many
from release_tasks.project.model import Binary, Crate, PythonPackage
from release_tasks.shell import Failed
from release_tasks.tools import cargo
from release_tasks.tools.cargo import lock as cargo_lock
from release_tasks.versions.requirements import admits

CRATES_IO = f"registry+{endpoints.GITHUB}/rust-lang/crates.io-index"
LOCK = "Cargo.lock"


@problem
def wildcard_requirement(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each dependency that asks for `*`, which crates.io refuses."""
    for _, package, path in published(case):
        for one in package["dependencies"]:
            if one["req"] == "*" and one["source"] == CRATES_IO:
                fix = f"give {one['name']} a version in {path}, the one of Cargo.lock for example"
                yield Located(
                    f"{path} takes any version of {one['name']}, and crates.io refuses that",
                    fix,
                    path,
                    line_of(case, path, one["name"]),
                )


@problem
def dependency_without_version(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each dependency that only a path or a git repository names; a published crate has neither."""
    for _, package, path in published(case):
        for one in package["dependencies"]:
            if one["req"] == "*" and one["source"] != CRATES_IO and one["kind"] != "dev":
                place = "its path" if one.get("path") else "a git repository"
                here = case.release.project.crates
                wants = next(
                    (crate.version for crate in here if crate.name == one["name"]), "X.Y.Z"
                )
                yield Located(
                    f"{path} names {one['name']} by {place} alone, and crates.io has no such dependency",
                    f'add version = "{wants}" to {one["name"]} in {path}, or where the workspace has it',
                    path,
                    line_of(case, path, one["name"]),
                )


@problem
def dependency_not_published(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each published crate that cannot be built without a crate of this repository that is not."""
    kept = {crate.name: crate for crate in case.release.project.crates if not crate.publish}
    for crate in case.shipped("crates", Crate):
        if lacking := [name for name in crate.needs if name in kept]:
            path = manifest(case, crate)
            fix = f"publish {shorten(lacking)} too, or say publish = false in {path}"
            yield Located(
                f"{crate.name} needs {shorten(lacking)}, which is not published",
                fix,
                path,
                line_of(case, path, lacking[0]),
            )


@problem
def dependency_cycle(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield the crates that need each other, so that none of them can be the first on crates.io."""
    names, workspace = (
        {crate.name for crate in case.shipped("crates", Crate)},
        case.release.project.workspace,
    )
    cargo.in_order(
        member for member in (workspace.members if workspace else ()) if member.name in names
    )
    yield from ()


@problem
def unknown_dependency(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each dependency of which neither this release nor crates.io has a version that fits."""
    ours = {crate.name for crate in case.shipped("crates", Crate)}
    kept = {crate.name for crate in case.release.project.crates if not crate.publish}
    known = ours | (
        cargo_lock.registry_packages(read(case.release.source_tree, LOCK))
        if LOCK in case.release.project.files
        else set()
    )
    asked = [
        (path, one)
        for _, package, path in published(case)
        for one in package["dependencies"]
        if one["req"] != "*"
        and one["name"] not in known
        and (one["kind"] == "dev" or one["name"] not in kept)
    ]
    names = list(dict.fromkeys(one["name"] for _, one in asked))
    there = dict(zip(names, get_many(crates_index.lines, names), strict=True))
    for path, one in asked:
        name, wanted = one["name"], one["req"]
        versions = [str(line["vers"]) for line in there[name] or () if not line.get("yanked")]
        if not any(admits(wanted, version) for version in versions):
            has = f"only {shorten(versions[::-1])}" if versions else "no such crate"
            fact = f"{path} needs {name} {wanted}, and crates.io has {has}"
            fix = f"mend the name or the version of {name} in {path}"
            if one.get("path"):
                fix = f"release {name} first, or name another version of it in {path}"
            if one["kind"] == "dev" and one.get("path"):
                fix = f"leave out the version of {name} in the dev-dependencies of {path}; cargo drops it there, then"
            yield Located(fact, fix, path, line_of(case, path, name))


@warning
def untracked_lock(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield that a program is built from dependencies that nobody can name later."""
    project = case.release.project
    programs = [name for crate in case.shipped("crates", Crate) for name in crate.binaries]
    programs += [one.name for one in case.shipped("binaries", Binary)]
    programs += [one.name for one in case.shipped("python", PythonPackage) if one.maturin]
    if project.manifest and programs and LOCK not in project.files:
        fact = f"{LOCK} is not in git, so that each build of {shorten(list(dict.fromkeys(programs)))} may take other dependencies"
        yield Located(
            fact,
            "git add --force Cargo.lock (cargo generate-lockfile makes one), and commit it",
            LOCK,
        )


@warning
def stale_lock(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield that Cargo.lock does not fit the manifests, so that cargo refuses --locked until a bump."""
    found = case.resolved
    if isinstance(found, Failed) and "--locked" in found.output:
        fact = f"{LOCK} does not fit the manifests, and cargo refuses --locked with it"
        yield Located(fact, "cargo update --workspace, and commit Cargo.lock", LOCK)


@warning
def rust_version_too_low(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each crate that promises an older Rust than a package it is built with."""
    found = case.resolved
    if found is None or isinstance(found, Failed):
        return
    packages = {package["id"]: package for package in found["packages"]}
    needs = {
        node["id"]: [
            one["pkg"]
            for one in node["deps"]
            if any(kind["kind"] != "dev" for kind in one["dep_kinds"])
        ]
        for node in found["resolve"]["nodes"]
    }
    worsts: dict[str, dict[str, Any]] = {}  # of everything that a package is built with, and itself
    for name in TopologicalSorter(needs).static_order():
        worsts[name] = max((packages[name], *(worsts[one] for one in needs[name])), key=_rust)
    for crate, package, path in published(case):
        worst = worsts[package["id"]]
        if package["rust_version"] and _rust(worst) > _rust(package):
            name, wanted = worst["name"], worst["rust_version"]
            fact = f"{crate.name} promises Rust {package['rust_version']}, and {name} {worst['version']} needs {wanted}"
            fix = f'let rust-version be "{wanted}" in {path}, or where the workspace has it, or lock an earlier {name}'
            yield Located(fact, fix, path, line_of(case, path, "rust-version"))


def _rust(package: cargo.Package) -> tuple[int, ...]:
    return tuple(map(int, f"{package['rust_version'] or 0}.0.0".split(".")[:3]))
