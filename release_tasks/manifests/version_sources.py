"""Where Python build backends read a version from that `[project]` calls dynamic.

Each backend's own rule is followed: hatch (`path`, `pattern`), setuptools (`attr`, `file`, also in
setup.cfg), flit, pdm, poetry, scikit-build and meson-python. What none of these finds is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import basename
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.manifests import keys, python_module, setup_cfg
from release_tasks.manifests.python_values import assigned
from release_tasks.manifests.toml_values import table_at
from release_tasks.manifests.version_locations import (
    FileBump,
    VersionLocation,
    VersionLocations,
)
from release_tasks.versions.numbers import pep440

# hatchling/version/core.py; pdm/backend/hooks/version; scikit_build_core/metadata/regex.py
HATCH = r"(?i)^(?:__version__|VERSION) *= *(['\"])v?(?P<version>.+?)\1"
PDM = r"^(?:__version__|VERSION)\s*=\s*[\"'](?P<version>.+?)[\"']\s*(?:#.*)?$"
SCIKIT = (
    r"(?i)^(?:__version__|VERSION)(?: ?: ?str)? *= *(['\"])v?(?P<value>.+?)\1"
)
MESON = r"\bproject\s*\([^)]*?\bversion\s*:\s*'(?P<version>[^']+)'"
WHOLE_FILE = r"\A\s*v?(?P<version>[0-9][^\s#]*)\s*\Z"
# which a setup.py reads
VERSION_FILES = ("VERSION", "VERSION.txt", "version.txt")
# flit_core
FLIT_FILES = ("__init__.py", "version.py", "_version.py", "__version__.py")
# Tables and words of the plugins that read the version from git's tags.
TAG_PLUGINS = (
    "setuptools_scm",
    "setuptools-scm",
    "setuptools-git-versioning",
    "versioningit",
    "versioneer",
    "vcs-versioning",
)
TAG_SOURCES = ("vcs", "scm", "versioningit", "uv-dynamic-versioning")
TAG_REQUIREMENT = re.compile(
    r"(?:setuptools[-_]scm|hatch-vcs|flit[-_]scm|versioningit|versioneer|dunamai|pbr"
    r"|poetry-dynamic-versioning|uv-dynamic-versioning|setuptools-git-versioning)\b",
    re.I,
)


@dataclass(frozen=True)
class VersionSource:
    """A file that may hold a version, and where: at a name in Python, by a pattern, at a key.

    With none of these it is setup.cfg or setup.py, with a literal version. `path` is relative to
    the folder of pyproject.toml.
    """

    path: str
    attribute: str = ""
    pattern: str = ""
    key: str = ""  # of a TOML or JSON file

    @property
    def kind(self) -> VersionLocations:
        """Return what reads and edits the version."""
        return VersionLocations(self._locations)

    def version_in(self, text: str) -> str | None:
        """Return the version that a text of that file has, None where there is none."""
        try:
            for location in self._locations(text, FileBump(self.path)):
                return location.old
        except ReleaseError:  # not the file that the backend reads
            return None
        return None

    def _locations(
        self, text: str, bump: FileBump
    ) -> Iterator[VersionLocation]:
        if not (self.attribute or self.pattern or self.key):
            yield from _SETUP_FILES[basename(self.path)].of(text, bump)
            return
        new = bump.version
        if new and basename(self.path) != "package.json":
            new = pep440(new)
        for old, start, end in self._values(text, bump.path):
            yield VersionLocation(self._what, old, start, end, new)

    @property
    def _what(self) -> str:
        return self.attribute or self.key or "the version"

    def _values(self, text: str, path: str) -> Iterator[tuple[str, int, int]]:
        if self.attribute:
            yield from assigned(text, path, self.attribute)
        elif self.key:
            yield from keys.find(text, path, self.key)
        else:
            found = re.search(self.pattern, text, re.M)
            if found:
                group = _version_group(found.re)
                yield found[group], *found.span(group)


@dataclass(frozen=True)
class DynamicVersion:
    """What a backend does to find a version: reads one of `sources`, or git's tags."""

    sources: tuple[VersionSource, ...] = ()
    is_from_tags: bool = False


def dynamic_version(
    data: Mapping[str, Any], name: str, configuration: str = ""
) -> DynamicVersion:
    """Return how the backend of a pyproject.toml finds the version of a distribution.

    `configuration` is the text of setup.cfg beside it, "" where there is none.
    """
    backend = str(
        table_at(data, "build-system").get("build-backend") or "setuptools"
    )
    sources: list[VersionSource] = []
    # PEP 517: it may wrap any
    is_in_tree = "backend-path" in table_at(data, "build-system")
    for word, find in _BACKENDS.items():
        if word in backend or is_in_tree:
            sources += find(data, name)
    if "setuptools" in backend or is_in_tree:
        sources += _setup_cfg(configuration)
    usable = [source for source in sources if _is_usable(source)]
    return DynamicVersion(tuple(dict.fromkeys(usable)), _is_from_tags(data))


