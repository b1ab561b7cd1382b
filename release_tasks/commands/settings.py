"""Every effective value, and where it came from."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from release_tasks.commands import command
from release_tasks.errors import ReleaseError
from release_tasks.project.kinds import NAMED

if TYPE_CHECKING:
    from release_tasks.project.model import Component, Project
    from release_tasks.release import Release


@command
def settings(c: Context, json: bool = False) -> None:
    """Show what this project ships, and why."""
    from release_tasks.project.discovery import discover
    from release_tasks.tools import git

    project = discover(git.top(Path.cwd()))
    _show(data(project), json)


def data(project: Project) -> dict[str, Any]:
    """Return the project as JSON can hold it: components, what each ships, files, and every setting with its source."""
    from release_tasks.project.effective import values
    from release_tasks.tools import git

    release = _next(project)
    computed = {"project.branch": git.branch(project.root)}
    return {
        "project": project.name,
        "repository": project.repository,
        "components": [_component(project, component) for component in project.components],
        "left_out": project.left_out,
        "files": _files(release),
        "settings": values(project, computed),
    }


def _next(project: Project) -> Release:
    """Return a release in which every version changes, to see what would be edited."""
    from release_tasks.release import ComponentRelease, Release
    from release_tasks.versions.requests import next_version

    numbers = [next_version(one.version or "0.0.0", "major") for one in project.components]
    parts = tuple(
        ComponentRelease(one, n, one.tag, project.root)
        for one, n in zip(project.components, numbers, strict=True)
    )
    return Release(project, parts, project.root, project.root, "", False)


def _files(release: Release) -> Any:
    from release_tasks.bumping import bump

    said = release.project.settings.files
    try:
        return [
            {"path": path, "source": "settings" if path in said else "discovered"}
            for path in sorted(bump.paths(release))
        ]
    except ReleaseError as error:
        return {"question": error.problem, "fix": error.fix}


def _component(project: Project, component: Component) -> dict[str, Any]:
    about = ("name", "tag", "version", "title", "assets", "changelog", "latest")
    row: dict[str, Any] = {key: getattr(component, key) for key in about}
    row["bundles"] = [bundle.file for bundle in component.bundles]
    for kind in (one.name for one in NAMED):
        found = getattr(component, kind)
        if isinstance(found, ReleaseError):
            row[kind] = {"question": found.problem, "fix": found.fix}
        else:
            named = project.settings.components.get(component.name)
            table = getattr(project.settings, kind)  # a dict lists what is shipped
            said = (isinstance(table, dict) and table) or (named and getattr(named, kind))
            source = "settings" if said else "discovered"
            row[kind] = [_relative(project, asdict(one)) | {"source": source} for one in found]
    return row


def _relative(project: Project, row: dict[str, Any]) -> dict[str, Any]:
    root = project.root
    return {
        key: value.relative_to(root).as_posix() if isinstance(value, Path) else value
        for key, value in row.items()
    }


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, indent=2))
        return
    print(f"{found['project']}  ({found['repository'] or 'not on GitHub'})")
    if not any(row[kind.name] for row in found["components"] for kind in NAMED):
        print(
            "nothing is shipped: none of the files that git tracks says so (git add the new ones)"
        )
    by_tag = any(row["key"] == "version" and row["value"] == "tag" for row in found["settings"])
    for row in found["components"]:
        version = row["version"] or ("only in the tag" if by_tag else "in none of its manifests")
        print(f"component {row['name']}: version {version}, tag {row['tag']}")
        for kind in NAMED:
            _show_kind(kind.name, row[kind.name])
        print(f"  assets    {', '.join(row['assets'])}")
        print(f"  changelog {row['changelog'] or 'none, GitHub generates the notes'}")
    if found["left_out"]:
        print(f"not released, as no component names it: {', '.join(found['left_out'])}")
    rows = found["files"]
    if rows and found["components"][1:]:
        print("all components:")
    _show_kind(
        "files", rows if isinstance(rows, dict) else [{"name": row["path"]} | row for row in rows]
    )
    table = ""
    for row in found["settings"]:
        if row["table"] != table:
            table = row["table"]
            print(f"\n[{table}]")
        print(f"{_toml(row['key'], row['value']):<56}  # {row['source']}")


def _toml(key: str, value: Any) -> str:
    """Return a setting as the settings file would have it; a comment where there is no value to write."""
    if value is None or (isinstance(value, dict) and "question" in value):
        return f"# {key} is {'a question' if value else 'not set'}"
    text = json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        text = "{" + ", ".join(_toml(name, one) for name, one in value.items()) + "}"
    return f"{key if re.fullmatch('[A-Za-z0-9_-]+', key) else json.dumps(key)} = {text}"


def _show_kind(kind: str, rows: Any) -> None:
    if isinstance(rows, dict):
        print(f"  {kind:<9} a question: {rows['question']}\n            {rows['fix']}")
    for one in rows if isinstance(rows, list) else ():
        name = one.get("reference") or one.get("file") or one["name"]
        print(f"  {kind:<9} {name}  ({one['source']})")
