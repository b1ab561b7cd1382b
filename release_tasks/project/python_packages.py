"""The distributions for PyPI among a repository's pyproject.toml files."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import read
from release_tasks.manifests import pyproject
from release_tasks.manifests.pyproject import PyProject
from release_tasks.project.model import Crate, Project, PythonPackage, Resolved, ambiguity, either
from release_tasks.project.settings import FILE, PythonTable, Settings
from release_tasks.terminal import SECRET_NAME
from release_tasks.tools.cargo import Package

ABI3 = re.compile(r"(?:pyo3(?:-ffi)?/)?abi3(?:-py3(\d+))?")


@dataclass(frozen=True)
class PackageBuild:
    """A package, what its manifests say of it, and the least Python 3 that its wheel is for."""

    package: PythonPackage
    about: PyProject
    path: str
    crate: Package | None  # as cargo has it, where maturin builds a member of the workspace
    least: int | None  # 0 where it is for every Python, None where each has a wheel of its own

    @property
    def table(self) -> str:
        """Return the table of the settings that is about it."""
        return f'[python."{self.package.name}"]'


def packages(root: Path, files: tuple[str, ...], settings: Settings) -> Resolved[PythonPackage]:
    """Return the distributions for PyPI; those for development only have no build system or say so."""
    candidates: dict[str, list[tuple[Path, PyProject]]] = {}
    for folder, one in _pyprojects(root, files):
        if one.is_built and one.name and not one.is_private:
            candidates.setdefault(one.name, []).append((folder, one))
    said = [
        *settings.python,
        *(name for table in settings.components.values() for name in table.python),
    ]
    wanted = list(dict.fromkeys(said or candidates))
    if not said and len(candidates) > 1:
        return ambiguity("Python packages", [f'[python."{name}"]' for name in candidates])
    found = []
    for name in wanted:
        path = settings.python[name].path if name in settings.python else None
        places = [p for p in candidates.get(name, ()) if path is None or p[0] == root / path]
        if not places:
            return ReleaseError(
                f"{FILE}: [python.{name}]: no pyproject.toml with that name and a build system",
                f"known are {', '.join(candidates) or 'none'}",
            )
        if len(places) > 1:
            folders = sorted(p[0].relative_to(root).as_posix() for p in places)
            return ambiguity(f"folders for {name}", [f'[python."{name}"]', either("path", folders)])
        found.append(_package(root, *places[0], settings))
    return tuple(found)


def built_by_maturin(root: Path, files: tuple[str, ...]) -> set[Path]:
    """Return the folders of the crates that are wheels, and so no crates for crates.io by themselves."""
    folders = set()
    for folder, one in _pyprojects(root, files):
        if one.backend.startswith("maturin"):
            folders.add((folder / (one.cargo_manifest or "Cargo.toml")).resolve().parent)
    return folders


def crates_in(project: Project, package: PythonPackage) -> tuple[Crate, ...]:
    """Return the crates of the workspace that a package's wheel is made of."""
    path = (package.folder / "pyproject.toml").relative_to(project.root).as_posix()
    built = built_by_maturin(project.root, (path,))
    return tuple(crate for crate in project.crates if crate.folder in built)


def built(project: Project, package: PythonPackage) -> PackageBuild:
    """Return a package with what its pyproject.toml and its crate say of the wheels."""
    path = (package.folder / "pyproject.toml").relative_to(project.root).as_posix()
    about = pyproject.read(read(project.root, path), path)
    crates = crates_in(project, package) if package.maturin and project.workspace else ()
    found = project.workspace.packages[crates[0].name] if crates and project.workspace else None
    return PackageBuild(
        package,
        about,
        path,
        found,
        _least(about, found) if found else None if package.maturin else 0,
    )


def _least(about: PyProject, crate: Package) -> int | None:
    uses = [
        one
        for one in crate["dependencies"]
        if one["name"] in ("pyo3", "pyo3-ffi") and one["kind"] is None
    ]
    bindings = about.maturin.get("bindings", "pyo3" if uses else "bin")
    if bindings != "pyo3":
        return 0  # cffi, uniffi and programs
    words = [
        *(word for one in uses for word in one["features"]),
        *crate["features"].get("default", ()),
        *about.maturin.get("features", ()),
    ]
    found = [one for word in words if (one := ABI3.fullmatch(word))]
    floors = [int(one[1]) for one in found if one[1]]
    return min(floors) if floors else sys.version_info.minor if found else None


def _package(root: Path, folder: Path, one: PyProject, settings: Settings) -> PythonPackage:
    name = str(one.name)
    table = settings.python.get(name, PythonTable())
    if not SECRET_NAME.search(table.token):
        raise ReleaseError(
            f"{FILE}: [python.{name}] token: every program would see a variable called {table.token}",
            "choose a name with TOKEN in it",
        )
    is_maturin = one.backend.startswith("maturin")
    if table.pythons and not is_maturin:
        raise ReleaseError(
            f"{FILE}: [python.{name}] pythons: only maturin builds for a Python that is not the running one",
            "leave it out",
        )
    return PythonPackage(
        name,
        one.version or "",
        folder,
        is_maturin,
        table.wheels,
        table.pythons,
        table.sdist,
        table.token,
    )


def _pyprojects(root: Path, files: tuple[str, ...]) -> Iterator[tuple[Path, PyProject]]:
    for path in files:
        if path.rpartition("/")[2] == "pyproject.toml":
            yield (root / path).parent, pyproject.read(read(root, path), path)
