"""pyproject.toml: a literal `[project] version` in PEP 440 form, and requirements on siblings.

A dynamic version is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import line_at
from release_tasks.manifests import toml_values
from release_tasks.manifests.toml_values import table_at, text_or_none
from release_tasks.manifests.version_locations import (
    FileBump,
    Siblings,
    VersionLocation,
    VersionLocations,
)
from release_tasks.manifests.version_sources import (
    DynamicVersion,
    dynamic_version,
)
from release_tasks.versions.numbers import pep440
from release_tasks.versions.python_requirements import followed
from release_tasks.versions.python_requirements import read as read_requirement

# the lists of requirements: PEP 508, 621, 735; uv, pdm, hatch, flit, cibuildwheel
_LISTS = frozenset(
    (
        "dependencies",
        "optional-dependencies",
        "dependency-groups",
        "requires",
        "dev-dependencies",
        "constraint-dependencies",
        "build-constraint-dependencies",
        "override-dependencies",
        "extra-dependencies",
        "requires-extra",
        "test-requires",
    )
)

# tables of [tool] with indexes, or where single packages come from
_INDEXES = {
    "uv": ("index", "sources"),
    "poetry": ("source",),
    "pdm": ("source",),
}
# backends that are used for compiled code only
COMPILING = ("maturin", "mesonpy", "scikit_build_core", "py_build_cmake")


@dataclass(frozen=True)
class PyProject:
    """What one pyproject.toml says about its version and its build."""

    name: str | None
    version: str | None  # as written, in PEP 440 form; None where it is dynamic
    is_built: bool  # it has a build system, and is no application
    is_private: bool  # a classifier keeps it from PyPI
    backend: str  # build-system.build-backend, "" where there is none
    cargo_manifest: str | None  # tool.maturin.manifest-path
    dynamic: DynamicVersion  # where its backend reads the version
    pythons: str = ""  # project.requires-python
    # its file; "" where it is a literal text, or dynamic
    readme: str | None = None
    maturin: Mapping[str, Any] = field(default_factory=dict)  # tool.maturin
    # where its backend finds packages, as it says
    source_folders: tuple[str, ...] = ()


def has_backend(data: Mapping[str, Any]) -> bool:
    """Return whether a pyproject.toml says what builds it: [build-system], or setuptools alone.

    Without [build-system] a frontend takes setuptools (PEP 517); a table for it means that.
    """
    return "build-system" in data or "setuptools" in table_at(data, "tool")


def is_application(data: Mapping[str, Any]) -> bool:
    """Return whether a pyproject.toml says that it is no package, whatever its build system.

    docs.astral.sh/uv: `tool.uv.package`; python-poetry.org: `package-mode`; pdm-project.org:
    `distribution`. Where a compiler is needed, uv's word only keeps it from building the package
    for each `uv sync`; the project builds it with another tool.
    """
    tools = table_at(data, "tool")
    backend = table_at(data, "build-system").get("build-backend")
    is_compiled = str(backend).partition(".")[0] in COMPILING
    said = (
        None if is_compiled else table_at(tools, "uv").get("package"),
        table_at(tools, "poetry").get("package-mode"),
        table_at(tools, "pdm").get("distribution"),
    )
    return False in said


def read(text: str, path: str, setup_cfg: str = "") -> PyProject:
    """Return what a pyproject.toml says. Raises `ReleaseError` with the line for bad TOML.

    `setup_cfg` is the text of the file beside it, where setuptools has the name and version if
    there is no [project] table.
    """
    data = toml_values.load(text, path)
    project = table_at(data, "project")
    maturin = table_at(data, "tool", "maturin")
    dynamic = _texts(project.get("dynamic"))
    name = _name(data, setup_cfg)
    version = text_or_none(project.get("version"))
    return PyProject(
        name=name,
        version=version,
        is_built=has_backend(data) and not is_application(data),
        is_private=any(
            "Do Not Upload" in name
            for name in _texts(_described(data).get("classifiers"))
        ),
        backend=text_or_none(
            table_at(data, "build-system").get("build-backend")
        )
        or "",
        cargo_manifest=text_or_none(maturin.get("manifest-path")),
        dynamic=_dynamic(data, name, setup_cfg),
        pythons=str(project.get("requires-python") or ""),
        readme=_readme(data, dynamic, setup_cfg),
        maturin=maturin,
        source_folders=_source_folders(table_at(data, "tool")),
    )


def needed(text: str, path: str) -> tuple[str, ...]:
    """Return what a package needs to be built and to be installed, as PEP 508 writes it.

    Where the file names indexes of its own, only what it is built with: a frontend such as pip
    does not read those tables. Raises `ReleaseError` for bad TOML.
    """
    data = toml_values.load(text, path)
    tools = table_at(data, "tool")
    has_index = any(
        key in table_at(tools, name)
        for name, keys in _INDEXES.items()
        for key in keys
    )
    installed = table_at(data, "project").get("dependencies")
    return (
        *_texts(table_at(data, "build-system").get("requires")),
        *(() if has_index else _texts(installed)),
    )


def _source_folders(tools: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the folders in which maturin, setuptools, pdm or poetry look for packages."""
    setuptools = table_at(tools, "setuptools")
    found = [
        table_at(tools, "maturin").get("python-source"),
        table_at(setuptools, "package-dir").get(""),
        table_at(tools, "pdm", "build").get("package-dir"),
    ]
    where = table_at(setuptools, "packages", "find").get("where")
    found += where if isinstance(where, list) else []
    included = table_at(tools, "poetry").get("packages")
    for row in included if isinstance(included, list) else []:
        found.append(row.get("from") if isinstance(row, dict) else None)
    return tuple(
        dict.fromkeys(folder for folder in found if isinstance(folder, str))
    )