def _is_from_tags(data: Mapping[str, Any]) -> bool:
    tools = table_at(data, "tool")
    if any(plugin in tools for plugin in TAG_PLUGINS):
        return True
    if table_at(tools, "poetry-dynamic-versioning").get("enable"):
        return True
    for path in (("hatch", "version"), ("pdm", "version")):
        if table_at(tools, *path).get("source") in TAG_SOURCES:
            return True
    provider = table_at(tools, "scikit-build", "metadata", "version").get(
        "provider", ""
    )
    requires = table_at(data, "build-system").get("requires")
    words = " ".join(map(str, requires if isinstance(requires, list) else ()))
    return "scm" in str(provider) or bool(TAG_REQUIREMENT.search(words))


def _hatch(data: Mapping[str, Any], name: str) -> Iterator[VersionSource]:
    table = table_at(data, "tool", "hatch", "version")
    path = table.get("path")
    source = table.get("source", "regex")
    if source == "nodejs":
        yield VersionSource(str(path or "package.json"), key="version")
    elif isinstance(path, str) and source in ("regex", "regex_commit"):
        yield VersionSource(path, pattern=str(table.get("pattern") or HATCH))
    elif isinstance(path, str) and source == "code":
        expression = str(table.get("expression", "__version__"))
        yield VersionSource(path, attribute=expression)


def _setuptools(data: Mapping[str, Any], name: str) -> Iterator[VersionSource]:
    table = table_at(data, "tool", "setuptools", "dynamic", "version")
    folders = table_at(data, "tool", "setuptools", "package-dir")
    attribute = table.get("attr")
    if isinstance(attribute, str):
        package, _, rest = attribute.partition(".")
        if package in folders:  # the folder of the package itself
            yield from _of_attribute(
                f"{folders[package]}.{rest}".replace("/", "."), ""
            )
        yield from _of_attribute(attribute, str(folders.get("") or ""))
    files = table.get("file")
    for path in [files] if isinstance(files, str) else files or VERSION_FILES:
        yield VersionSource(str(path), pattern=WHOLE_FILE)


def _setup_cfg(text: str) -> Iterator[VersionSource]:
    yield VersionSource("setup.cfg")
    yield VersionSource("setup.py")
    found = re.search(
        r"(?m)^version[ \t]*[=:][ \t]*(attr|file):[ \t]*(\S+)", text
    )
    if found is None:
        return
    how, value = found.groups()
    if how == "file":
        yield VersionSource(value, pattern=WHOLE_FILE)
        return
    root = re.search(
        r"(?m)^package_dir[ \t]*=(?:[ \t]*\n)?[ \t]*=[ \t]*(\S+)", text
    )
    yield from _of_attribute(value, root[1] if root else "")


def _of_attribute(dotted: str, root: str) -> Iterator[VersionSource]:
    """Yield where `package.module.NAME` may be (setuptools, attr)."""
    module, _, attribute = dotted.rpartition(".")
    path = module.replace(".", "/")
    for folder in dict.fromkeys(
        (f"{root}/" if root else "", "", "src/", "python/", "lib/")
    ):
        for file in (f"{path}.py", f"{path}/__init__.py"):
            yield VersionSource(f"{folder}{file}", attribute=attribute)


def _flit(data: Mapping[str, Any], name: str) -> Iterator[VersionSource]:
    module = table_at(data, "tool", "flit", "module").get(
        "name"
    ) or name.replace("-", "_")
    path = str(module).replace(".", "/")
    for folder in ("", "src/"):
        for file in FLIT_FILES:
            yield VersionSource(
                f"{folder}{path}/{file}", attribute="__version__"
            )
        yield VersionSource(f"{folder}{path}.py", attribute="__version__")


def _pdm(data: Mapping[str, Any], name: str) -> Iterator[VersionSource]:
    table = table_at(data, "tool", "pdm", "version")
    if table.get("source") == "file" and isinstance(table.get("path"), str):
        pattern = str(table.get("pattern") or PDM)
        yield VersionSource(str(table["path"]), pattern=pattern)


def _poetry(data: Mapping[str, Any], name: str) -> Iterator[VersionSource]:
    if isinstance(table_at(data, "tool", "poetry").get("version"), str):
        yield VersionSource("pyproject.toml", key="tool.poetry.version")


def _scikit(data: Mapping[str, Any], name: str) -> Iterator[VersionSource]:
    table = table_at(data, "tool", "scikit-build", "metadata", "version")
    path = table.get("input")
    if isinstance(path, str):
        yield VersionSource(path, pattern=str(table.get("regex") or SCIKIT))


def _meson(data: Mapping[str, Any], name: str) -> Iterator[VersionSource]:
    yield VersionSource("meson.build", pattern=MESON)


_BACKENDS = {
    "hatch": _hatch,
    "setuptools": _setuptools,
    "flit": _flit,
    "pdm": _pdm,
    "poetry": _poetry,
    "scikit": _scikit,
    "mesonpy": _meson,
}


_SETUP_FILES = {"setup.cfg": setup_cfg.KIND, "setup.py": python_module.KIND}


def _version_group(pattern: re.Pattern[str]) -> str | int:
    """Return the group with the version: its name, or 1 as in pdm."""
    for name in ("version", "value"):
        if name in pattern.groupindex:
            return name
    return 1


def _is_usable(source: VersionSource) -> bool:
    """Tell whether a pattern of the project's own is one, with a group for the version."""
    try:
        return not source.pattern or re.compile(source.pattern, re.M).groups > 0
    except re.error:
        return False
