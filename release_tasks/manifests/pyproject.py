"""pyproject.toml: a literal `[project] version`, in PEP 440 form; a dynamic one is left alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from release_tasks.manifests import toml_values
from release_tasks.manifests.version_locations import VersionLocation, VersionLocations
from release_tasks.versions.numbers import pep440


@dataclass(frozen=True)
class PyProject:
    """What one pyproject.toml says about its version and its build."""

    name: str | None
    version: str | None  # as written, in PEP 440 form; None where it is dynamic
    is_built: bool  # it has a build system
    is_private: bool  # a classifier keeps it from PyPI
    backend: str  # build-system.build-backend, "" where it has none
    cargo_manifest: str | None  # tool.maturin.manifest-path
    modules: tuple[str, ...] = ()  # files that the backend may read a dynamic version from
    pythons: str = ""  # project.requires-python
    readme: str | None = (
        None  # its file; "" where it is a text, or not said here but by the backend
    )
    maturin: dict[str, Any] = field(default_factory=dict)  # tool.maturin


def read(text: str, path: str) -> PyProject:
    """Return what a pyproject.toml says; raise `ReleaseError` with line and column for a broken one."""
    data = toml_values.load(text, path)
    dynamic, classifiers = (_at(data, "project", key) for key in ("dynamic", "classifiers"))
    name, version, backend, manifest = (
        value if isinstance(value := _at(data, *keys), str) else None
        for keys in (
            ("project", "name"),
            ("project", "version"),
            ("build-system", "build-backend"),
            ("tool", "maturin", "manifest-path"),
        )
    )
    later = [str(one) for one in dynamic] if isinstance(dynamic, list) else []
    readme, table = _at(data, "project", "readme"), _at(data, "tool", "maturin")
    if isinstance(readme, dict):
        readme = readme.get("file") or ""
    is_private = isinstance(classifiers, list) and any(
        "Do Not Upload" in str(text) for text in classifiers
    )
    return PyProject(
        name,
        version,
        "build-system" in data,
        is_private,
        backend or "",
        manifest,
        tuple(_modules(data)) if "version" in later else (),
        str(_at(data, "project", "requires-python") or ""),
        "" if readme is None and "readme" in later else readme,
        table if isinstance(table, dict) else {},
    )


def _places(
    text: str, path: str, versions: Mapping[str, str], version: str | None
) -> Iterator[VersionLocation]:
    found = read(text, path)
    if found.version is not None:
        new = versions.get(str(found.name), version)
        span = toml_values.spans(text, path)["project", "version"]
        yield VersionLocation(
            "[project] version", found.version, *span, pep440(new) if new else None
        )


def _modules(data: Any) -> Iterator[str]:
    if isinstance(hatch := _at(data, "tool", "hatch", "version", "path"), str):
        yield hatch
    if isinstance(attribute := _at(data, "tool", "setuptools", "dynamic", "version", "attr"), str):
        module = attribute.rpartition(".")[0].replace(".", "/")
        yield from (
            f"{folder}{module}{end}" for folder in ("", "src/") for end in (".py", "/__init__.py")
        )


def _at(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


KIND = VersionLocations(_places)
