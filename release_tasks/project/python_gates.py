"""The gates of Python packages: pytest against the built wheel, ruff and mypy, each where it is configured."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from release_tasks.formats.text_files import read
from release_tasks.manifests import toml_values
from release_tasks.project import python_packages
from release_tasks.project.model import Gate, Project, PythonPackage, resolved_or_empty
from release_tasks.shell import found as is_installed

Data = Mapping[str, Any]
Wheels = Mapping[PythonPackage, str]  # and where each is built
NEWEST = 30  # up to which minor version of Python 3 is looked for


def found(project: Project) -> Iterator[Gate]:
    """Yield the gates of each shipped package, and those that the root's pyproject.toml has for all of them."""
    root = project.root
    # a backend leaves files where it builds; maturin builds into cargo's folder
    wheels = {
        one: str(one.folder)
        if one.maturin
        else f"{{copy}}/{one.folder.relative_to(root).as_posix()}"
        for one in resolved_or_empty(
            python_packages.packages(root, project.files, project.settings)
        )
    }
    top = [root] if "pyproject.toml" in project.files else []
    data = {folder: _data(root, folder) for folder in [*top, *(one.folder for one in wheels)]}
    for tool, gate in (("pytest", _pytest), ("ruff", _ruff), ("mypy", _mypy)):
        places = [folder for folder in data if _is_configured(project, folder, data[folder], tool)]
        for folder in places:
            name = tool if len(places) == 1 else f"{tool}-{folder.name}"
            yield gate(
                name,
                folder,
                data[folder],
                {one: wheels[one] for one in wheels if one.folder == folder} or wheels,
            )


def _pytest(name: str, folder: Path, data: Data, wheels: Wheels) -> Gate:
    options = _table(data, "tool", "pytest", "ini_options")
    is_importlib = "import-mode=importlib" in str(options.get("addopts", ""))
    # neither mode puts the source tree before what is installed
    argv = ("python", "-m", "pytest", *(() if is_importlib else ("--import-mode=append",)))
    said = options.get("pythonpath", ())
    paths = tuple(shlex.split(said) if isinstance(said, str) else map(str, said))
    return Gate(
        name,
        (argv,),
        folder,
        _installs(folder, data, "pytest", wheels),
        _pythons(data, wheels),
        paths,
    )


def _ruff(name: str, folder: Path, data: Data, _: Wheels) -> Gate:
    wanted = next(
        (row for *_, rows in _lists(data) for row in rows if _named(row) == "ruff"), "ruff"
    )
    return Gate(name, (("python", "-m", "ruff", "check", "."),), folder, (wanted,))


def _mypy(name: str, folder: Path, data: Data, wheels: Wheels) -> Gate:
    is_told = not {"files", "packages", "modules"}.isdisjoint(_table(data, "tool", "mypy"))
    argv = ("python", "-m", "mypy", *(() if is_told else (".",)))
    return Gate(name, (argv,), folder, _installs(folder, data, "mypy", wheels))


def _installs(folder: Path, data: Data, tool: str, wheels: Wheels) -> tuple[str, ...]:
    """Return what pip installs: the wheels, and the dependency group or the extra that has the tool in it."""
    is_here = folder in [one.folder for one in wheels]
    for is_extra, group, rows in _lists(data):
        if tool in map(_named, rows):
            if not is_extra:
                return (*wheels.values(), f"--group={folder}/pyproject.toml:{group}")
            return (
                tuple(f"{place}[{group}]" for place in wheels.values())
                if is_here
                else (*wheels.values(), *rows)
            )
    return (*wheels.values(), tool)


def _pythons(data: Data, wheels: Wheels) -> tuple[str, ...]:
    """Return the installed Pythons among those that the settings, the classifiers or `requires-python` name."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    project, here = _table(data, "project"), f"3.{sys.version_info.minor}"
    rows = re.findall(r"Python :: (3\.\d+)\b", "\n".join(map(str, project.get("classifiers", ()))))
    wanted = [python for one in wheels for python in one.pythons] or rows
    if not wanted and "requires-python" in project:
        try:
            allowed = SpecifierSet(str(project["requires-python"]))
        except InvalidSpecifier:  # its backend says so as it builds the wheel
            return ()
        wanted = [
            f"3.{minor}" for minor in range(NEWEST) if allowed.contains(f"3.{minor}.{NEWEST}")
        ]
    there = tuple(
        one for one in dict.fromkeys(wanted) if one == here or is_installed(f"python{one}")
    )
    return () if there == (here,) else there


def _is_configured(project: Project, folder: Path, data: Data, tool: str) -> bool:
    place = folder.relative_to(project.root)
    own = {
        (place / f"{dot}{tool}.{end}").as_posix() for dot in ("", ".") for end in ("ini", "toml")
    }
    is_said = tool in _table(data, "tool") or not own.isdisjoint(project.files)
    if not is_said and not any(tool in map(_named, rows) for *_, rows in _lists(data)):
        return False
    if tool != "pytest":
        return True
    below = (
        PurePosixPath(path)
        for path in project.files
        if (project.root / path).is_relative_to(folder)
    )
    return any(path.match("test_*.py") or path.match("*_test.py") for path in below)


def _data(root: Path, folder: Path) -> Data:
    path = (folder / "pyproject.toml").relative_to(root).as_posix()
    return toml_values.load(read(root, path), path)


def _lists(data: Data) -> Iterator[tuple[bool, str, list[str]]]:
    """Yield the dependency groups (PEP 735), then the extras, with the requirements that each spells out."""
    for keys in (("dependency-groups",), ("project", "optional-dependencies")):
        for name, rows in _table(data, *keys).items():
            yield keys[0] == "project", name, [row for row in rows if isinstance(row, str)]


def _named(requirement: str) -> str:
    got = re.match(r"[\w.-]+", requirement)
    return got[0].lower() if got else ""


def _table(data: Data, *keys: str) -> Data:
    for key in keys:
        data = data.get(key, {})
    return data if isinstance(data, Mapping) else {}
