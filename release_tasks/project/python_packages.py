"""The distributions for PyPI among a repository's pyproject.toml files."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from posixpath import basename, dirname, join, normpath
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import read
from release_tasks.manifests import pyproject
from release_tasks.manifests.pyproject import PyProject
from release_tasks.masking import is_secret_name
from release_tasks.project.model import (
    Crate,
    OutsideCrate,
    Project,
    PythonPackage,
    Resolved,
    Unreadable,
    Unresolved,
    ambiguity,
    choice,
)
from release_tasks.project.settings import FILE, PythonTable, Settings
from release_tasks.tools import cargo
from release_tasks.tools.cargo import Package
from release_tasks.versions.numbers import as_semver

LISTED = 3  # names of packages of tests, before only their number is shown
# copies of what others publish (github-linguist, vendor.yml), and templates of other projects
_FOREIGN = (
    r"_?vendor(?:s|ed)?|third[-_]?party|3rd[-_]?party|extern(?:als?)?|node_modules"
    r"|templates?|cookiecutters?|[^/]*\{[{%][^/]*"
)
FOREIGN = re.compile(rf"(?:.*?/)?(?:{_FOREIGN})(?=/)", re.I)
# folders whose packages are what tests or examples work with
NOT_SHIPPED = re.compile(
    r"(?:.*?/)?(?:tests?|test[-_]?data|fixtures?|__fixtures__|examples?|samples?|demos?"
    r"|tests?[-_](?:crates?|packages?|projects?|cases?|suites?|apps?|fixtures?|resources)"
    r"|(?:integration|unit|e2e|system|acceptance|functional|smoke)[-_]tests?"
    rf"|bench(?:es|marks?)?|{_FOREIGN})(?=/)",
    re.I,
)
ABI3 = re.compile(r"(?:pyo3(?:-ffi)?\??/)?abi3(?:-py3(\d+))?")


@dataclass(frozen=True)
class PackageBuild:
    """A package, its manifests, and the lowest minor version of Python 3 that its wheel is for."""

    package: PythonPackage
    about: PyProject
    path: str
    # as cargo has it, if maturin builds a member of the workspace
    crate: Package | None
    # 0 for every Python 3, None if each Python gets its own wheel
    least: int | None

    @property
    def table(self) -> str:
        """Return the package's table of the settings."""
        return f'[python."{self.package.name}"]'


@dataclass(frozen=True)
class _Candidate:
    """A pyproject.toml with a name and a build system, and its version, "" if it is unknown."""

    folder: Path
    about: PyProject
    version: str


def packages(
    root: Path, files: tuple[str, ...], settings: Settings
) -> Resolved[PythonPackage]:
    """Return the distributions for PyPI.

    A pyproject.toml without a build system, or with the classifier `Private :: Do Not Upload`, is
    for development only.
    """
    named = _named(settings)
    try:
        candidates = _candidates(root, files, named)
    except ReleaseError as error:
        fix = f"{error.fix}, or add it to [project] ignore in {FILE}"
        return Unreadable(error.problem, fix)
    if not named and len(candidates) > 1:
        return _several(candidates, settings)
    found = []
    try:
        for name in dict.fromkeys(named or candidates):
            candidate = _candidate(root, name, candidates, settings)
            found.append(_package(name, candidate, settings))
    except Unresolved as error:
        return error
    return tuple(found)


def about_package(root: Path, path: str) -> PyProject:
    """Return what a pyproject.toml says, with the setup.cfg beside it.

    Where the backend takes the version from a module that has it from another one, that is among
    the sources of the version, too.
    """
    folder = dirname(path)
    setup_cfg = join(folder, "setup.cfg")
    text = read(root, setup_cfg) if (root / setup_cfg).is_file() else ""
    about = pyproject.read(read(root, path), path, text)
    sources = about.dynamic.sources
    if not any(source.attribute for source in sources):
        return about
    # imported here: few packages have such a version
    from release_tasks.manifests.reexports import followed

    more = [found for one in sources for found in followed(root, folder, one)]
    every = tuple(dict.fromkeys((*sources, *more)))
    return replace(about, dynamic=replace(about.dynamic, sources=every))


def built_by_maturin(
    root: Path, files: tuple[str, ...]
) -> dict[Path, PyProject]:
    """Return the folders of the crates that maturin builds, and which package is made of them."""
    folders = {}
    for path in files:
        try:
            about = about_package(root, path) if _is_pyproject(path) else None
        except ReleaseError:
            # a broken one is an error of its own where it is released
            continue
        if about and about.backend.startswith("maturin"):
            manifest = (root / path).parent / (
                about.cargo_manifest or "Cargo.toml"
            )
            folders[manifest.resolve().parent] = about
    return folders


