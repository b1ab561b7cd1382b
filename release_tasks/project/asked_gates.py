"""Which of the default gates a project asks for itself: in workflows, hooks, scripts, settings.

A lint that only this library would run says something about the project, and nothing about
whether its release works.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from release_tasks.formats.text_files import peek
from release_tasks.project.model import Project

MAX_SIZE = 1 << 18  # bytes
PLACES = re.compile(
    r"^\.gitlab-ci\.yml$|^azure-pipelines"
    r"|^\.pre-commit-config\.ya?ml$|^(?:lefthook|\.cirrus)\.ya?ml$|\.sh$|^tox\.ini$|^noxfile\.py$"
    r"|(?:^|/)(?:[Jj]ustfile|GNUmakefile|[Mm]akefile|Makefile\.toml|bors\.toml)$|^xtask/.*\.rs$"
)
WORDS = {
    "rustfmt": r"\bcargo\b.*\bfmt\b|\brustfmt\b",
    "clippy": r"\bclippy\b",
    "doc": r"\bcargo\b.*\b(?:doc|rustdoc)\b|\bRUSTDOCFLAGS\b",
}
FILES = {
    "rustfmt": ("rustfmt.toml", ".rustfmt.toml"),
    "clippy": ("clippy.toml", ".clippy.toml"),
}
LINTS = re.compile(r"^\[(?:workspace\.)?lints\.(clippy|rust|rustdoc)\]", re.M)
TABLES = {"clippy": ("clippy", "rust"), "doc": ("rustdoc",)}


def is_asked(project: Project, gate: str) -> bool:
    """Tell whether a project asks for a gate; True for gates that are no lints."""
    if gate not in WORDS:
        return True
    for file in FILES.get(gate, ()):
        places = (file, posixpath.join(project.cargo_folder, file))
        if any(place in project.files for place in places):
            return True
    tables = LINTS.findall(_text(project, project.cargo_manifest))
    if any(table in TABLES.get(gate, ()) for table in tables):
        return True
    pattern = re.compile(WORDS[gate])
    return any(pattern.search(text) for text in _texts(project))


def _texts(project: Project) -> Iterator[str]:
    """Yield the files that can ask for a gate."""
    for path in project.files:
        if PLACES.search(path):
            yield _text(project, path)
    for file in sorted((project.root / ".github").glob("*/**/*.y*ml")):
        # discovery hides such folders
        yield peek(project.root, file.relative_to(project.root).as_posix())


def _text(project: Project, path: str) -> str:
    """Return a tracked file's text, "" where it is too large or not there."""
    file = project.root / path
    if (
        path not in project.files
        or not file.is_file()
        or file.stat().st_size > MAX_SIZE
    ):
        return ""
    return peek(project.root, path)
