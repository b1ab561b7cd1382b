"""Every effective value, and where it came from."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from invoke.context import Context
from invoke.tasks import task

from release_tasks.errors import ReleaseError
from release_tasks.project.model import Component, Project

KINDS = ("crates", "python", "binaries", "images", "charts")
SAID = ("python", "binaries", "images", "charts")  # their tables list what is shipped


@task(auto_shortflags=False, help={"json": "print one JSON object instead of text"})
def settings(c: Context, json: bool = False) -> None:
    """Show what this project ships, and why."""
    from release_tasks.project.discovery import discover
    from release_tasks.tools import git

    project = discover(git.top(Path.cwd()))
    _show(data(project), json)


def data(project: Project) -> dict[str, Any]:
    """Return the project as JSON can hold it: components, and what each ships, with its source."""
    return {
        "project": project.name,
        "repository": project.repository,
        "components": [_component(project, component) for component in project.components],
        "files": sorted(project.settings.files),
    }


def _component(project: Project, component: Component) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": component.name, "tag": component.tag, "version": component.version, "title": component.title,
        "assets": list(component.assets), "changelog": component.changelog, "latest": component.latest,
    }
    for kind in KINDS:
        found = getattr(component, kind)
        if isinstance(found, ReleaseError):
            row[kind] = {"question": found.problem, "fix": found.fix}
        else:
            source = "settings" if kind in SAID and getattr(project.settings, kind) else "discovered"
            row[kind] = [_relative(project, asdict(one)) | {"source": source} for one in found]
    return row


def _relative(project: Project, row: dict[str, Any]) -> dict[str, Any]:
    return {key: _text(project, value) for key, value in row.items()}


def _text(project: Project, value: Any) -> Any:
    return value.relative_to(project.root).as_posix() if isinstance(value, Path) else value


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, indent=2))
        return
    print(f"{found['project']}  ({found['repository'] or 'not on GitHub'})")
    for row in found["components"]:
        print(f"component {row['name']}: version {row['version'] or 'only in the tag'}, tag {row['tag']}")
        for kind in KINDS:
            _show_kind(kind, row[kind])
        print(f"  assets    {', '.join(row['assets'])}")
        print(f"  changelog {row['changelog'] or 'none, GitHub generates the notes'}")
    for path in found["files"]:
        print(f"file {path} carries the version")


def _show_kind(kind: str, rows: Any) -> None:
    if isinstance(rows, dict):
        print(f"  {kind:<9} a question: {rows['question']}\n            {rows['fix']}")
    for one in rows if isinstance(rows, list) else ():
        name = one.get("reference") or one.get("file") or one["name"]
        print(f"  {kind:<9} {name}  ({one['source']})")
