"""The gates of Python packages: pytest with the built wheel, ruff and mypy, each if configured."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from release_tasks.formats.text_files import read
from release_tasks.manifests import toml_values
from release_tasks.manifests.toml_values import table_at
from release_tasks.project import pinned_tools, python_packages
from release_tasks.project.model import (
    Gate,
    Project,
    PythonPackage,
    resolved_or_empty,
)
from release_tasks.shell import found as is_installed
from release_tasks.tools import git

Data = Mapping[str, Any]
Wheels = Mapping[PythonPackage, str]  # and the folder in which each is built
NEWEST = 30  # up to which minor version of Python 3 is looked for


@dataclass(frozen=True)
class Requirements:
    """A dependency group (PEP 735) or an extra of a pyproject.toml."""

    name: str
    is_extra: bool
    rows: tuple[str, ...]  # those that are spelled out

    def has(self, tool: str) -> bool:
        """Tell whether a tool is one of them."""
        return any(_distribution(row) == tool for row in self.rows)


def found(project: Project) -> Iterator[Gate]:
    """Yield the gates of each package, and those of the root's pyproject.toml for all of them."""
    wheels = _wheels(project)
    folders = [package.folder for package in wheels]
    if "pyproject.toml" in project.files:
        folders.insert(0, project.root)
    data = {folder: _data(project.root, folder) for folder in folders}
    for tool, gate in (("pytest", _pytest), ("ruff", _ruff), ("mypy", _mypy)):
        configured = [
            folder
            for folder in data
            if _is_configured(project, folder, data[folder], tool)
        ]
        for folder in configured:
            name = tool if len(configured) == 1 else f"{tool}-{folder.name}"
            own = {
                package: where
                for package, where in wheels.items()
                if package.folder == folder
            }
            made = gate(name, folder, data[folder], own or wheels)
            yield _with_version(project, made, tool)


def _with_version(project: Project, gate: Gate, tool: str) -> Gate:
    """Return a gate that installs its tool in the version that the project uses."""
    rows = [row for row in gate.installs if _distribution(row) == tool]
    if any("==" in row for row in rows):
        return gate
    version = pinned_tools.locked(project, gate.folder, tool)
    if not version and rows == [tool]:
        version = pinned_tools.hooked(project, tool)
    if not version:
        return gate
    others = [row for row in gate.installs if row not in rows]
    return replace(gate, installs=(*others, f"{tool}=={version}"))


def _wheels(project: Project) -> dict[PythonPackage, str]:
    """Return each package, and where pip builds its wheel.

    A backend leaves files where it builds, so it gets a copy; maturin builds in cargo's folder.
    """
    packages = python_packages.packages(
        project.root, project.files, project.settings
    )
    found = {}
    for package in resolved_or_empty(packages):
        where = str(package.folder)
        if not package.maturin:
            where = f"{{copy}}/{package.folder.relative_to(project.root).as_posix()}"
        found[package] = where
    return found


def _pytest(name: str, folder: Path, data: Data, wheels: Wheels) -> Gate:
    options = table_at(data, "tool", "pytest", "ini_options")
    argv = ["python", "-m", "pytest"]
    # Neither import mode puts the source tree before the installed packages.
    if "import-mode=importlib" not in str(options.get("addopts", "")):
        argv.append("--import-mode=append")
    paths = options.get("pythonpath", ())
    if isinstance(paths, str):
        paths = shlex.split(paths)
    return Gate(
        name,
        (tuple(argv),),
        folder,
        installs=_installs(folder, data, "pytest", wheels),
        pythons=_pythons(data, wheels),
        paths=tuple(map(str, paths)),
    )


def _ruff(name: str, folder: Path, data: Data, _: Wheels) -> Gate:
    requirement = "ruff"
    for group in _groups(data):
        if group.has("ruff"):
            requirement = next(
                row for row in group.rows if _distribution(row) == "ruff"
            )
            break
    return Gate(
        name, (("python", "-m", "ruff", "check", "."),), folder, (requirement,)
    )


