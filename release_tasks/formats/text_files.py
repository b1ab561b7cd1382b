"""Text files: UTF-8, with their line endings and byte order mark kept."""

from __future__ import annotations

from pathlib import Path

from release_tasks.errors import ReleaseError

BOM = "\ufeff"  # the byte order mark that some editors write first


def read(root: Path, path: str) -> str:
    """Return the text of a file of the repository at `root`.

    Raises `ReleaseError` for a file that is missing, unreadable or not UTF-8.
    """
    try:
        return decode((root / path).read_bytes(), path)
    except OSError as error:
        raise ReleaseError(
            f"{path} cannot be read: {error.strerror}",
            f"git restore {path}, or git rm {path}",
        ) from error


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
