"""Files that repeat the version of a manifest: setup.py, modules, lock files, listed files."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from release_tasks.errors import ReleaseError
from release_tasks.manifests import python_module, setup_cfg
from release_tasks.manifests.pyproject import PyProject
from release_tasks.manifests.version_locations import ManifestKind
from release_tasks.project.kinds import KINDS
from release_tasks.project.model import Component, PythonPackage, resolved_or_empty
from release_tasks.project.python_packages import about_package

if TYPE_CHECKING:
    from release_tasks.release import Release

_NPM_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")


def relative(release: Release, path: Path | str) -> str:
    """Return a path below the repository's root. Raises `ReleaseError` for one outside of it."""
    # as texts, because pathlib is slow for hundreds of crates
    root = f"{release.source_tree}{os.sep}"
    text = str(path)
    if not text.startswith(root):
        raise ReleaseError(
            f"{path} is outside of the repository",
            "remove it from the workspace, or move it into the repository",
        )
    return text.removeprefix(root).replace(os.sep, "/")


def sources(
    release: Release, packages: Iterable[PythonPackage]
) -> Iterator[tuple[str, ManifestKind]]:
    """Yield the files of Python packages that may have their version, too, and how to edit each.

    These are setup files, modules, and what the backend reads the version from.
    """
    tracked = set(release.project.files)
    for package in packages:
        path = relative(release, package.folder / "pyproject.toml")
        folder = PurePosixPath(path).parent
        about = about_package(release.source_tree, path)
        for name, kind in _source_kinds(package.name, about).items():
            source = posixpath.normpath(folder / name)
            if source in tracked:
                yield source, kind


def _source_kinds(package: str, about: PyProject) -> dict[str, ManifestKind]:
    """Return the files below a package's folder that may have its version, by their path."""
    kinds: dict[str, ManifestKind] = {
        "setup.py": python_module.KIND,
        "setup.cfg": setup_cfg.KIND,
    }
    module = re.sub(r"[-_.]+", "_", package).lower()
    for parent in ("", "src/", "python/"):
        kinds[f"{parent}{module}/__init__.py"] = python_module.KIND
    for source in about.dynamic.sources:
        kinds[source.path] = source.kind
    return kinds


def uv_locks(release: Release) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each uv.lock with the versions of the packages in its folder and below."""
    packages = list(_released_packages(release))
    for path in release.project.files:
        if posixpath.basename(path) == "uv.lock":
            parent = PurePosixPath(path).parent
            versions = {}
            for name, folder, version in packages:
                if folder.is_relative_to(parent):
                    versions[name] = version
            yield path, versions


def npm_locks(path: str) -> list[str]:
    """Return where npm has the lock of a package.json; nothing for another file."""
    if posixpath.basename(path) != "package.json":
        return []
    return [str(PurePosixPath(path).with_name(name)) for name in _NPM_LOCKS]


def version_of(release: Release, path: str) -> str | None:
    """Return the new version of a listed file, None where its component is not released.

    With several components, a file belongs to the one that ships something from the nearest folder
    around it, else to the one with `latest = true`. Raises `ReleaseError` where there is none.
    """
    component = _owner(release, path)
    if component is None:
        raise ReleaseError(
            f"[files] {path} belongs to no component",
            "write {NAME} of a component for {version}, or latest = true in one component",
        )
    for part in release.parts:
        if part.component.name == component.name:
            return part.version
    return None


def _released_packages(release: Release) -> Iterator[tuple[str, PurePosixPath, str]]:
    for part in release.parts:
        for package in resolved_or_empty(part.component.python):
            yield package.name, _folder(release, package.folder), part.version


def _owner(release: Release, path: str) -> Component | None:
    components = release.project.components
    if len(components) == 1:
        return components[0]
    owner = next((component for component in components if component.latest), None)
    depth = -1
    for component in components:
        for folder in _folders(release, component):
            if PurePosixPath(path).is_relative_to(folder) and len(folder.parts) > depth:
                owner = component
                depth = len(folder.parts)
    return owner


def _folders(release: Release, component: Component) -> Iterator[PurePosixPath]:
    """Yield the folders of what a component ships."""
    for kind in KINDS:
        if kind.has_folder:
            for shipped in resolved_or_empty(getattr(component, kind.name)):
                yield _folder(release, shipped.folder)


def _folder(release: Release, folder: Path) -> PurePosixPath:
    # `relative` takes only what is below the root, so ask for a file in the folder
    return PurePosixPath(relative(release, folder / "x")).parent
