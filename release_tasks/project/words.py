"""Version words: `minor` counts from the last finished release, so that the same line resumes."""

from __future__ import annotations

from pathlib import Path

from release_tasks.project.model import Project
from release_tasks.tools import git


def resolve(version: str, component: str | None) -> str:
    """Return the request with every word replaced by a version; raise `ReleaseError` for a bad one."""
    from release_tasks.project.discovery import discover
    from release_tasks.project.versions import parse_request

    requests = parse_request(version)
    if all(word[:1].isdigit() for word in requests.values()):
        return version
    project = discover(git.top(Path.cwd()))
    numbers = {name: _number(project, name or component, word) for name, word in requests.items()}
    return ",".join(f"{name}={number}" if name else number for name, number in numbers.items())


def _number(project: Project, name: str | None, word: str) -> str:
    from release_tasks.project.history import finished, is_at_head
    from release_tasks.project.versions import next_version

    if word[:1].isdigit():
        return word
    component = project.component(name)
    last, *earlier = (*finished(project, component)[:2], component.version or "0.0.0")
    if len(earlier) > 1 and next_version(earlier[0], word) == last and is_at_head(project, component, last):
        return last  # public, but what comes after that was interrupted: the same word goes on
    return next_version(last, word)