def is_program(about: PyProject, crate: Package) -> bool:
    """Tell whether maturin puts a crate's programs into the wheel, and no extension module."""
    return _bindings(about, crate) == "bin"


def not_shipped(path: str) -> str:
    """Return the folder of tests, examples or copies that a file is in, "" for any other."""
    found = NOT_SHIPPED.match(path)
    return found[0] if found else ""


def is_foreign(path: str) -> bool:
    """Tell whether a file is below a copy of another project, or in a template of projects."""
    return FOREIGN.match(path) is not None


def left_out(
    root: Path, files: tuple[str, ...], settings: Settings
) -> Iterator[str]:
    """Yield the packages that tests or examples work with, and those that no table names."""
    named = _named(settings)
    yield from _not_named(root, files, named)
    for name, path in without_build_system(root, files):
        yield f"{name} (python: {path} is of no package that has a [build-system])"
    folders: dict[str, list[str]] = {}
    for path, about in _publishable(root, tuple(filter(not_shipped, files))):
        if about.name not in named:
            folders.setdefault(not_shipped(path), []).append(str(about.name))
    for folder, names in folders.items():
        if len(names) > LISTED:
            names = [f"{len(names)} packages"]
        for name in names:
            yield f"{name} (python: below {folder}/, which is not shipped)"


