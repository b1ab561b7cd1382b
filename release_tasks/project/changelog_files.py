"""The changelog of a component: CHANGELOG.md, or another with the section of its last version."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from posixpath import basename, dirname

from release_tasks.formats.text_files import read
from release_tasks.project.model import Project

NAME = "CHANGELOG.md"
OTHERS = re.compile(
    r"(?:change[-_]?log|changes|history|news|releases|release[-_]?notes)\.(?:md|markdown|rst)",
    re.I,
)
PAGES = ("docs", "doc")  # where documentation has one, for the root
UNDERLINE = re.compile(r"([=~^*+-])\1{2,}\s*")
WRITTEN_BY_TOWNCRIER = re.compile(r"(?m)^\s*\[+tool\.towncrier")


def find(
    project: Project, folders: Iterable[str], versions: Iterable[str | None]
) -> str | None:
    """Return the changelog in the first of `folders` that has one, None where none has.

    Folders are relative to the root, which is "". A file of another name than CHANGELOG.md counts
    where a heading in it has one of `versions`, and no towncrier makes it.
    """
    folders = tuple(folders)
    present = set(project.files)
    for folder in folders:
        if _join(folder, NAME) in present:
            return _join(folder, NAME)
    known = [version for version in versions if version]
    for folder in folders:
        for path in _others(project.files):
            is_beside = dirname(path) == folder
            is_page = folder == "" and dirname(path) in PAGES
            if (is_beside or is_page) and has_heading(project, path, known):
                return path
    return None


def has_heading(project: Project, path: str, versions: Iterable[str]) -> bool:
    """Tell whether a heading in a file that the project keeps by hand has one of these versions."""
    manifest = "pyproject.toml"
    about = read(project.root, manifest) if manifest in project.files else ""
    if WRITTEN_BY_TOWNCRIER.search(about):
        return False
    lines = read(project.root, path).splitlines()
    for version in versions:
        word = re.compile(rf"(?<![0-9.]){re.escape(version)}(?![0-9.])")
        for number, line in enumerate(lines):
            if not word.search(line):
                continue
            below = lines[number + 1 : number + 2]
            if line.startswith("#") or any(map(UNDERLINE.fullmatch, below)):
                return True
    return False


@lru_cache(maxsize=8)
def _others(files: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(path for path in files if OTHERS.fullmatch(basename(path)))


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
