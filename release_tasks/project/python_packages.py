"""The distributions for PyPI among a repository's pyproject.toml files."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from posixpath import basename

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import read
from release_tasks.manifests import pyproject
from release_tasks.manifests.pyproject import PyProject
from release_tasks.project.model import (
    Crate,
    Project,
    PythonPackage,
    Resolved,
    Unresolved,
    ambiguity,
    choice,
)
from release_tasks.project.settings import FILE, PythonTable, Settings
from release_tasks.rules import pypi_files
from release_tasks.terminal import SECRET_NAME
from release_tasks.tools.cargo import Package

ABI3 = re.compile(r"(?:pyo3(?:-ffi)?/)?abi3(?:-py3(\d+))?")


@dataclass(frozen=True)
class PackageBuild:
    """A package, its manifests, and the lowest minor version of Python 3 that its wheel is for."""

    package: PythonPackage
    about: PyProject
    path: str
    crate: (
        Package | None
    )  # as cargo has it, if maturin builds a member of the workspace
    least: int | None  # 0 for every Python 3, None if each Python gets its own wheel

    @property
    def table(self) -> str:
        """Return the package's table of the settings."""
        return f'[python."{self.package.name}"]'


@dataclass(frozen=True)
class _Candidate:
    """A pyproject.toml with a name and a build system."""

    folder: Path
    about: PyProject


def packages(
    root: Path, files: tuple[str, ...], settings: Settings
) -> Resolved[PythonPackage]:
    """Return the distributions for PyPI.

    A pyproject.toml without a build system, or with the classifier `Private :: Do Not Upload`, is
    for development only.
    """
    candidates = _candidates(root, files)
    named = list(settings.python)
    for component in settings.components.values():
        named += component.python
    if not named and len(candidates) > 1:
        return ambiguity(
            "Python packages", [f'[python."{name}"]' for name in candidates]
        )
    found = []
    try:
        for name in dict.fromkeys(named or candidates):
            candidate = _candidate(root, name, candidates, settings)
            found.append(_package(name, candidate, settings))
    except Unresolved as error:
        return error
    return tuple(found)


def built_by_maturin(root: Path, files: tuple[str, ...]) -> set[Path]:
    """Return the folders of the crates that maturin builds: they are not for crates.io."""
    folders = set()
    for folder, about in _pyprojects(root, files):
        if about.backend.startswith("maturin"):
            manifest = folder / (about.cargo_manifest or "Cargo.toml")
            folders.add(manifest.resolve().parent)
    return folders


def crates_in(project: Project, package: PythonPackage) -> tuple[Crate, ...]:
    """Return the crates of the workspace that a package's wheel is made of."""
    built = built_by_maturin(project.root, (_path(project, package),))
    return tuple(crate for crate in project.crates if crate.folder in built)


def built(project: Project, package: PythonPackage) -> PackageBuild:
    """Return a package with what its pyproject.toml and its crate say about its wheels."""
    path = _path(project, package)
    about = pyproject.read(read(project.root, path), path)
    if not package.maturin:
        return PackageBuild(package, about, path, crate=None, least=0)
    crates = crates_in(project, package)
    if not crates or project.workspace is None:
        return PackageBuild(package, about, path, crate=None, least=None)
    crate = project.workspace.packages[crates[0].name]
    return PackageBuild(package, about, path, crate, _lowest_python(about, crate))


def _candidates(root: Path, files: tuple[str, ...]) -> dict[str, list[_Candidate]]:
    """Return the folders that could be published, by the name of the distribution."""
    found: dict[str, list[_Candidate]] = {}
    for folder, about in _pyprojects(root, files):
        if about.is_built and about.name and not about.is_private:
            found.setdefault(about.name, []).append(_Candidate(folder, about))
    return found


def _candidate(
    root: Path, name: str, candidates: dict[str, list[_Candidate]], settings: Settings
) -> _Candidate:
    """Return the one candidate of a name; raise `Unresolved` if there are none or several."""
    path = settings.python[name].path if name in settings.python else None
    found = candidates.get(name, [])
    if path is not None:
        found = [one for one in found if one.folder == root / path]
    if not found:
        raise Unresolved(
            f"{FILE}: [python.{name}]: no pyproject.toml with that name and a build system",
            f"available: {', '.join(candidates) or 'none'}",
        )
    if len(found) > 1:
        folders = sorted(one.folder.relative_to(root).as_posix() for one in found)
        raise ambiguity(
            f"folders for {name}", [f'[python."{name}"]', choice("path", folders)]
        )
    return found[0]


def _package(name: str, candidate: _Candidate, settings: Settings) -> PythonPackage:
    table = settings.python.get(name, PythonTable())
    is_maturin = candidate.about.backend.startswith("maturin")
    if not SECRET_NAME.search(table.token):
        raise ReleaseError(
            f"{FILE}: [python.{name}] token: the variable {table.token} would not be kept secret",
            "choose a name with TOKEN in it",
        )
    if table.pythons and not is_maturin:
        raise ReleaseError(
            f"{FILE}: [python.{name}] pythons: only maturin builds wheels for another Python",
            "remove that key",
        )
    for tag in table.wheels:
        _check_platform(name, tag)
    return PythonPackage(
        name,
        candidate.about.version or "",
        candidate.folder,
        is_maturin,
        wheels=table.wheels,
        pythons=table.pythons,
        sdist=table.sdist,
        token=table.token,
    )


def _check_platform(name: str, tag: str) -> None:
    """Raise `ReleaseError` for a platform tag of which PyPI takes no wheel."""
    if not pypi_files.platform_tag(tag):
        return
    fix = (
        "write one like manylinux_2_28_x86_64, musllinux_1_2_aarch64, macosx_11_0_arm64 or "
        "win_amd64"
    )
    rounded = re.sub(r"^(macosx_\d+)_\d+_", r"\1_0_", tag)
    if not pypi_files.platform_tag(rounded):
        fix = f"write {rounded}: from macOS 11 on the second number is 0"
    raise ReleaseError(f"{FILE}: [python.{name}] wheels: PyPI takes no {tag}", fix)


def _lowest_python(about: PyProject, crate: Package) -> int | None:
    """Return the lowest minor version of Python 3 for which maturin builds the wheel.

    It is 0 for cffi, uniffi and programs, and None without abi3 (PEP 384, pyo3's features).
    """
    pyo3 = []
    for dependency in crate["dependencies"]:
        if dependency["name"] in ("pyo3", "pyo3-ffi") and dependency["kind"] is None:
            pyo3.append(dependency)
    default = "pyo3" if pyo3 else "bin"
    if about.maturin.get("bindings", default) != "pyo3":
        return 0
    features = [
        *crate["features"].get("default", ()),
        *about.maturin.get("features", ()),
    ]
    for dependency in pyo3:
        features += dependency["features"]
    abi3 = [match for match in map(ABI3.fullmatch, features) if match]
    lowest = [int(match[1]) for match in abi3 if match[1]]
    if lowest:
        return min(lowest)
    return sys.version_info.minor if abi3 else None


def _path(project: Project, package: PythonPackage) -> str:
    return (package.folder / "pyproject.toml").relative_to(project.root).as_posix()


def _pyprojects(root: Path, files: tuple[str, ...]) -> Iterator[tuple[Path, PyProject]]:
    for path in files:
        if basename(path) == "pyproject.toml":
            yield (root / path).parent, pyproject.read(read(root, path), path)
