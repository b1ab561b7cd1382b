"""pyproject.toml: a literal `[project] version`, in PEP 440 form; a dynamic one is left alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from release_tasks.manifests import toml_values
from release_tasks.manifests.copies import Copy, line_at, unproved

_AT: toml_values.Path = ("project", "version")


@dataclass(frozen=True)
class PyProject:
    """What one pyproject.toml says about its version and its build."""

    path: str
    name: str | None
    version: str | None  # as written, in PEP 440 form; None where it is dynamic
    is_dynamic: bool
    is_built: bool  # it has a build system
    is_private: bool  # a classifier keeps it from PyPI
    backend: str  # build-system.build-backend, "" where it has none
    cargo_manifest: str | None  # tool.maturin.manifest-path
    modules: tuple[str, ...] = ()  # files that the backend may read a dynamic version from


def read(text: str, path: str) -> PyProject:
    """Return what a pyproject.toml says; raise `ReleaseError` with line and column for a broken one."""
    data = toml_values.load(text, path)
    dynamic, classifiers = (_at(data, "project", key) for key in ("dynamic", "classifiers"))
    name, version, backend, manifest = (
        value if isinstance(value := _at(data, *keys), str) else None
        for keys in (("project", "name"), ("project", "version"), ("build-system", "build-backend"), ("tool", "maturin", "manifest-path"))
    )
    is_dynamic = isinstance(dynamic, list) and "version" in dynamic
    is_private = isinstance(classifiers, list) and any("Do Not Upload" in str(text) for text in classifiers)
    return PyProject(
        path, name, version, is_dynamic, "build-system" in data, is_private, backend or "", manifest,
        tuple(_modules(data)) if is_dynamic else (),
    )


def copies(text: str, path: str) -> tuple[Copy, ...]:
    """Return the package's version, if the file has one."""
    version = read(text, path).version
    if version is None:
        return ()
    line = line_at(text, toml_values.spans(text, path)[_AT][0])
    return (Copy(path, line, "[project] version", version),)


def set_versions(text: str, path: str, versions: Mapping[str, str], version: str | None = None) -> str:
    """Return the text with the version of the project's name in `versions`, else `version`.

    Both are SemVer and written in PEP 440 form; raises `ReleaseError` where there is none.
    """
    found = read(text, path)
    new = _wanted(found, versions, version)
    return text if new in (None, found.version) or found.version is None else toml_values.edit(text, path, {_AT: str(new)})


def prove(text: str, path: str, versions: Mapping[str, str], version: str | None = None) -> list[str]:
    """Return a sentence where the file does not show the version it should."""
    new = _wanted(read(text, path), versions, version)
    return [
        unproved(path, copy.line, copy.what, copy.version, new)
        for copy in copies(text, path) if new is not None and copy.version != new
    ]


def _wanted(found: PyProject, versions: Mapping[str, str], version: str | None) -> str | None:
    from release_tasks.project.versions import pep440

    new = versions.get(str(found.name), version)
    return None if new is None or found.version is None else pep440(new)


def _modules(data: Any) -> Iterator[str]:
    if isinstance(hatch := _at(data, "tool", "hatch", "version", "path"), str):
        yield hatch
    if isinstance(attribute := _at(data, "tool", "setuptools", "dynamic", "version", "attr"), str):
        module = attribute.rpartition(".")[0].replace(".", "/")
        yield from (f"{folder}{module}{end}" for folder in ("", "src/") for end in (".py", "/__init__.py"))


def _at(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data
