"""Dependencies: what crates.io, cargo and PyPI make of them outside of the repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any, NamedTuple

from release_tasks import endpoints
from release_tasks.channels import crates_order, pypi
from release_tasks.checks.check import CheckContext, problem, warning
from release_tasks.checks.preflight.crates import (
    PublishedCrate,
    line_of,
    manifest,
    published,
)
from release_tasks.errors import (
    Problem,
    ReleaseError,
    collect_problems,
    shorten,
)
from release_tasks.formats import text_files
from release_tasks.formats.text_files import read
from release_tasks.http import get_many
from release_tasks.manifests import pyproject
from release_tasks.printable import word
from release_tasks.project.model import (
    Binary,
    Crate,
    PythonPackage,
    normal_name,
    resolved_or_empty,
)
from release_tasks.project.python_packages import crates_in
from release_tasks.shell import Failed
from release_tasks.tools import cargo, pip
from release_tasks.tools.cargo import lock as cargo_lock
from release_tasks.tools.cargo.rustflags import Platforms

if TYPE_CHECKING:
    from packaging.requirements import Requirement

CRATES_IO = f"registry+{endpoints.GITHUB}/rust-lang/crates.io-index"
TIER_1 = (  # the Rust book on platforms, "Tier 1 with Host Tools", the most used ones
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-pc-windows-msvc",
    "aarch64-apple-darwin",
)
Dependency = dict[str, Any]  # as cargo metadata has it


@problem
def wildcard_requirement(context: CheckContext) -> Iterator[Problem]:
    """Find each dependency with the version `*`, which crates.io refuses."""
    for crate, dependency in _dependencies(context):
        name = dependency["name"]
        if dependency["req"] == "*" and dependency["source"] == CRATES_IO:
            yield Problem(
                f"{crate.manifest} takes any version of {name}, which crates.io refuses",
                f"give {name} a version in {crate.manifest}, e.g. the one in Cargo.lock",
                crate.manifest,
                line_of(context, crate.manifest, name),
            )


@problem
def dependency_without_version(context: CheckContext) -> Iterator[Problem]:
    """Find each dependency with a path or a git repository only; crates.io has neither."""
    versions = {crate.name: crate.version for crate in context.project.crates}
    for crate, dependency in _dependencies(context):
        name = dependency["name"]
        is_elsewhere = (
            dependency["req"] == "*" and dependency["source"] != CRATES_IO
        )
        if not is_elsewhere or dependency["kind"] == "dev":
            continue
        place = "a git repository"
        if dependency.get("path"):
            place = "a path"
        version = versions.get(name, "X.Y.Z")
        yield Problem(
            f"{crate.manifest} depends on {name} by {place} only, which crates.io refuses",
            f'add version = "{version}" to {name} in {crate.manifest} or in the workspace',
            crate.manifest,
            line_of(context, crate.manifest, name),
        )


@problem
def dependency_not_published(context: CheckContext) -> Iterator[Problem]:
    """Find each published crate that needs a crate of this repository that is not published."""
    private = {
        crate.name for crate in context.project.crates if not crate.publish
    }
    for crate in context.shipped("crates", Crate):
        names = [name for name in crate.needs if name in private]
        if names:
            path = manifest(context, crate)
            yield Problem(
                f"{crate.name} needs {shorten(names)}, which is not published",
                f"publish {shorten(names)} too, or set publish = false in {path}",
                path,
                line_of(context, path, names[0]),
            )


@problem
def dependency_cycle(context: CheckContext) -> list[Problem]:
    """Find crates that need each other, so that none of them can be uploaded first."""
    workspace = context.project.workspace
    if workspace is None:
        return []
    versions = _new_versions(context)

    def look() -> None:
        crates_order.in_order(workspace, versions)

    return collect_problems(look)


@problem
def unknown_dependency(context: CheckContext) -> Iterator[Problem]:
    """Find each dependency of which neither this release nor crates.io has a fitting version."""
    new = _new_versions(context)
    wanted = list(_unresolved(context))
    names = list(dict.fromkeys(dependency["name"] for _, dependency in wanted))
    published_versions = crates_order.published_versions(names)
    for crate, dependency in wanted:
        name = dependency["name"]
        requirement = dependency["req"]
        if name in new:
            requirement = crates_order.requirement_after(requirement, new[name])
        versions = published_versions[name].usable
        if crates_order.fits(requirement, versions):
            continue
        available = "no such crate"
        if versions:
            available = f"only {shorten(versions[::-1])}"
        yield Problem(
            f"{crate.manifest} needs {name} {requirement}, but crates.io has {available}",
            _fix_dependency(crate, dependency),
            crate.manifest,
            line_of(context, crate.manifest, name),
        )


@problem
def unmet_requirement(context: CheckContext) -> Iterator[Problem]:
    """Find what a Python package needs, to be built or installed, in versions PyPI does not have.

    A name that PyPI does not know may be of another index, and is not judged.
    """
    wanted = list(_python_requirements(context))
    names = list(dict.fromkeys(one.requirement.name for one in wanted))
    try:
        offered = dict(zip(names, get_many(pypi.offered, names), strict=True))
    except ReleaseError:
        return  # the checks of registries report that PyPI cannot be read
    unmet = [
        one
        for one in wanted
        if not _is_met(one.requirement, offered[one.requirement.name])
    ]
    if not unmet or pip.has_other_index():
        return
    tree = context.release.source_tree
    for path, text, requirement in unmet:
        name = requirement.name
        newest = _newest(offered[name])
        yield Problem(
            f"{path} needs {text}, and PyPI has no such version: the newest is {newest}",
            f"require a version that is on PyPI, such as {name}>={newest}, in {path}",
            path,
            text_files.line_of(read(tree, path), text),
        )


class _Required(NamedTuple):
    """A requirement of a Python package, as its pyproject.toml has it."""

    path: str
    text: str
    requirement: Requirement


def _python_requirements(context: CheckContext) -> Iterator[_Required]:
    """Yield what packages need under every circumstance, and what is not this project's own."""
    from packaging.requirements import InvalidRequirement, Requirement

    ours = {
        normal_name(package.name)
        for component in context.project.components
        for package in resolved_or_empty(component.python)
    }
    root = context.project.root
    for package in context.shipped("python", PythonPackage):
        path = package.manifest(root)
        for text in pyproject.needed(read(root, path), path):
            try:
                requirement = Requirement(text)
            except InvalidRequirement:
                continue  # refused-metadata, or the build, says what is wrong with it
            is_elsewhere = requirement.url or requirement.marker
            if is_elsewhere or normal_name(requirement.name) in ours:
                continue
            yield _Required(path, text, requirement)


