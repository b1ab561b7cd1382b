"""Every effective setting, and where it comes from."""

from __future__ import annotations

import json as _json
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from release_tasks import terminal
from release_tasks.errors import ReleaseError
from release_tasks.project.kinds import NAMED
from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.project.model import Component, Project
    from release_tasks.release import Release

KINDS = tuple(kind.name for kind in NAMED)
COMPONENT_KEYS = (
    "name",
    "tag",
    "version",
    "title",
    "assets",
    "changelog",
    "latest",
)
Data = dict[str, Any]
BARE_KEY = re.compile("[A-Za-z0-9_-]+")  # TOML: others are quoted


@command
def settings(c: Context, json: bool = False) -> None:
    """Show every setting, and where it comes from."""
    from release_tasks.project.discovery import discover
    from release_tasks.tools import git

    found = data(discover(git.top(Path.cwd())))
    if json:
        terminal.print_json(found)
    else:
        _print(found)


def data(project: Project) -> Data:
    """Return what `--json` prints: components, what each ships, files, settings and sources."""
    from release_tasks.project.effective import values
    from release_tasks.tools import git

    return {
        "project": project.name,
        "repository": project.repository,
        "components": [
            _component(project, component) for component in project.components
        ],
        "left_out": project.left_out,
        "other_versions": _other_versions(project),
        "files": _files(project),
        "settings": values(
            project,
            {
                "project.branch": git.branch(project.root),
                "crates.folder": project.cargo_folder
                or project.settings.crates.folder,
            },
        ),
    }


def _component(project: Project, component: Component) -> Data:
    row: Data = {key: getattr(component, key) for key in COMPONENT_KEYS}
    if component.unknown_version:
        row["version"] = _question(component.unknown_version)
    row["bundles"] = [bundle.file for bundle in component.bundles]
    for kind in KINDS:
        found = getattr(component, kind)
        if isinstance(found, ReleaseError):
            row[kind] = _question(found)
            continue
        source = _source(project, component, kind)
        row[kind] = [
            _relative(project, asdict(item)) | {"source": source}
            for item in found
        ]
    return row


def _other_versions(project: Project) -> list[Data]:
    """Return what may have the version of a project in which nothing is known to have it."""
    from release_tasks.manifests.other_manifests import line_of_files
    from release_tasks.project.candidates import released
    from release_tasks.project.declared_versions import declared, may_be_own

    is_only_in_tags = project.settings.project.version == "tag"
    listed = project.settings.files
    for component in project.components:
        if is_only_in_tags or listed or component.version:
            return []
        if component.unknown_version:
            return []
    public: set[str] = set()
    for component in project.components:
        public |= released(project, (component.tag, *component.former_tags))
    found = [
        one for one in declared(project) if may_be_own(one.version, public)
    ]
    rows = []
    for one in found:
        specs = [other.spec for other in found if other.path == one.path]
        rows.append(
            {
                "file": one.path,
                "line": one.line,
                "version": one.version,
                "entry": line_of_files(one.path, *specs),
            }
        )
    return rows


def _question(error: ReleaseError) -> Data:
    return {"question": error.problem, "fix": error.fix}


def _source(project: Project, component: Component, kind: str) -> str:
    """Return whether the settings name what a component ships of a kind."""
    tables = getattr(project.settings, kind)
    # the others only set how their kind is released
    if isinstance(tables, dict) and tables:
        return "settings"
    table = project.settings.components.get(component.name)
    if table and getattr(table, kind):
        return "settings"
    return "discovered"


def _relative(project: Project, row: Data) -> Data:
    # how its version is found, which is shown above
    row.pop("is_from_tags", None)
    for key, value in row.items():
        if isinstance(value, Path):
            row[key] = value.relative_to(project.root).as_posix()
    return row


def _next(project: Project, level: str) -> Release:
    """Return a release in which every version changes, to see which files a bump would edit."""
    from release_tasks.release import ComponentRelease, Release

    parts = []
    for component in project.components:
        version = _other_version(component, level)
        parts.append(
            ComponentRelease(component, version, component.tag, project.root)
        )
    root = project.root
    return Release(
        project, tuple(parts), root, root, commit="", is_tagged=False
    )


