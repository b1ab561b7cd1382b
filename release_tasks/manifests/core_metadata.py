"""The core metadata that a pyproject.toml says, before anything is built.

What the build backend computes is left out: dynamic fields, unless setuptools reads them from a
file. The mapping is that of the specification "Declaring project metadata".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from release_tasks.files import leads_outside
from release_tasks.formats.text_files import read
from release_tasks.manifests import toml_values

NEWEST = "2.5"  # the metadata version that has every field
CONTENT_TYPES = {
    ".md": "text/markdown",
    ".rst": "text/x-rst",
    ".txt": "text/plain",
}
# keys of Poetry's dependencies on no index
ELSEWHERE = ("git", "url", "path", "file")


@dataclass(frozen=True)
class WrittenMetadata:
    """Metadata by the names of `packaging.metadata`, and the words that stand for a value.

    `written` has, for a value that differs from what the file has, the text in the file; `files`
    has the file of a value that is not in pyproject.toml.
    """

    raw: dict[str, Any] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def written_metadata(
    root: Path, path: str, version: str, files: tuple[str, ...], name: str = ""
) -> WrittenMetadata:
    """Return what the pyproject.toml at `path` says, as metadata of `version` (PEP 440).

    `files` are the tracked files, and `name` is that of a package whose pyproject.toml has none
    in [project]. Raises `ReleaseError` for bad TOML.
    """
    data = toml_values.load(read(root, path), path)
    project = _project(data)
    found = WrittenMetadata()
    raw = found.raw
    raw["metadata_version"] = NEWEST
    raw["name"] = str(project.get("name") or name)
    raw["version"] = version
    for key, field_name in (
        ("description", "summary"),
        ("requires-python", "requires_python"),
    ):
        if isinstance(project.get(key), str):
            raw[field_name] = project[key]
    for key, field_name in (
        ("classifiers", "classifiers"),
        ("import-names", "import_names"),
        ("import-namespaces", "import_namespaces"),
    ):
        if key in project:
            raw[field_name] = _texts(project[key])
    if isinstance(project.get("urls"), Mapping):
        raw["project_urls"] = {
            str(label): str(url) for label, url in project["urls"].items()
        }
    _add_readme(raw, project.get("readme"))
    _add_license(raw, project)
    _add_people(found, project)
    _add_requirements(found, project)
    folder = path.rpartition("/")[0]
    _add_dynamic(found, data, _Tree(root, folder, files))
    return found


def readme(root: Path, path: str) -> tuple[str, str, str]:
    """Return the file of a project's readme, its text and its content type.

    All are empty where the pyproject.toml at `path` names no file, an absent one, or one outside
    of the tree at `root`.
    """
    data = toml_values.load(read(root, path), path)
    project = _project(data)
    value = project.get("readme")
    content_type = ""
    if isinstance(value, Mapping):
        content_type = str(value.get("content-type", ""))
        value = value.get("file")
    if not isinstance(value, str):
        return "", "", ""
    file = (Path(path).parent / value).as_posix()
    if leads_outside(root, file) or not (root / file).is_file():
        return "", "", ""
    suffix = Path(value).suffix.lower()
    return file, read(root, file), content_type or CONTENT_TYPES.get(suffix, "")


def scripts(root: Path, path: str) -> list[str]:
    """Return the names of the scripts that the pyproject.toml at `path` declares."""
    project = toml_values.load(read(root, path), path).get("project", {})
    found: list[str] = []
    for table in ("scripts", "gui-scripts"):
        value = project.get(table)
        if isinstance(value, Mapping):
            found += value
    return found


@dataclass(frozen=True)
class _Tree:
    """The folder of a pyproject.toml."""

    root: Path
    folder: str
    files: tuple[str, ...]

    def lines(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield the lines of a tracked file that hold anything, with the file's path."""
        path = (Path(self.folder) / name).as_posix()
        if path not in self.files:
            return
        for line in read(self.root, path).splitlines():
            text = line.partition(" #")[0].strip()
            if text and not text.startswith("#"):
                yield text, path