def _is_met(requirement: Requirement, offered: Mapping[str, bool]) -> bool:
    """Tell whether pip finds a version: a yanked one only where exactly that is required."""
    is_pinned = any(
        one.operator in ("==", "===") and not one.version.endswith(".*")
        for one in requirement.specifier
    )
    versions = [
        version
        for version, is_yanked in offered.items()
        if is_pinned or not is_yanked
    ]
    fitting = requirement.specifier.filter(versions, prereleases=True)
    return not offered or any(True for _ in fitting)


def _newest(offered: Mapping[str, bool]) -> str:
    """Return the version that pip takes without a requirement, else the highest of all."""
    from packaging.version import Version

    def rank(version: str) -> tuple[bool, bool, Version]:
        number = Version(version)
        return not offered[version], not number.is_prerelease, number

    return max(offered, key=rank)


@problem
def yanked_dependency(context: CheckContext) -> Iterator[Problem]:
    """Find each dependency of which every fitting version is yanked: nobody can use the crate."""
    locked = _locked_names(context)
    wanted = []
    for crate, dependency in _dependencies(context):
        is_needed = dependency["kind"] != "dev" and not dependency["optional"]
        is_public = (
            dependency["source"] == CRATES_IO and dependency["name"] in locked
        )
        if is_needed and is_public:
            wanted.append((crate, dependency))
    names = list(dict.fromkeys(dependency["name"] for _, dependency in wanted))
    try:
        published_versions = crates_order.published_versions(names)
    except ReleaseError:
        return  # the checks of registries report that crates.io cannot be read
    for crate, dependency in wanted:
        name, requirement = dependency["name"], dependency["req"]
        versions = published_versions[name]
        is_usable = crates_order.fits(requirement, versions.usable)
        if not is_usable and crates_order.fits(requirement, versions.yanked):
            yield Problem(
                f"{crate.manifest} needs {name} {requirement}, "
                "and every such version on crates.io is yanked: nobody can use the crate",
                f"require another version of {name} in {crate.manifest}, "
                f"then cargo update {name}",
                crate.manifest,
                line_of(context, crate.manifest, name),
            )


