"""The version that a component has: of its crates, packages, programs or charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import read
from release_tasks.manifests.text import VERSION, listed
from release_tasks.manifests.version_locations import FileBump
from release_tasks.project.model import (
    Project,
    PythonPackage,
    Resolved,
    Unresolved,
    resolved_or_empty,
)
from release_tasks.project.python_packages import crates_in
from release_tasks.project.settings import FILE
from release_tasks.project.suggested_components import ambiguity
from release_tasks.versions.numbers import as_semver

Ships = Mapping[str, Resolved[Any]]  # what a component ships, by the name of its kind


@dataclass(frozen=True)
class ComponentVersion:
    """The version of a component: None if only the tag has it, or if it is unknown."""

    version: str | None
    unknown: Unresolved | None = None


def find(project: Project, name: str, ships: Ships) -> ComponentVersion:
    """Return the version that the manifests of a component have.

    Raises `ReleaseError` where what is shipped has several versions.
    """
    if project.settings.project.version == "tag":
        return ComponentVersion(None)
    crates = resolved_or_empty(ships["crates"])
    packages = _package_versions(project, resolved_or_empty(ships["python"]))
    versions = {crate.version for crate in crates}
    is_only = not project.settings.components
    if is_only and crates and len(versions | set(packages.values())) > 1:
        raise ambiguity(project, ships, packages)
    if len(versions) > 1:
        raise _several(name, versions)
    version = next(iter((*versions, *packages.values())), None)
    if version is not None:
        return ComponentVersion(version)
    return _of_unpublished(project, name, ships)


def _of_unpublished(project: Project, name: str, ships: Ships) -> ComponentVersion:
    """Return the version of a component without a crate or package that has one."""
    python = resolved_or_empty(ships["python"])
    unread = [package for package in python if not package.is_from_tags]
    if unread:
        return _of_listed_files(project, name, unread[0])
    if python:  # their backends read git's tags
        return ComponentVersion(None)
    programs = {binary.crate for binary in resolved_or_empty(ships["binaries"])}
    groups = [{crate.version for crate in project.crates if crate.name in programs}]
    if not project.settings.components:
        groups.append({crate.version for crate in project.crates})
    charts = resolved_or_empty(ships["charts"])
    groups.append({chart.version for chart in charts if chart.version})
    for versions in groups:
        if len(versions) > 1:
            raise _several(name, versions)
        if versions:
            return ComponentVersion(versions.pop())
    return ComponentVersion(None)


def _of_listed_files(
    project: Project, name: str, package: PythonPackage
) -> ComponentVersion:
    """Return the version that [files] finds below a package, else that it is unknown."""
    folder = package.folder.relative_to(project.root).as_posix()
    for path, spec in project.settings.files.items():
        if folder != "." and not path.startswith(f"{folder}/"):
            continue
        if path.endswith(".md") or path not in project.files:
            continue
        text = read(project.root, path)
        for location in listed(spec).of(text, FileBump(path)):
            if VERSION.fullmatch(location.old):
                return ComponentVersion(as_semver(location.old))
    manifest = (package.folder / "pyproject.toml").relative_to(project.root).as_posix()
    fact = (
        f"the version of {name} is unknown: {manifest} leaves that of {package.name} to its "
        "backend, and no file that has it was found"
    )
    fix = (
        f"list the file in [files] of {FILE}, or write there, if only the tag has the version:\n"
        '[project]\nversion = "tag"'
    )
    return ComponentVersion(None, Unresolved(fact, fix))


def _several(name: str, versions: set[str]) -> ReleaseError:
    return ReleaseError(
        f"the crates or charts of {name} have different versions: {', '.join(sorted(versions))}",
        f'give them one version, or a component each in {FILE}: [components."{{crate}}"]',
    )


def _package_versions(
    project: Project, packages: tuple[PythonPackage, ...]
) -> dict[str, str]:
    """Return the SemVer of each Python package, which may be that of the crate in its wheel."""
    found = {}
    known = [crate.version for crate in project.crates]
    for package in packages:
        if package.version:
            found[package.name] = as_semver(package.version, known)
            continue
        crates = crates_in(project, package)
        if crates:
            found[package.name] = crates[0].version
    return found
