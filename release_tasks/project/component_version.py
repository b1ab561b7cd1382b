"""The version that a component has: of its crates, packages, programs or charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import read
from release_tasks.manifests.text import VERSION, listed
from release_tasks.manifests.version_locations import FileBump
from release_tasks.project import python_packages
from release_tasks.project.candidates import (
    main_forms,
    released,
    released_before_head,
)
from release_tasks.project.model import (
    Project,
    PythonPackage,
    Resolved,
    Unresolved,
    resolved_or_empty,
)
from release_tasks.project.settings import FILE
from release_tasks.project.suggested_components import ambiguity, are_several
from release_tasks.versions.numbers import as_semver, is_lower, parse

# what a component ships, by the name of its kind
Ships = Mapping[str, Resolved[Any]]


@dataclass(frozen=True)
class ComponentVersion:
    """The version of a component: None if only the tag has it, or if it is unknown."""

    version: str | None
    unknown: Unresolved | None = None
    # manifests that have it, of nothing that is shipped
    files: tuple[tuple[str, str], ...] = ()


def find(project: Project, name: str, ships: Ships) -> ComponentVersion:
    """Return the version that the manifests of a component have.

    Raises `ReleaseError` where what is shipped has several versions.
    """
    if project.settings.project.version == "tag":
        return ComponentVersion(None)
    if not project.settings.components and are_several(project, ships):
        raise ambiguity(project, ships)
    crates = resolved_or_empty(ships["crates"])
    python = resolved_or_empty(ships["python"])
    packages = python_packages.versions(project, python)
    versions = {crate.version for crate in crates}
    if len(versions) > 1:
        raise _several(name, versions)
    version = next(iter((*versions, *packages.values())), None)
    if version is not None:
        return ComponentVersion(version)
    return _of_unpublished(project, name, ships)


def _of_unpublished(
    project: Project, name: str, ships: Ships
) -> ComponentVersion:
    """Return the version of a component without a crate or package that has one."""
    # which may be what has the version
    if isinstance(ships["python"], Unresolved):
        return ComponentVersion(None, ships["python"])
    python = resolved_or_empty(ships["python"])
    unread = [package for package in python if not package.is_from_tags]
    if unread:
        return _of_listed_files(project, name, unread[0])
    if python:  # their backends read git's tags
        return ComponentVersion(None)
    programs = {binary.crate for binary in resolved_or_empty(ships["binaries"])}
    versions = {
        crate.version for crate in project.crates if crate.name in programs
    }
    if not versions and not project.settings.components:
        versions = _private_versions(project, ships)
    if not versions:
        charts = resolved_or_empty(ships["charts"])
        versions = {chart.version for chart in charts if chart.version}
    if len(versions) > 1:
        raise _several(name, versions)
    if versions:
        return ComponentVersion(versions.pop())
    if isinstance(ships["charts"], Unresolved):
        return ComponentVersion(None, ships["charts"])
    if project.settings.components:
        return ComponentVersion(None)
    # imported here: most projects publish something that has the version
    from release_tasks.project import declared_versions

    forms = main_forms(project, ships).known
    public = released_before_head(project, forms)
    own = declared_versions.own_files(project, public)
    return ComponentVersion(own.version, files=own.files)


def _private_versions(project: Project, ships: Ships) -> set[str]:
    """Return the version that a project has in crates which are not published.

    It is that of the workspace's root package, of the crate with the project's name, or of a
    release. One that was never released, below the releases that there are, is not the project's
    version: only the tags have that.
    """
    own = [
        crate.version
        for crate in project.crates
        if crate.folder == project.cargo_root
    ]
    own += [
        crate.version for crate in project.crates if crate.name == project.name
    ]
    versions = {crate.version for crate in project.crates}
    public = released(project, main_forms(project, ships).known)
    if own:
        versions = {own[0]}
    elif len(versions) > 1:
        versions = versions & public or versions
    if public and not versions & public:
        highest = max(public, key=parse)
        versions = {one for one in versions if not is_lower(one, highest)}
    return versions


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
    manifest = package.manifest(project.root)
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
