"""The first settings of a project: what its history and files speak for, as lines."""

from __future__ import annotations

from release_tasks.formats.text_files import read
from release_tasks.manifests.text import VERSION
from release_tasks.project.model import Project
from release_tasks.project.suggested_components import (
    ignored_crates,
    lines_of_candidates,
)

VERSION_FILES = ("VERSION", "VERSION.txt", "version.txt", ".version")


def suggested(project: Project) -> list[str]:
    """Return lines for the settings of a project that has none; empty where none are needed."""
    if project.settings.components:
        return []
    lines = lines_of_candidates(project)
    if not any(line.startswith("[components.") for line in lines):
        lines += ignored_crates(project)
    return lines + _version_file(project)


def _version_file(project: Project) -> list[str]:
    """Return the lines for a file that is nothing but the version which no manifest has."""
    [component] = project.components
    if component.version or component.unknown_version:
        return []
    for name in VERSION_FILES:
        if name not in project.files:
            continue
        if VERSION.fullmatch(
            read(project.root, name).strip().removeprefix("v")
        ):
            return ["[files]", f'"{name}" = "{{version}}"']
    return []
