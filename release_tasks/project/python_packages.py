"""The distributions for PyPI among a repository's pyproject.toml files."""

from __future__ import annotations

import tomllib
from pathlib import Path, PurePosixPath
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.project.model import Found, PythonPackage, either, question
from release_tasks.project.settings import FILE, PythonTable, Settings
from release_tasks.shell import SECRET_NAME


def packages(root: Path, files: tuple[str, ...], settings: Settings) -> Found[PythonPackage]:
    """Return the distributions for PyPI; those for development only have no build system or say so."""
    candidates: dict[str, list[tuple[Path, dict[str, Any]]]] = {}
    for folder, data in _pyprojects(root, files):
        project = data.get("project", {})
        private = any("Do Not Upload" in text for text in project.get("classifiers", ()))
        if "build-system" in data and "name" in project and not private:
            candidates.setdefault(project["name"], []).append((folder, data))
    said = [*settings.python, *(name for table in settings.components.values() for name in table.python)]
    wanted = list(dict.fromkeys(said or candidates))
    if not said and len(candidates) > 1:
        return question("Python packages", [f'[python."{name}"]' for name in candidates])
    found = []
    for name in wanted:
        path = settings.python[name].path if name in settings.python else None
        places = [p for p in candidates.get(name, ()) if path is None or p[0] == root / path]
        if not places:
            return ReleaseError(f"{FILE}: [python.{name}]: no pyproject.toml with that name and a build system", f"known are {', '.join(candidates) or 'none'}")
        if len(places) > 1:
            folders = sorted(p[0].relative_to(root).as_posix() for p in places)
            return question(f"folders for {name}", [f'[python."{name}"]', either("path", folders)])
        found.append(_package(root, *places[0], settings))
    return tuple(found)


def built_by_maturin(root: Path, files: tuple[str, ...]) -> set[Path]:
    """Return the folders of the crates that are wheels, and so no crates for crates.io by themselves."""
    folders = set()
    for folder, data in _pyprojects(root, files):
        if _is_maturin(data):
            manifest = data.get("tool", {}).get("maturin", {}).get("manifest-path", "Cargo.toml")
            folders.add((folder / manifest).resolve().parent)
    return folders


def _package(root: Path, folder: Path, data: dict[str, Any], settings: Settings) -> PythonPackage:
    name = data["project"]["name"]
    table = settings.python.get(name, PythonTable())
    if not SECRET_NAME.search(table.token):
        raise ReleaseError(
            f"{FILE}: [python.{name}] token: every program would see a variable called {table.token}",
            "choose a name with TOKEN in it",
        )
    if table.pythons and not _is_maturin(data):
        raise ReleaseError(f"{FILE}: [python.{name}] pythons: only maturin builds for a Python that is not the running one", "leave it out")
    return PythonPackage(
        name, data["project"].get("version", ""), folder, _is_maturin(data), table.wheels, table.pythons, table.sdist, table.token
    )


def _pyprojects(root: Path, files: tuple[str, ...]) -> list[tuple[Path, dict[str, Any]]]:
    found = []
    for path in files:
        if PurePosixPath(path).name == "pyproject.toml":
            try:
                found.append(((root / path).parent, tomllib.loads((root / path).read_text("utf-8-sig"))))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise ReleaseError(f"{path} is no TOML: {error}", f"mend that line of {path}") from error
    return found


def _is_maturin(data: dict[str, Any]) -> bool:
    return str(data.get("build-system", {}).get("build-backend", "")).startswith("maturin")