def _other_version(component: Component, level: str) -> str:
    from release_tasks.versions.requests import next_version

    try:
        return next_version(component.version or "0.0.0", level)
    except ReleaseError:
        return "1.0.0"  # differs from a version that is not SemVer, too


def _edited(project: Project) -> list[str]:
    from release_tasks.bumping import bump

    try:
        return sorted(bump.paths(_next(project, "major")))
    except ReleaseError:
        # perhaps of a requirement below the next major version
        return sorted(bump.paths(_next(project, "patch")))


def _files(project: Project) -> list[Data] | Data:
    """Return the files that a bump edits: every requirement follows a new major version."""
    from release_tasks.tools import git

    try:
        git.head(project.root)  # else git's own words are all there is
        paths = _edited(project)
    except ReleaseError as error:
        return _question(error)
    configured = project.settings.files
    sources = {path: "settings" for path in paths if path in configured}
    return [
        {"path": path, "source": sources.get(path, "discovered")}
        for path in paths
    ]


def _print(found: Data) -> None:
    terminal.show(
        f"{found['project']}  ({found['repository'] or 'not on GitHub'})"
    )
    if not any(row[kind] for row in found["components"] for kind in KINDS):
        terminal.show(
            "nothing is published but the tag: no file that git tracks declares a crate, package, "
            "image or chart (git add new files)"
        )
    _print_components(found)
    for row in found["other_versions"]:
        terminal.show(
            f"version {row['version']} of {row['file']}:{row['line']} stays; "
            f"in [files], if it is that of the project: {row['entry']}"
        )
    if found["left_out"]:
        terminal.show(f"not released: {', '.join(found['left_out'])}")
    _print_files(found)
    _print_settings(found["settings"])


def _print_components(found: Data) -> None:
    no_version = "not in any manifest"
    for row in found["settings"]:
        if row["key"] == "version" and row["value"] == "tag":
            no_version = "only in the tag"
    for row in found["components"]:
        version = row["version"] or no_version
        question = version if isinstance(version, dict) else None
        if question:
            version = "unknown"
        terminal.show(
            f"component {row['name']}: version {version}, tag {row['tag']}"
        )
        if question:
            _print_kind("version", question)
        for kind in KINDS:
            _print_kind(kind, row[kind])
        terminal.show(f"  assets    {', '.join(row['assets'])}")
        terminal.show(
            f"  changelog {row['changelog'] or 'none, GitHub generates the notes'}"
        )


def _print_files(found: Data) -> None:
    files = found["files"]
    if files and len(found["components"]) > 1:
        terminal.show("all components:")
    _print_kind("files", files)


def _print_kind(kind: str, found: list[Data] | Data) -> None:
    if isinstance(found, dict):
        terminal.show(f"  {kind:<9} open question: {found['question']}")
        terminal.show(f"            {found['fix']}")
        return
    for row in found:
        names = (row.get(key) for key in ("reference", "file", "path", "name"))
        name = next(filter(None, names))
        terminal.show(f"  {kind:<9} {name}  ({row['source']})")


def _print_settings(rows: Iterable[Data]) -> None:
    table = ""
    for row in rows:
        if row["table"] != table:
            table = row["table"]
            terminal.show(f"\n[{table}]")
        terminal.show(
            f"{_toml(row['key'], row['value']):<56}  # {row['source']}"
        )


def _toml(key: str, value: Any) -> str:
    """Return a setting as in the settings file, or a comment when it has no value."""
    if value is None:
        return f"# {key} is not set"
    if isinstance(value, dict) and "question" in value:
        return f"# {key} is an open question"
    if not BARE_KEY.fullmatch(key):
        key = _json.dumps(key)
    if isinstance(value, dict):
        pairs = ", ".join(_toml(name, inner) for name, inner in value.items())
        return f"{key} = {{{pairs}}}"
    return f"{key} = {_json.dumps(value, ensure_ascii=False)}"
