"""A written file: which version wrote it, and whether somebody has edited it since."""

from __future__ import annotations

import difflib
import hashlib
import re
from importlib.metadata import version
from pathlib import Path

from packaging.version import Version

from release_tasks import files, terminal
from release_tasks.errors import ReleaseError

HEADER = re.compile(
    r"# Written by release-tasks==(?P<version>\S+) \(sha256 (?P<sum>[0-9a-f]{64})\)\.\n"
    r"(?:#.*\n)*"
)
SECOND_LINE = (
    "# Change release-tasks.toml instead, and run `inv generate-ci` again.\n"
)


def with_header(text: str) -> str:
    """Return a text behind the lines that say who wrote it, and which hash it had then."""
    first = (
        f"# Written by release-tasks=={version('release-tasks')} "
        f"(sha256 {_sum(text)}).\n"
    )
    return f"{first}{SECOND_LINE}{text}"


def body(text: str) -> str:
    """Return a text without its header."""
    found = HEADER.match(text)
    return text[found.end() :] if found else text


def is_ours(text: str) -> bool:
    """Tell whether a file was written here."""
    return HEADER.match(text) is not None


def write(root: Path, path: str, present: str, new: str, force: bool) -> None:
    """Write a file in place of what is there.

    Raises `ReleaseError` for a file that somebody else wrote or edited, or a newer version of us,
    unless `force` is set.
    """
    refuse_edited(path, present, force)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    files.write_bytes(root / path, new.encode())
    terminal.say(f"wrote {path}")


def refuse_edited(path: str, present: str, force: bool) -> None:
    """Raise `ReleaseError` for a file that somebody else wrote or edited, or a newer version."""
    if force or not present:
        return
    found = HEADER.match(present)
    if found is None:
        raise ReleaseError(
            f"{path} was not written by generate-ci",
            "move it away, or run this with --force",
        )
    if Version(found["version"]) > Version(version("release-tasks")):
        raise ReleaseError(
            f"{path} was written by release-tasks {found['version']}, "
            f"and this is {version('release-tasks')}",
            "update release-tasks, or run this with --force",
        )
    if _sum(body(present)) != found["sum"]:
        raise ReleaseError(
            f"{path} was edited by hand since it was written",
            "move the edits to [ci] in release-tasks.toml, or run this with --force",
        )


def difference(path: str, present: str, new: str) -> str:
    """Return what would change, as a unified diff; nothing where only the header differs."""
    lines = difflib.unified_diff(
        body(present).splitlines(keepends=True),
        body(new).splitlines(keepends=True),
        f"{path} (present)",
        f"{path} (from the settings)",
    )
    return "".join(lines)


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
