"""Files that repeat the version of a manifest: setup.py, modules, lock files, listed files."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from release_tasks import files
from release_tasks.errors import ReleaseError
from release_tasks.formats import globs
from release_tasks.formats.text_files import decode, read
from release_tasks.manifests import python_module, setup_cfg
from release_tasks.manifests.pyproject import PyProject
from release_tasks.manifests.version_locations import ManifestKind
from release_tasks.printable import word
from release_tasks.project.kinds import KINDS
from release_tasks.project.model import (
    Component,
    PythonPackage,
    resolved_or_empty,
)
from release_tasks.project.python_packages import about_package
from release_tasks.project.settings import FILE
from release_tasks.tools import git
from release_tasks.tools.git import worktree

if TYPE_CHECKING:
    from release_tasks.release import Release

# the modules of a package that usually have its version
_MODULE_FILES = ("__init__", "__about__", "__version__", "_version", "version")
_NPM_LOCKS = (
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lock",
)
_GLOB = re.compile(r"[*?\[]")


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
            path_of_source = posixpath.normpath(folder / name)
            source = files.behind_link(release.source_tree, path_of_source)
            if source in tracked:
                yield source, kind


def _source_kinds(package: str, about: PyProject) -> dict[str, ManifestKind]:
    """Return the files below a package's folder that may have its version, by their path."""
    kinds: dict[str, ManifestKind] = {
        "setup.py": python_module.KIND,
        "setup.cfg": setup_cfg.KIND,
    }
    module = re.sub(r"[-_.]+", "_", package).lower()
    imported = str(about.maturin.get("module-name") or module).partition(".")[0]
    parents = ["", "src/", "python/"]
    parents += [f"{folder.rstrip('/')}/" for folder in about.source_folders]
    for parent in parents:
        for name in (module, imported):
            for file in _MODULE_FILES:
                kinds[f"{parent}{name}/{file}.py"] = python_module.KIND
    for source in about.dynamic.sources:
        kinds[source.path] = source.kind
    return kinds


def npm_locks(release: Release) -> list[str]:
    """Return the path of each lock of npm, pnpm, Yarn and Bun."""
    return _named(release, *_NPM_LOCKS)


def committed(release: Release, paths: Iterable[str]) -> dict[str, str]:
    """Return texts of the checkout, by path; as committed where a bump may have changed them."""
    wanted = set(paths)
    dirty = wanted & set(git.changed(release.checkout))
    before = worktree.files_at(release.checkout, "HEAD", dirty)
    texts = {}
    for path in sorted(wanted):
        if path in before:
            texts[path] = decode(before[path], path)
        else:
            texts[path] = read(release.checkout, path)
    return texts


class ListedPath(NamedTuple):
    """A file that an entry of [files] is for."""

    key: str  # of the entry: the path, or a pattern
    path: str
    spec: str | Sequence[str]

    @property
    def is_from_pattern(self) -> bool:
        """Return whether a pattern has found the file."""
        return self.key != self.path


def listed_paths(release: Release) -> Iterator[ListedPath]:
    """Yield each file in [files], and each manifest that was found instead of one.

    Raises `ReleaseError` for a path or pattern that is not in the repository.
    """
    tracked = git.tracked(release.checkout)
    known = set(tracked)
    for key, spec in release.project.settings.files.items():
        found = [key] if key in known else []
        if not found and _GLOB.search(key):
            pattern = globs.of_setting(key)
            found = [name for name in tracked if pattern.matches(name)]
        if not found:
            raise ReleaseError(
                f"{FILE}: [files] {key} is not in the repository",
                f"git add {word(key)}, or correct the path",
            )
        for path in found:
            yield ListedPath(key, path, spec)
    for component in release.project.components:
        for path, found_spec in component.version_files:
            yield ListedPath(path, path, found_spec)


def component_of(
    release: Release, path: str, spec: str | Sequence[str]
) -> str | None:
    """Return whose version a listed file has, None where its texts name components."""
    specs = [spec] if isinstance(spec, str) else spec
    names = {component.name for component in release.project.components}
    if any(f"{{{name}}}" in one for one in specs for name in names):
        return None
    owner = _owner(release, path)
    return owner.name if owner else None


def _named(release: Release, *names: str) -> list[str]:
    paths = release.project.files
    return [path for path in paths if posixpath.basename(path) in names]


def version_of(
    release: Release, path: str, spec: str | Sequence[str]
) -> str | None:
    """Return the new version of a listed file, None where its component is not released.

    With several components, a file belongs to the one that ships something from the nearest folder
    around it, else to the one with `latest = true`. Raises `ReleaseError` where there is none, and
    the texts of the file do not name the components themselves.
    """
    component = _owner(release, path)
    if component is None:
        if _names_components(release, spec):
            return None
        raise ReleaseError(
            f"[files] {path} belongs to no component",
            "write {NAME} of a component for {version}, or latest = true in one component",
        )
    for part in release.parts:
        if part.component.name == component.name:
            return part.version
    return None


def _names_components(release: Release, spec: str | Sequence[str]) -> bool:
    """Tell whether each text of a listed file has the versions of components, by their names."""
    specs = [spec] if isinstance(spec, str) else spec
    names = [component.name for component in release.project.components]
    return all(
        "{version}" not in one and any(f"{{{name}}}" in one for name in names)
        for one in specs
    )


def _owner(release: Release, path: str) -> Component | None:
    components = release.project.components
    if len(components) == 1:
        return components[0]
    owner = next(
        (component for component in components if component.latest), None
    )
    depth = -1
    for component in components:
        for folder in _folders(release, component):
            if (
                PurePosixPath(path).is_relative_to(folder)
                and len(folder.parts) > depth
            ):
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
