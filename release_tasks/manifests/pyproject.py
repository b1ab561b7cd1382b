"""pyproject.toml: a literal `[project] version`, in PEP 440 form; a dynamic one is left alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from release_tasks.manifests import toml_values
from release_tasks.manifests.version_locations import (
    FileBump,
    VersionLocation,
    VersionLocations,
)
from release_tasks.versions.numbers import pep440


@dataclass(frozen=True)
class PyProject:
    """What one pyproject.toml says about its version and its build."""

    name: str | None
    version: str | None  # as written, in PEP 440 form; None where it is dynamic
    is_built: bool  # it has a build system
    is_private: bool  # a classifier keeps it from PyPI
    backend: str  # build-system.build-backend, "" where there is none
    cargo_manifest: str | None  # tool.maturin.manifest-path
    modules: tuple[
        str, ...
    ] = ()  # files that the backend may read a dynamic version from
    pythons: str = ""  # project.requires-python
    readme: str | None = None  # its file; "" where it is a literal text, or dynamic
    maturin: dict[str, Any] = field(default_factory=dict)  # tool.maturin


def read(text: str, path: str) -> PyProject:
    """Return what a pyproject.toml says. Raises `ReleaseError` with the line for bad TOML."""
    data = toml_values.load(text, path)
    project = _table(data, "project")
    maturin = _table(data, "tool", "maturin")
    dynamic = _texts(project.get("dynamic"))
    modules: tuple[str, ...] = ()
    if "version" in dynamic:
        modules = tuple(_version_modules(data))
    return PyProject(
        name=_text(project.get("name")),
        version=_text(project.get("version")),
        is_built="build-system" in data,
        is_private=any(
            "Do Not Upload" in name for name in _texts(project.get("classifiers"))
        ),
        backend=_text(_table(data, "build-system").get("build-backend")) or "",
        cargo_manifest=_text(maturin.get("manifest-path")),
        modules=modules,
        pythons=str(project.get("requires-python") or ""),
        readme=_readme(project.get("readme"), dynamic),
        maturin=maturin,
    )


def _readme(value: Any, dynamic: list[str]) -> Any:
    if isinstance(value, dict):
        return value.get("file") or ""
    if value is None and "readme" in dynamic:
        return ""
    return value


def _version_modules(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the files that hatchling or setuptools may read the version from."""
    path = _table(data, "tool", "hatch", "version").get("path")
    if isinstance(path, str):
        yield path
    attribute = _table(data, "tool", "setuptools", "dynamic", "version").get("attr")
    if isinstance(attribute, str):
        module = attribute.rpartition(".")[0].replace(".", "/")
        for folder in ("", "src/"):
            yield f"{folder}{module}.py"
            yield f"{folder}{module}/__init__.py"


def _locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
    found = read(text, bump.path)
    if found.version is None:
        return
    new = bump.version_of(found.name)
    start, end = toml_values.spans(text, bump.path)["project", "version"]
    yield VersionLocation(
        "[project] version", found.version, start, end, new and pep440(new)
    )


def _table(data: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    found: Any = data
    for key in keys:
        found = found.get(key)
        if not isinstance(found, dict):
            return {}
    return dict(found)


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    return None


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(text) for text in value]
    return []


KIND = VersionLocations(_locations)
