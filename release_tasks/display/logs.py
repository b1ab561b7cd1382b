"""Everything that a step and its programs have said, one file for each step."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import defaultdict, deque
from pathlib import Path
from typing import IO

VARIABLE = "RELEASE_TASKS_LOGS"  # another folder, as a rehearsal names one
MOST_WAITING = 10_000  # lines of a step, while its folder is not known

_folder: Path | None = None
_files: dict[str, IO[str]] = {}
_waiting: dict[str, deque[str]] = defaultdict(
    lambda: deque(maxlen=MOST_WAITING)
)
_failed: list[str] = []  # logs with the output of a program that failed
_lock = threading.Lock()


def keep_in(folder: Path) -> None:
    """Write the logs into a folder, beginning with what was said before."""
    global _folder
    with _lock:
        if _folder is not None:
            return
        _folder = Path(os.environ.get(VARIABLE) or folder)
        for name, lines in _waiting.items():
            _write(name, lines)
        _waiting.clear()


def add(name: str, lines: list[str]) -> None:
    """Add lines to the log of a step or command."""
    with _lock:
        if _folder is None:
            _waiting[name].extend(lines)
        else:
            _write(name, lines)


def keep(name: str, text: str) -> None:
    """Write a file beside the logs, where those are kept."""
    with _lock, contextlib.suppress(OSError):
        if _folder is not None:
            with _opened(_folder / name) as file:
                file.write(text)


def has_failure(name: str) -> None:
    """Remember that a program has failed whose output is in this log."""
    with _lock:
        if name not in _failed:
            _failed.append(name)


def with_failures() -> list[str]:
    """Return the logs that say why a program has failed, as paths to type."""
    with _lock:
        names = [name for name in _failed if name in _files]
        _failed.clear()
    return [_shown(_path(name)) for name in names]


def close() -> None:
    """Close every file; another task of the same process has others."""
    global _folder
    with _lock:
        for file in _files.values():
            file.close()
        _files.clear()
        _waiting.clear()
        _failed.clear()
        _folder = None


def _write(name: str, lines: deque[str] | list[str]) -> None:
    """Write lines; a log that cannot be written is no reason to stop a release."""
    with contextlib.suppress(OSError):
        if name not in _files:
            _files[name] = _opened(_path(name))
        _files[name].writelines(f"{line}\n" for line in lines)
        _files[name].flush()


def _opened(path: Path) -> IO[str]:
    """Return a new file, in place of an earlier one and never behind a link."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    return os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8")


def _path(name: str) -> Path:
    return (_folder or Path()) / f"{name}.log"


def _shown(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)