def _mypy(name: str, folder: Path, data: Data, wheels: Wheels) -> Gate:
    argv = ["python", "-m", "mypy"]
    if {"files", "packages", "modules"}.isdisjoint(
        table_at(data, "tool", "mypy")
    ):
        argv.append(".")
    return Gate(
        name, (tuple(argv),), folder, _installs(folder, data, "mypy", wheels)
    )


def _installs(
    folder: Path, data: Data, tool: str, wheels: Wheels
) -> tuple[str, ...]:
    """Return what pip installs: the wheels, and the group or the extra with the tool in it."""
    group = next((group for group in _groups(data) if group.has(tool)), None)
    if group is None:
        return (*wheels.values(), tool)
    if not group.is_extra:
        return (
            *wheels.values(),
            f"--group={folder}/pyproject.toml:{group.name}",
        )
    if any(package.folder == folder for package in wheels):
        return tuple(f"{where}[{group.name}]" for where in wheels.values())
    return (*wheels.values(), *group.rows)


def _pythons(data: Data, wheels: Wheels) -> tuple[str, ...]:
    """Return the installed Pythons among those that the package is for; none for only this one."""
    here = f"3.{sys.version_info.minor}"
    found = []
    for python in dict.fromkeys(_supported(data, wheels)):
        if python == here or is_installed(f"python{python}"):
            found.append(python)
    if found == [here]:
        return ()
    return tuple(found)


def _supported(data: Data, wheels: Wheels) -> list[str]:
    """Return the Pythons of the settings, else of the classifiers, else of `requires-python`."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    configured: list[str] = []
    for package in wheels:
        configured += package.pythons
    project = table_at(data, "project")
    classifiers = "\n".join(map(str, project.get("classifiers", ())))
    found = configured or re.findall(r"Python :: (3\.\d+)\b", classifiers)
    if found or "requires-python" not in project:
        return found
    try:
        allowed = SpecifierSet(str(project["requires-python"]))
    except InvalidSpecifier:  # the build backend reports it
        return []
    return [
        f"3.{minor}"
        for minor in range(NEWEST)
        if allowed.contains(f"3.{minor}.{NEWEST}")
    ]


def _is_configured(
    project: Project, folder: Path, data: Data, tool: str
) -> bool:
    """Tell whether a tool has a table, a file or a requirement; pytest also needs tests."""
    is_required = any(group.has(tool) for group in _groups(data))
    if not is_required and not _has_configuration(project, folder, data, tool):
        return False
    return tool != "pytest" or _has_tests(project, folder)


def _has_configuration(
    project: Project, folder: Path, data: Data, tool: str
) -> bool:
    if tool in table_at(data, "tool"):
        return True
    place = folder.relative_to(project.root)
    tracked = git.tracked(project.root)
    for name in (
        f"{tool}.ini",
        f".{tool}.ini",
        f"{tool}.toml",
        f".{tool}.toml",
    ):
        if (place / name).as_posix() in tracked:
            return True
    return False


def _has_tests(project: Project, folder: Path) -> bool:
    """Tell whether git tracks tests, also where `[project] ignore` passes over them."""
    place = folder.relative_to(project.root)
    for path in map(PurePosixPath, git.tracked(project.root)):
        is_test = path.match("test_*.py") or path.match("*_test.py")
        if is_test and path.is_relative_to(place):
            return True
    return False


def _data(root: Path, folder: Path) -> Data:
    path = (folder / "pyproject.toml").relative_to(root).as_posix()
    return toml_values.load(read(root, path), path)


def _groups(data: Data) -> Iterator[Requirements]:
    """Yield the dependency groups, then the extras."""
    for name, rows in table_at(data, "dependency-groups").items():
        yield Requirements(name, False, _texts(rows))
    for name, rows in table_at(
        data, "project", "optional-dependencies"
    ).items():
        yield Requirements(name, True, _texts(rows))


def _texts(rows: list[Any]) -> tuple[str, ...]:
    return tuple(row for row in rows if isinstance(row, str))


def _distribution(requirement: str) -> str:
    """Return the name in a requirement, in lower case."""
    name = re.match(r"[\w.-]+", requirement)
    return name[0].lower() if name else ""
