"""The version of a Python tool that a project uses: its lock file, requirements or hooks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from release_tasks.formats.text_files import read
from release_tasks.project.model import Project

LOCKS = ("uv.lock", "poetry.lock", "pdm.lock")
# repositories of pre-commit hooks, whose tags are versions of the tool
HOOKS = {"ruff": "ruff-pre-commit", "mypy": "mirrors-mypy"}


def locked(project: Project, folder: Path, tool: str) -> str:
    """Return the version in a lock file or a pinned requirement, "" where there is none.

    Files beside the package's pyproject.toml go before those of the root.
    """
    for text in _texts(project, folder, LOCKS):
        entry = rf'^name = "{tool}"\nversion = "([^"]+)"'
        if found := re.search(entry, text, re.M):
            return found[1]
    for path in project.files:
        if PurePosixPath(path).match("*requirements*.txt"):
            text = read(project.root, path)
            if found := re.search(rf"^{tool}==([\w.]+)", text, re.M):
                return found[1]
    return ""


def hooked(project: Project, tool: str) -> str:
    """Return the version in .pre-commit-config.yaml, "" where there is none."""
    repository = HOOKS.get(tool)
    if repository is None:
        return ""
    names = (".pre-commit-config.yaml", ".pre-commit-config.yml")
    for text in _texts(project, project.root, names):
        entry = rf"repo:\s*\S*/{repository}(?:\.git)?[\"']?\s+rev:\s*[\"']?v?([\d.]+\w*)"
        if found := re.search(entry, text):
            return found[1]
    return ""


def _texts(
    project: Project, folder: Path, names: tuple[str, ...]
) -> Iterator[str]:
    for place in dict.fromkeys((folder, project.root)):
        for name in names:
            path = (place / name).relative_to(project.root).as_posix()
            if path in project.files:
                yield read(project.root, path)