def _readme(
    data: Mapping[str, Any], dynamic: list[str], setup_cfg: str
) -> str | None:
    """Return the file of the readme, "" where there is another source or several files."""
    value = _described(data).get("readme")
    if isinstance(value, dict):
        return text_or_none(value.get("file")) or ""
    if value is None:
        is_elsewhere = re.search(r"(?m)^long_description\s*=", setup_cfg)
        return "" if "readme" in dynamic or is_elsewhere else None
    return text_or_none(value) or ""


def _described(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the table that describes the distribution: [project], or that of Poetry."""
    if "project" in data:
        return table_at(data, "project")
    return table_at(data, "tool", "poetry")


def _name(data: Mapping[str, Any], setup_cfg: str) -> str | None:
    """Return the name of the distribution: of [project], poetry, or setup.cfg."""
    if "project" in data:
        return text_or_none(table_at(data, "project").get("name"))
    poetry = text_or_none(table_at(data, "tool", "poetry").get("name"))
    found = re.search(r"(?m)^name[ \t]*=[ \t]*([\w.-]+)[ \t]*\r?$", setup_cfg)
    if poetry is None and found:
        return found[1]
    return poetry


def _dynamic(
    data: Mapping[str, Any], name: str | None, setup_cfg: str
) -> DynamicVersion:
    if name is None or text_or_none(table_at(data, "project").get("version")):
        return DynamicVersion()
    return dynamic_version(data, name, setup_cfg)


class PythonPin(NamedTuple):
    """A requirement in a pyproject.toml, and where its specifiers are."""

    where: str  # for people: `[project] dependencies`
    name: str  # normalized, as PyPI does
    specifiers: str
    start: int
    end: int


def kind(siblings: Siblings) -> VersionLocations:
    """Return the kind of a pyproject.toml that may have requirements on `siblings`.

    Their names are normalized as PyPI does.
    """

    def locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
        yield from _locations(text, bump)
        for pin in pins(text, bump.path):
            if pin.name in siblings.new and pin.specifiers:
                yield pin_location(text, bump.path, pin, siblings)

    return VersionLocations(locations)


def pins(text: str, path: str) -> Iterator[PythonPin]:
    """Yield each requirement on a package of PyPI, those without a version included."""
    from packaging.utils import canonicalize_name

    for keys, (start, end) in toml_values.spans(text, path).items():
        value = text[start:end]
        where = (
            f"[{'.'.join(map(str, keys[:-2]))}] {keys[-2]}" if keys[1:] else ""
        )
        if isinstance(keys[-1], int) and not _LISTS.isdisjoint(map(str, keys)):
            found = read_requirement(value)
            if found:
                name = str(canonicalize_name(found.name))
                specifiers = found.specifiers
                place = (start + found.start, start + found.end)
                yield PythonPin(where, name, specifiers, *place)
            continue
        package = _poetry_package(keys)
        if package:
            where = (
                f"[{'.'.join(map(str, keys[: keys.index(package)]))}] {package}"
            )
            name = str(canonicalize_name(package))
            yield PythonPin(where, name, value, start, end)


def pin_location(
    text: str, path: str, pin: PythonPin, siblings: Siblings
) -> VersionLocation:
    """Return where a requirement on a sibling is, and what it becomes.

    Raises `ReleaseError` with file and line where it cannot admit the new version.
    """
    present = siblings.present.get(pin.name)
    try:
        new = followed(pin.specifiers, siblings.new[pin.name], present)
    except ReleaseError as error:
        line = line_at(text, pin.start)
        place = f"{path}:{line}: {pin.name} in {pin.where}"
        raise ReleaseError(f"{place}: {error.problem}", error.fix) from None
    what = f"{pin.name} in {pin.where}"
    return VersionLocation(what, pin.specifiers, pin.start, pin.end, new)


def requirements(text: str, path: str) -> Iterator[tuple[str, int, int]]:
    """Yield package, start and end of each requirement, and of those on Python itself."""
    for pin in pins(text, path):
        yield pin.name, pin.start, pin.end
    for keys, (start, end) in toml_values.spans(text, path).items():
        if keys[-1] in ("requires-python", "python", "required-version"):
            yield "", start, end


def _poetry_package(keys: toml_values.KeyPath) -> str | None:
    """Return the package that a string of Poetry's tables is a requirement on."""
    if keys[:2] != ("tool", "poetry"):
        return None
    for name in ("dependencies", "dev-dependencies"):
        if name in keys and keys[-1] != name:
            package, *rest = keys[keys.index(name) + 1 :]
            if not rest or rest[-1] == "version":
                return str(package)
    return None


def _locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
    found = read(text, bump.path)
    if found.version is None:
        return
    new = bump.version_of(found.name)
    start, end = toml_values.spans(text, bump.path)["project", "version"]
    yield VersionLocation(
        "[project] version", found.version, start, end, new and pep440(new)
    )


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(text) for text in value]
    return []


KIND = VersionLocations(_locations)