@problem
def dependency_of_another_registry(context: CheckContext) -> Iterator[Problem]:
    """Find each dependency on a crate of another registry, which crates.io refuses."""
    for crate, dependency in _dependencies(context):
        registry = dependency["registry"]
        is_left_out = dependency["kind"] == "dev" and dependency["req"] == "*"
        if (
            registry is None
            or registry.endswith("/crates.io-index")
            or is_left_out
        ):
            continue
        name = dependency["name"]
        yield Problem(
            f"{crate.manifest} needs {name} of the registry {registry}, "
            "and crates.io takes only dependencies that it has itself",
            f"publish {name} to crates.io, or set publish = false in {crate.manifest}",
            crate.manifest,
            line_of(context, crate.manifest, name),
        )


@warning
def untracked_lock(context: CheckContext) -> Iterator[Problem]:
    """Find that a program is built from dependencies that nobody can reproduce later."""
    if not context.project.has_cargo or context.project.is_locked:
        return
    programs: dict[str, None] = {}
    for crate in context.shipped("crates", Crate):
        programs |= dict.fromkeys(crate.binaries)
    programs |= dict.fromkeys(
        binary.name for binary in context.shipped("binaries", Binary)
    )
    for package in context.shipped("python", PythonPackage):
        is_beside = context.project.cargo_folder and not any(
            isinstance(crate, Crate)
            for crate in crates_in(context.project, package)
        )
        if package.maturin and not is_beside:
            programs[package.name] = None
    if programs:
        project = context.project
        lock = project.cargo_lock
        fix = (
            "git add --force Cargo.lock (cargo generate-lockfile writes it), "
            "and commit it"
        )
        if project.cargo_folder:
            manifest = word(project.cargo_manifest)
            fix = (
                f"git add --force {word(lock)} (cargo generate-lockfile "
                f"--manifest-path {manifest} writes it), and commit it"
            )
        yield Problem(
            f"{lock} is not in git, so each build of {shorten(list(programs))} "
            "may use other dependencies",
            fix,
            lock,
        )


@warning
def stale_lock(context: CheckContext) -> Iterator[Problem]:
    """Find that Cargo.lock does not match the manifests, so that cargo refuses --locked."""
    graph = context.cargo_graph
    if isinstance(graph, Failed) and "--locked" in graph.output:
        project = context.project
        lock = project.cargo_lock
        fix = "cargo update --workspace, and commit Cargo.lock"
        if project.cargo_folder:
            manifest = word(project.cargo_manifest)
            fix = f"cargo update --workspace --manifest-path {manifest}, and commit {lock}"
        yield Problem(
            f"{lock} does not match the manifests, and cargo refuses --locked with it",
            fix,
            lock,
        )


@warning
def rust_version_too_low(context: CheckContext) -> Iterator[Problem]:
    """Find each crate that promises an older Rust than a package it is built with."""
    graph = context.cargo_graph
    if graph is None or isinstance(graph, Failed):
        return
    newest = _newest_rust(graph, lambda _: True)
    if not any(_is_broken(one, newest) for one in published(context)):
        return
    platforms = Platforms(context.release.cargo_tree, _targets(context))
    newest = _newest_rust(graph, platforms.use)
    for one in published(context):
        promised, other = one.package["rust_version"], newest[one.package["id"]]
        if _is_broken(one, newest):
            name, needed = other["name"], other["rust_version"]
            yield Problem(
                f"{one.crate.name} promises Rust {promised}, "
                f"but {name} {other['version']} needs {needed}",
                f'set rust-version = "{needed}" in {one.manifest} or in the workspace, '
                f"or lock an earlier {name}",
                one.manifest,
                line_of(context, one.manifest, "rust-version"),
            )


