"""The folder whose Cargo.toml begins the workspace that is released: mostly the root.

Without a Cargo.toml there it is the only one below with a crate for crates.io, or with what the
settings name. The manifests are read without cargo, which cannot read folders of several
workspaces at once. Rules: doc.rust-lang.org/cargo/reference/workspaces.html, manifest.html.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from posixpath import basename, dirname, join, normpath
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import read
from release_tasks.manifests import toml_values
from release_tasks.manifests.toml_values import table_at
from release_tasks.printable import word
from release_tasks.project import python_packages
from release_tasks.project.outside_crates import is_publishable
from release_tasks.project.settings import FILE, Settings

MANIFEST = "Cargo.toml"
# What only other languages can load: nobody needs such a crate from crates.io.
FOREIGN_LIBRARIES = {"cdylib", "staticlib"}


@dataclass(frozen=True)
class CargoFolder:
    """The folder of the workspace that is released, from the root; None where there is none.

    `candidates` are all that could be, where there is more than one.
    """

    path: str | None = None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Package:
    """A package's folder and manifest, and the manifest of its workspace."""

    folder: str
    manifest: Mapping[str, Any]
    workspace: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(table_at(self.manifest, "package").get("name", ""))

    @property
    def programs(self) -> set[str]:
        """Return the names of its programs that the manifest tells, and its own."""
        rows = self.manifest.get("bin")
        listed = rows if isinstance(rows, list) else ()
        return {self.name, *(str(row.get("name", "")) for row in listed)}

    def value(self, key: str) -> Any:
        """Return a key of [package], as the workspace has it where it is inherited."""
        found = table_at(self.manifest, "package").get(key)
        if isinstance(found, Mapping) and found.get("workspace") is True:
            return table_at(self.workspace, "workspace", "package").get(key)
        return found


def find(root: Path, files: tuple[str, ...], settings: Settings) -> CargoFolder:
    """Return which workspace of the tracked files is released.

    Raises `ReleaseError` where the settings name a folder without a Cargo.toml.
    """
    chosen = settings.crates.folder
    if chosen is not None:
        return CargoFolder(_chosen(chosen, files))
    if MANIFEST in files:
        return CargoFolder("")
    paths = [path for path in files if basename(path) == MANIFEST]
    if not paths:
        return CargoFolder()
    packages = _packages(root, paths)
    named = [top for top in packages if _is_named(packages[top], settings)]
    in_wheels = _libraries_of_wheels(root, files)
    published = [
        top
        for top in packages
        if _has_crate(packages[top], set(files), in_wheels)
    ]
    both = [top for top in named if top in published]
    if len(both) == len(named) == 1:
        return CargoFolder(both[0])
    found = tuple(dict.fromkeys((*published, *named)))
    if len(found) == 1:
        return CargoFolder(found[0])
    return CargoFolder(None, found)


def _chosen(folder: str, files: tuple[str, ...]) -> str:
    path = normpath(folder).removeprefix(".")
    manifest = join(path, MANIFEST)
    if manifest in files:
        return path
    available = [
        dirname(file) or "." for file in files if basename(file) == MANIFEST
    ]
    fix = f"available: {', '.join(available)}"
    if not available:
        fix = f"remove folder from [crates], or git add {word(manifest)}"
    raise ReleaseError(
        f"{FILE}: [crates] folder: git tracks no {manifest}", fix
    )


def _packages(root: Path, paths: list[str]) -> dict[str, list[_Package]]:
    """Return the packages of each workspace by its folder; a package alone is one, too."""
    manifests = {}
    for path in paths:
        try:
            manifests[dirname(path)] = toml_values.load(read(root, path), path)
        except ReleaseError:  # test data of parsers, templates
            continue
    found: dict[str, list[_Package]] = {}
    for folder, data in manifests.items():
        if not isinstance(data.get("package"), Mapping):
            continue
        top = _top(folder, manifests)
        workspace = manifests.get(top, {})
        found.setdefault(top, []).append(_Package(folder, data, workspace))
    shipped = {}
    for top, packages in found.items():
        if not python_packages.not_shipped(join(top, MANIFEST)):
            shipped[top] = packages
    return shipped


def _top(folder: str, manifests: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the folder of the workspace that a package belongs to, its own without any."""
    named = table_at(manifests[folder], "package").get("workspace")
    if isinstance(named, str):
        return normpath(join(folder, named)).removeprefix(".")
    for parent in _with_parents(folder):
        workspace = manifests.get(parent, {}).get("workspace")
        if not isinstance(workspace, Mapping):
            continue
        excluded = workspace.get("exclude")
        if not isinstance(excluded, list):
            excluded = []
        left_out = [f"{normpath(join(parent, str(one)))}/" for one in excluded]
        if not f"{folder}/".startswith(tuple(left_out)):
            return parent
    return folder


def _with_parents(folder: str) -> Iterator[str]:
    yield folder
    while folder:
        folder = dirname(folder)
        yield folder


def _is_named(packages: list[_Package], settings: Settings) -> bool:
    """Tell whether the settings name a crate or a program of a workspace."""
    crates = settings.crates
    names = {*crates.ignore, *crates.include, *crates.named}
    for component in settings.components.values():
        names.update(component.crates)
    programs = set()
    for name, table in settings.binaries.items():
        crate = table.crate or table.package
        if crate:
            names.add(crate)
        else:
            programs.add(name)
    return any(
        package.name in names or not programs.isdisjoint(package.programs)
        for package in packages
    )


def _libraries_of_wheels(root: Path, files: tuple[str, ...]) -> set[str]:
    """Return the folders of crates that are made for a Python package, and are no programs."""
    found = set()
    for folder, about in python_packages.built_by_maturin(root, files).items():
        is_program = about.maturin.get("bindings") == "bin"
        if not is_program and folder.is_relative_to(root):
            found.add(folder.relative_to(root).as_posix().removeprefix("."))
    return found


def _has_crate(
    packages: list[_Package], files: set[str], in_wheels: Collection[str]
) -> bool:
    """Tell whether one of the packages is meant for crates.io."""
    return any(
        package.folder not in in_wheels and _is_for_others(package, files)
        for package in packages
    )


def _is_for_others(package: _Package, files: set[str]) -> bool:
    """Tell whether crates.io would take a package, and whether anybody could use it from there.

    It refuses one without version, description or license ("Publishing on crates.io").
    """
    if not is_publishable(package.value("publish")):
        return False
    has_license = package.value("license") or package.value("license-file")
    if not (package.value("version") and package.value("description")):
        return False
    return bool(has_license) and not _is_foreign_library(package, files)


def _is_foreign_library(package: _Package, files: set[str]) -> bool:
    """Tell whether a package is only loaded by other languages, and has no program."""
    library = table_at(package.manifest, "lib")
    kinds = library.get("crate-type", library.get("crate_type"))
    if not isinstance(kinds, list) or not FOREIGN_LIBRARIES.issuperset(kinds):
        return False
    if (
        "bin" in package.manifest
        or join(package.folder, "src/main.rs") in files
    ):
        return False
    programs = join(package.folder, "src/bin/")
    return not any(path.startswith(programs) for path in files)
