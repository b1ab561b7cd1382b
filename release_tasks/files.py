"""The only door to the project's files: atomic writes, shown instead of made under `--dry`."""

from __future__ import annotations

import contextlib
import difflib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

from invoke.context import Context

from release_tasks import memo, shell, terminal
from release_tasks.errors import ReleaseError

ASIDE = ".release-tasks"  # how the name of a file ends that is about to replace another one


def write_all(c: Context, texts: Mapping[Path, str]) -> None:
    """Replace the texts of files, all aside first, then all in their places; under `--dry` only show the difference."""
    if shell.is_dry(c):
        for path, text in texts.items():
            old = path.read_bytes() if path.exists() else b""
            terminal.say(_difference(path, old.decode(errors="replace"), text))
        return
    for path in texts:  # what a killed process has left aside
        folder = os.path.dirname(path)
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if name.startswith(f".{path.name}.") and name.endswith(ASIDE):
                os.unlink(f"{folder}/{name}")
    _swap({path: text.encode() for path, text in texts.items()})
    with memo.changing(memo.On.FILES):
        memo.invalidate()


def write_bytes(path: Path, data: bytes) -> None:
    """Replace `path` at once: a reader sees the old bytes or the new ones, never a part."""
    _swap({path: data})


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to fill that replaces `path` after the block, and is gone where the block fails."""
    aside = Path(_aside(path))
    try:
        with aside.open("wb") as out:
            yield out
        os.replace(aside, path)
    except BaseException as error:
        aside.unlink(missing_ok=True)
        raise _full(path, error) if isinstance(error, OSError) else error


def append(path: Path, data: bytes) -> None:
    """Add to a file that may be absent; what does not fit is an error, and the rest is kept."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as out:
            out.write(data)
    except OSError as error:
        raise _full(path, error) from error


def copy(source: Path, target: Path) -> None:
    """Copy a file into place at once, readable by everyone."""
    write_bytes(target, source.read_bytes())
    target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)


def move(source: Path, target: Path) -> None:
    """Move a finished file over another one in the same folder, at once."""
    os.replace(source, target)


def set_mtime(path: Path, seconds: int) -> None:
    """Set when a file was last changed, in seconds since 1970: some formats keep that time."""
    os.utime(path, (seconds, seconds))


def remove(path: Path) -> None:
    """Remove a file or a folder that may be absent, and again while a child that is ending still writes there."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    for _ in range(20):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.1)
    shutil.rmtree(path)  # which says what is in the way


@contextlib.contextmanager
def scratch(name: str = "work") -> Iterator[Path]:
    """Give a temporary folder that is gone after the block."""
    folder = Path(tempfile.mkdtemp(prefix=f"release-tasks-{name}-"))
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            remove(folder)


def lock(path: Path) -> int | None:
    """Lock a file until this process and all that inherited the descriptor have ended; None where another has it."""
    import fcntl

    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, as 64 hex digits."""
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _aside(path: Path) -> str:
    return f"{path.parent}/.{path.name}.{os.urandom(8).hex()}{ASIDE}"


def _swap(contents: Mapping[Path, bytes]) -> None:
    aside: dict[Path, str] = {}

    def put(path: Path, data: bytes) -> None:
        mode = 0o644
        try:
            mode = os.stat(path).st_mode & 0o777
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
        name = _aside(path)
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        aside[path] = name
        with open(handle, "wb") as out:
            os.fchmod(handle, mode)
            out.write(data)

    try:
        _each(put, contents)
        _each(lambda path, name: os.replace(name, path), aside)
    except BaseException:
        for name in aside.values():
            Path(name).unlink(missing_ok=True)
        raise


def _each(work: Callable[[Path, Any], None], given: Mapping[Path, Any]) -> None:
    """Do the work for each file, in several threads as each waits for the disk; Ctrl-C comes after all of them."""
    rows = list(given.items())

    def part(begin: int) -> None:
        for path, what in rows[begin::4]:
            try:
                work(path, what)
            except OSError as error:
                raise _full(path, error) from error

    with shell.deferred_signals() as interrupts, ThreadPoolExecutor(4) as pool:
        list(pool.map(part, range(min(4, len(rows)))))
    if interrupts:
        raise KeyboardInterrupt


def _full(path: Path, error: OSError) -> ReleaseError:
    return ReleaseError(
        f"{path} cannot be written: {error.strerror}",
        "make room on that disk, or let the folder be writable",
    )


def _difference(path: Path, old: str, new: str) -> str:
    root = next((folder for folder in path.parents if (folder / ".git").exists()), path.parent)
    name = path.relative_to(root).as_posix()
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), f"a/{name}", f"b/{name}", lineterm="", n=1
    )
    return "\n".join(lines)
