"""Text files: UTF-8, with their line endings and byte order mark kept."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from release_tasks import files
from release_tasks.errors import ReleaseError
from release_tasks.printable import word

LARGEST = 32 << 20  # bytes of a text; no manifest or changelog comes near it
BOM = "\ufeff"  # the byte order mark that some editors write first


def read(root: Path, path: str) -> str:
    """Return the text of a file of the repository at `root`.

    Raises `ReleaseError` for a file that is missing, unreadable, too large or not UTF-8, and for a
    link that leads out of the repository.
    """
    try:
        return decode(content(files.inside(root, path)), path)
    except OSError as error:
        raise unreadable(path, error, f"git rm {word(path)}") from error


def unreadable(path: str, error: OSError, otherwise: str) -> ReleaseError:
    """Return the error for a file of the repository; `otherwise` is what to do without it."""
    fix = f"git restore {word(path)}, or {otherwise}"
    if isinstance(error, PermissionError):
        fix = f"chmod u+r {word(path)}"
    return ReleaseError(f"{path} cannot be read: {error.strerror}", fix)


def peek(root: Path, path: str) -> str:
    """Return the text of a file to look for something in it.

    What cannot be read, is too large, or is outside of the repository has no text; bytes that are
    not UTF-8 are replaced.
    """
    if files.leads_outside(root, path):
        return ""
    try:
        return content(root / path).decode(errors="replace")
    except (OSError, ReleaseError):
        return ""


def content(path: Path) -> bytes:
    """Return the content of a plain file: a pipe or a device would have no end.

    Raises `OSError`, and `ReleaseError` for what is no plain file, or too large for a text.
    """
    with open(path, "rb", opener=_without_waiting) as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise ReleaseError(
                f"{path.name} cannot be read: it is not a plain file",
                f"ls -l {word(path)}",
            )
        if about.st_size > LARGEST:
            raise ReleaseError(
                f"{path.name} has {about.st_size >> 20} MB, and at most {LARGEST >> 20} are read",
                f"is {path} the right file? split it, or name another one",
            )
        return file.read(LARGEST + 1)


def _without_waiting(path: str, flags: int) -> int:
    # a pipe would wait for its other end; Windows has none among files
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def decode(data: bytes, path: str) -> str:
    """Return the text of a file. Raises `ReleaseError` with the line for other than UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ReleaseError(
            f"{path}:{line}: byte {data[error.start]:#04x} is not UTF-8",
            f"save {path} as UTF-8",
        ) from None


def line_at(text: str, position: int) -> int:
    """Return the line of a character, counted from 1."""
    return text.count("\n", 0, position) + 1


def line_of(text: str, words: str) -> int:
    """Return the first line that has the words, counted from 1; 0 where none has them."""
    position = text.find(words) if words else -1
    return line_at(text, position) if position >= 0 else 0
