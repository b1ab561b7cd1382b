"""The lines of `[verify] run`: the project's own installers, and which file each of them is."""

from __future__ import annotations

import shlex
from pathlib import Path, PurePosixPath

from release_tasks import files
from release_tasks.errors import ReleaseError
from release_tasks.project.settings import FILE, Settings

PLACEHOLDERS = ("version", "tag", "root")
# programs whose first word is the file that they run
INTERPRETERS = (
    "sh",
    "bash",
    "dash",
    "zsh",
    "ksh",
    "python",
    "python3",
    "perl",
    "ruby",
    "node",
)


def words_of(
    line: str,
    key: str = "[verify] run",
    example: str = 'run = ["sh scripts/install.sh"]',
) -> list[str]:
    """Return the words of a line; raise `ReleaseError` where it has none, or open quotes."""
    place = f"{FILE}: {key}"
    try:
        words = shlex.split(line)
    except ValueError as error:
        fact = f"{place}: {line} is not a valid command: {error}"
        raise ReleaseError(fact, "fix its quotes") from error
    if not words:
        raise ReleaseError(f"{place}: a command is empty", example)
    return words


def check(root: Path, settings: Settings) -> None:
    """Raise `ReleaseError` for a line that runs a file which the project does not have.

    The lines run once everything is public, with the settings of the tag: no later commit could
    correct them for that version.
    """
    for line in settings.verify.run:
        script = script_of(words_of(line))
        if script and not files.inside(root, script).is_file():
            raise ReleaseError(
                f"{FILE}: [verify] run: {script} is not a file in the repository",
                "fix the path, relative to the root of the repository",
            )


def script_of(words: list[str]) -> str:
    """Return the file of the project that a command runs, "" for a program of the machine."""
    script = words[0]
    if PurePosixPath(script).name in INTERPRETERS:
        script = words[1] if words[1:] else ""
    elif "/" not in script:
        return ""
    if script.startswith(("-", "/", "{", "~")):
        return ""
    return script
