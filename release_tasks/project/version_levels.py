"""Version words: `minor` counts from the last finished release, so that the same line resumes."""

from __future__ import annotations

from pathlib import Path

from release_tasks.errors import ReleaseError
from release_tasks.project.discovery import discover
from release_tasks.project.history import finished, last_finished, tagged
from release_tasks.project.model import Component, Project
from release_tasks.project.tags import version_in
from release_tasks.tools import git
from release_tasks.versions.numbers import is_prerelease, parse
from release_tasks.versions.requests import matches_level, next_version, parse_request


def resolve(version: str, component: str | None) -> str:
    """Return the request with every word replaced by a version; raise `ReleaseError` for a bad one."""
    requests = parse_request(version)
    if all(word[:1].isdigit() for word in requests.values()):
        return version
    project = discover(git.top(Path.cwd()))
    numbers = {name: _number(project, name or component, word) for name, word in requests.items()}
    return ",".join(f"{name}={number}" if name else number for name, number in numbers.items())


def _number(project: Project, name: str | None, word: str) -> str:
    if word[:1].isdigit():
        return word
    component = project.component(name)
    last = last_finished(project, component)
    if last is None:
        return _first(project, component, word)
    every = finished(project, component)
    if every[last] == git.head(project.root) and (
        matches_level(last, word) or not is_prerelease(last)
    ):
        return last  # nothing was committed since: what came after its publication may have been interrupted
    following = next_version(last, word)
    if following in every:
        raise ReleaseError(
            f"{following}, the {word} version after {last}, is public and not in HEAD's history",
            "--version X.Y.Z",
        )
    return following


def _first(project: Project, component: Component, word: str) -> str:
    """Return what a word means before any release is finished: the one that was begun goes on."""
    here = {number for tag in git.tags(project.root) if (number := version_in(component, tag))}
    begun = sorted(here | set(tagged(project, component)), key=parse, reverse=True)
    if len(begun) == 1 and matches_level(begun[0], word):
        return begun[0]
    if begun:
        return next_version(begun[0], word)
    with git.clean(
        project.root, git.head(project.root)
    ) as tree:  # a bump that was interrupted counts from before it
        first, *others = discover(tree).components
        committed = next((one for one in others if one.name == component.name), first)
        return next_version(committed.version or "0.0.0", word)