def _new_versions(context: CheckContext) -> dict[str, str]:
    """Return the version that each crate of the release gets."""
    found = {}
    for part in context.release.parts:
        for crate in resolved_or_empty(part.component.crates):
            found[crate.name] = part.version
    return found


def _locked_names(context: CheckContext) -> set[str]:
    """Return the crates that Cargo.lock has from a registry."""
    if not context.project.is_locked:
        return set()
    text = read(context.release.source_tree, context.project.cargo_lock)
    return cargo_lock.registry_packages(text)


def _dependencies(
    context: CheckContext,
) -> Iterator[tuple[PublishedCrate, Dependency]]:
    """Yield each dependency of each published crate."""
    for crate in published(context):
        for dependency in crate.package["dependencies"]:
            yield crate, dependency


def _unresolved(
    context: CheckContext,
) -> Iterator[tuple[PublishedCrate, Dependency]]:
    """Yield the dependencies on crates that are neither in this release nor locked."""
    known = set(_new_versions(context)) | _locked_names(context)
    private = {
        crate.name for crate in context.project.crates if not crate.publish
    }
    for crate, dependency in _dependencies(context):
        name = dependency["name"]
        is_known = name in known and name != crate.crate.name
        if dependency["req"] == "*" or dependency["registry"] or is_known:
            continue
        # dependency_not_published finds the private ones, except in dev-dependencies
        if dependency["kind"] == "dev" or name not in private:
            yield crate, dependency


def _fix_dependency(crate: PublishedCrate, dependency: Dependency) -> str:
    name = dependency["name"]
    if not dependency.get("path"):
        return f"correct the name or the version of {name} in {crate.manifest}"
    if dependency["kind"] == "dev":
        return (
            f"remove the version of {name} from the dev-dependencies of {crate.manifest}; "
            "cargo then leaves it out of the upload"
        )
    return f"release {name} first, or require another version of it in {crate.manifest}"


def _is_broken(one: PublishedCrate, newest: dict[str, cargo.Package]) -> bool:
    """Tell whether a crate promises an older Rust than what it is built with needs."""
    promised = one.package["rust_version"]
    return bool(promised) and _rust(newest[one.package["id"]]) > _rust(
        one.package
    )


def _targets(context: CheckContext) -> tuple[str, ...]:
    """Return the targets of this release's programs, and those that every Rust supports first."""
    own = [binary.target for binary in context.shipped("binaries", Binary)]
    return tuple(dict.fromkeys((*own, *TIER_1)))


def _newest_rust(
    graph: dict[str, Any], is_used: Callable[[str | None], bool]
) -> dict[str, cargo.Package]:
    """Return, for each package, which of all that it is built with needs the newest Rust.

    `is_used` tells whether a dependency counts, by the `target` that cargo metadata has for it.
    """
    packages = {package["id"]: package for package in graph["packages"]}
    needs = {
        node["id"]: _needed_to_build(node, is_used)
        for node in graph["resolve"]["nodes"]
    }
    newest: dict[str, cargo.Package] = {}
    for name in TopologicalSorter(needs).static_order():
        candidates = [packages[name], *(newest[other] for other in needs[name])]
        newest[name] = max(candidates, key=_rust)
    return newest


def _needed_to_build(
    node: dict[str, Any], is_used: Callable[[str | None], bool]
) -> list[str]:
    found = []
    for dependency in node["deps"]:
        kinds = [
            kind for kind in dependency["dep_kinds"] if kind["kind"] != "dev"
        ]
        if any(is_used(kind["target"]) for kind in kinds):
            found.append(dependency["pkg"])
    return found


def _rust(package: cargo.Package) -> tuple[int, ...]:
    return tuple(map(int, f"{package['rust_version'] or 0}.0.0".split(".")[:3]))