def without_build_system(
    root: Path, files: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Yield name and manifest of the packages and applications without a backend to build them."""
    from release_tasks.manifests import python_values

    for path in files:
        if basename(path) not in ("setup.py", "pyproject.toml"):
            continue
        if not_shipped(path):
            continue
        with suppress(ReleaseError):  # a broken one is no package
            if _is_built(root, files, dirname(path)):
                continue
            if _is_pyproject(path):
                name = about_package(root, path).name
            else:
                text = read(root, path)
                found = python_values.keyword(text, path, "setup", "name")
                name = found[0].value if found else None
            if name:
                yield name, path


def _is_built(root: Path, files: tuple[str, ...], folder: str) -> bool:
    path = join(folder, "pyproject.toml")
    return path in files and about_package(root, path).is_built


def _not_named(
    root: Path, files: tuple[str, ...], named: list[str]
) -> Iterator[str]:
    """Yield the packages that the settings do not name, where they name others."""
    if not named:
        return
    shipped = [path for path in files if not not_shipped(path)]
    try:
        for path, about in _publishable(root, tuple(shipped)):
            if about.name not in named:
                yield f"{about.name} (python: the settings do not name {path})"
    except ReleaseError:
        # a broken one is an error of its own where it is released
        return


def crates_in(
    project: Project, package: PythonPackage
) -> tuple[Crate | OutsideCrate, ...]:
    """Return the crates that a package's wheel is made of, also outside of the workspace."""
    built = built_by_maturin(project.root, (package.manifest(project.root),))
    every: tuple[Crate | OutsideCrate, ...] = (
        *project.crates,
        *project.outside,
    )
    return tuple(crate for crate in every if crate.folder in built)


def versions(
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


def built(project: Project, package: PythonPackage) -> PackageBuild:
    """Return a package with what its pyproject.toml and its crate say about its wheels."""
    path = package.manifest(project.root)
    about = about_package(project.root, path)
    if not package.maturin:
        return PackageBuild(package, about, path, crate=None, least=0)
    crates = crates_in(project, package)
    if not crates:
        return PackageBuild(package, about, path, crate=None, least=None)
    workspace = project.workspace
    if workspace is None or isinstance(crates[0], OutsideCrate):
        workspace = cargo.workspace(crates[0].folder)
    crate = workspace.packages[crates[0].name]
    return PackageBuild(
        package, about, path, crate, _lowest_python(about, crate)
    )


def _named(settings: Settings) -> list[str]:
    """Return the packages that the settings name."""
    named = list(settings.python)
    for component in settings.components.values():
        named += component.python
    return named


def _candidates(
    root: Path, files: tuple[str, ...], named: list[str]
) -> dict[str, list[_Candidate]]:
    """Return the folders that could be published, by the name of the distribution.

    What tests or examples work with is only a candidate where the settings name it.
    """
    found: dict[str, list[_Candidate]] = {}
    tracked = set(files)
    for path, about in _publishable(root, files):
        if not not_shipped(path) or about.name in named:
            version = about.version or _dynamic_version(
                root, path, about, tracked
            )
            candidate = _Candidate((root / path).parent, about, version)
            found.setdefault(about.name or "", []).append(candidate)
    return found


def _publishable(
    root: Path, files: tuple[str, ...]
) -> Iterator[tuple[str, PyProject]]:
    """Yield each pyproject.toml that says how a distribution is built.

    Raises `ReleaseError` for one that cannot be read, unless tests or examples work with it.
    """
    for path in files:
        if not _is_pyproject(path):
            continue
        try:
            about = about_package(root, path)
        except ReleaseError:
            if not_shipped(path):
                continue
            raise
        if about.is_built and about.name and not about.is_private:
            yield path, about


def _several(
    candidates: dict[str, list[_Candidate]], settings: Settings
) -> Unresolved:
    """Return the question which packages are released."""
    possible = []
    for name, found in candidates.items():
        if len(found) == 1:
            possible.append(_package(name, found[0], settings))
    lines = [f'[python."{name}"]' for name in candidates]
    return ambiguity("Python packages", lines, tuple(possible))


def _candidate(
    root: Path,
    name: str,
    candidates: dict[str, list[_Candidate]],
    settings: Settings,
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
        folders = sorted(
            one.folder.relative_to(root).as_posix() for one in found
        )
        raise ambiguity(
            f"folders for {name}",
            [f'[python."{name}"]', choice("path", folders)],
        )
    return found[0]


def _package(
    name: str, candidate: _Candidate, settings: Settings
) -> PythonPackage:
    table = settings.python.get(name, PythonTable())
    is_maturin = candidate.about.backend.startswith("maturin")
    if not is_secret_name(table.token):
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
        candidate.version,
        candidate.folder,
        is_maturin,
        wheels=table.wheels,
        pythons=table.pythons,
        sdist=table.sdist,
        token=table.token,
        is_from_tags=candidate.about.dynamic.is_from_tags,
    )


def _check_platform(name: str, tag: str) -> None:
    """Raise `ReleaseError` for a platform tag of which PyPI takes no wheel."""
    from release_tasks.rules import pypi_files

    if not pypi_files.platform_tag(tag):
        return
    fix = (
        "write one like manylinux_2_28_x86_64, musllinux_1_2_aarch64, macosx_11_0_arm64 or "
        "win_amd64"
    )
    rounded = re.sub(r"^(macosx_\d+)_\d+_", r"\1_0_", tag)
    if not pypi_files.platform_tag(rounded):
        fix = f"write {rounded}: from macOS 11 on the second number is 0"
    raise ReleaseError(
        f"{FILE}: [python.{name}] wheels: PyPI takes no {tag}", fix
    )


def _dynamic_version(
    root: Path, path: str, about: PyProject, tracked: set[str]
) -> str:
    """Return the version that the backend reads from a tracked file, "" where there is none."""
    for source in about.dynamic.sources:
        file = normpath(f"{dirname(path)}/{source.path}").lstrip("/")
        if file in tracked:
            found = source.version_in(read(root, file))
            if found:
                return found
    return ""


def _lowest_python(about: PyProject, crate: Package) -> int | None:
    """Return the lowest minor version of Python 3 for which maturin builds the wheel.

    It is 0 for cffi, uniffi and programs, and None without abi3 (PEP 384, pyo3's features).
    """
    if _bindings(about, crate) != "pyo3":
        return 0
    features = _enabled_features(about, crate)
    for dependency in _pyo3(crate):
        features += dependency["features"]
    abi3 = [match for match in map(ABI3.fullmatch, features) if match]
    lowest = [int(match[1]) for match in abi3 if match[1]]
    if lowest:
        return min(lowest)
    return sys.version_info.minor if abi3 else None


def _enabled_features(about: PyProject, crate: Package) -> list[str]:
    """Return the features that maturin builds with, those too that others of them turn on."""
    waiting = [str(name) for name in about.maturin.get("features", ())]
    if not about.maturin.get("no-default-features"):
        waiting.append("default")
    found: list[str] = []
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.append(name)
            waiting += crate["features"].get(name, ())
    return found


def _pyo3(crate: Package) -> list[dict[str, Any]]:
    found = []
    for dependency in crate["dependencies"]:
        if (
            dependency["name"] in ("pyo3", "pyo3-ffi")
            and dependency["kind"] is None
        ):
            found.append(dependency)
    return found


def _bindings(about: PyProject, crate: Package) -> str:
    """Return the kind of bindings of a wheel: as its settings say, or as maturin finds it."""
    written = about.maturin.get("bindings")
    if written:
        return str(written)
    if _pyo3(crate):
        return "pyo3"
    kinds = {kind for target in crate["targets"] for kind in target["kind"]}
    if "bin" in kinds and "cdylib" not in kinds:
        return "bin"
    return "cffi"


def _is_pyproject(path: str) -> bool:
    return basename(path) == "pyproject.toml"