def _project(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return [project], or Poetry's own table in its form, as far as that says the same."""
    if project := data.get("project"):
        found: dict[str, Any] = project
        return found
    poetry = data.get("tool", {}).get("poetry", {})
    if not poetry:
        return {}
    keys = ("name", "description", "classifiers", "readme", "urls")
    taken = {key: poetry[key] for key in keys if key in poetry}
    return {**taken, "dynamic": ["dependencies"]}


def _add_readme(raw: dict[str, Any], value: Any) -> None:
    if isinstance(value, Mapping) and isinstance(
        value.get("content-type"), str
    ):
        raw["description_content_type"] = value["content-type"]


def _add_license(raw: dict[str, Any], project: Mapping[str, Any]) -> None:
    """Add the license, and those of `license-files` that are paths: the backend finds the rest."""
    paths = [
        path
        for path in _texts(project.get("license-files"))
        if not set("*?[").intersection(path)
    ]
    if paths:
        raw["license_files"] = paths
    value = project.get("license")
    if isinstance(value, str):
        raw["license_expression"] = value
    elif isinstance(value, Mapping) and isinstance(value.get("text"), str):
        raw["license"] = value["text"]


def _add_people(found: WrittenMetadata, project: Mapping[str, Any]) -> None:
    for key, name in (("authors", "author"), ("maintainers", "maintainer")):
        names, addresses = [], []
        for person in project.get(key) or ():
            if not isinstance(person, Mapping):
                continue
            address = person.get("email")
            if address and person.get("name"):
                addresses.append(f"{person['name']} <{address}>")
                found.written[addresses[-1]] = str(address)
            elif address:
                addresses.append(str(address))
            elif person.get("name"):
                names.append(str(person["name"]))
        if names:
            found.raw[name] = ", ".join(names)
        if addresses:
            found.raw[f"{name}_email"] = ", ".join(addresses)


def _add_requirements(
    found: WrittenMetadata, project: Mapping[str, Any]
) -> None:
    rows = _texts(project.get("dependencies"))
    extras = project.get("optional-dependencies")
    if isinstance(extras, Mapping):
        found.raw["provides_extra"] = list(map(str, extras))
        for extra, requirements in extras.items():
            for row in _texts(requirements):
                rows.append(_with_extra(row, str(extra)))
                found.written[rows[-1]] = row
    if rows:
        found.raw["requires_dist"] = rows


def _with_extra(row: str, extra: str) -> str:
    """Return a requirement of an extra as metadata has it."""
    requirement, separator, marker = row.partition(" ;" if "@" in row else ";")
    if separator:
        return f'{requirement} ; ({marker.strip()}) and extra == "{extra}"'
    return f'{requirement} ; extra == "{extra}"'


def _add_dynamic(
    found: WrittenMetadata, data: Mapping[str, Any], tree: _Tree
) -> None:
    """Add what setuptools reads from files, and Poetry from its own table."""
    tool = data.get("tool", {})
    project = _project(data)
    dynamic = _texts(project.get("dynamic"))
    rules = tool.get("setuptools", {}).get("dynamic", {})
    for key, name in (
        ("dependencies", "requires_dist"),
        ("classifiers", "classifiers"),
    ):
        if key not in dynamic or not isinstance(rules.get(key), Mapping):
            continue
        for file in _texts(rules[key].get("file")):
            for text, path in tree.lines(file):
                found.raw.setdefault(name, []).append(text)
                found.files[text] = path
    if "dependencies" in dynamic:
        wanted = tool.get("poetry", {}).get("dependencies", {})
        for name, value in wanted.items():
            source = _source(value)
            if source:
                row = f"{name} @ {source}"
                found.raw.setdefault("requires_dist", []).append(row)
                found.written[row] = str(name)


def _source(value: Any) -> str:
    """Return where a dependency of Poetry comes from, "" where it comes from an index."""
    if not isinstance(value, Mapping):
        return ""
    for key in ELSEWHERE:
        if isinstance(value.get(key), str):
            text = str(value[key])
            return text if "://" in text else f"file:///{text}"
    return ""


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for text in value if isinstance(text, str)]
    return []
