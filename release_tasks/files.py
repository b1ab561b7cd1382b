"""Every write into the project: a file is replaced at once, and `--dry` shows a diff instead."""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

from invoke.context import Context

from release_tasks import memo, shell, terminal
from release_tasks.errors import ReleaseError
from release_tasks.printable import word
from release_tasks.signals import deferred_signals

# ends the name of a file that is about to replace another one
TEMPORARY = ".release-tasks"
# what cargo and rustup obey in a folder above
SETTINGS_ABOVE = (
    ".cargo",
    "Cargo.toml",
    "rust-toolchain",
    "rust-toolchain.toml",
)
_BARE_NAME = re.compile(r"[^/\\\x00-\x1f\x7f]+")
THREADS = 4  # that write at the same time: each one waits for the disk


def leads_outside(root: Path, path: str | Path) -> bool:
    """Tell whether a path below `root`, links followed, is outside of `root`.

    git's own folder is outside, too: it has settings and logins.
    """
    text = str(path)
    is_plain = not text.startswith("/") and ".." not in text.split("/")
    if is_plain and not _has_link(root, text):
        # the common case, without resolving every folder from the top
        return _is_of_git(text)
    real = Path(os.path.join(root, text))
    return not is_below(real, root) or _is_of_git(real_path(root, path))


def real_path(root: Path, path: str | Path) -> str:
    """Return where a path below `root` leads, links followed, relative to `root`, with slashes."""
    real = os.path.realpath(os.path.join(root, path))
    return Path(os.path.relpath(real, os.path.realpath(root))).as_posix()


def is_below(path: Path, root: Path) -> bool:
    """Tell whether a path, links followed, is `root` or below it."""
    real, base = os.path.realpath(path), os.path.realpath(root)
    return real == base or real.startswith(base.rstrip("/") + "/")


def inside(root: Path, path: str | Path) -> Path:
    """Return the place of a path below `root`.

    Raises `ReleaseError` where it, links followed, is outside: what the repository has may name
    any file of this machine, and must neither be published from there nor written there.
    """
    if leads_outside(root, path):
        real = os.path.realpath(os.path.join(root, path))
        if is_below(Path(real), root):
            raise ReleaseError(
                f"{path} leads out of {root.name}, into git's own folder",
                f"replace {path} with a file that git tracks",
            )
        raise ReleaseError(
            f"{path} leads out of {root.name}, to {real}",
            f"replace {path} with a copy, or with a link to a file inside",
        )
    return root / path


def behind_link(root: Path, path: str) -> str:
    """Return the path of the file itself, where a path is a link to another one below `root`."""
    full = root / path
    if not full.is_symlink() or not is_below(full, root):
        return path
    return full.resolve().relative_to(root.resolve()).as_posix()


def bare_name(name: str, where: str) -> str:
    """Return a name that is that of a file, without any folder; `where` is said in the error.

    Raises `ReleaseError` for another one: it could be written or removed anywhere.
    """
    if not _BARE_NAME.fullmatch(name) or name in (".", ".."):
        raise ReleaseError(
            f"{where} has {name!r}, which is not the name of a file",
            f"remove it from {where}, and build that file again",
        )
    return name


def refuse_links(root: Path, path: Path) -> None:
    """Raise `ReleaseError` where a folder below `root`, or one above it, is a link.

    What is in a folder of ours gets replaced and removed, which is right for nothing else.
    """
    relative = path.relative_to(root)
    for folder in (relative, *relative.parents):
        if (root / folder).is_symlink():
            raise ReleaseError(
                f"{folder} is a link to {os.readlink(root / folder)}, "
                "and what is built there gets replaced and removed",
                f"rm {word(root / folder)}",
            )


def write_all(c: Context, texts: Mapping[Path, str]) -> None:
    """Replace the texts of files, all of them or none; only show a diff under `--dry`.

    Raises `ReleaseError` where a file cannot be written.
    """
    if shell.is_dry(c):
        for path, text in texts.items():
            old = path.read_bytes() if path.exists() else b""
            terminal.say(_diff(path, old.decode(errors="replace"), text))
        return
    for path in texts:
        _remove_temporary(path)
    _replace_all({path: text.encode() for path, text in texts.items()})
    with memo.changing(memo.On.FILES):
        memo.invalidate()


def write_bytes(path: Path, data: bytes) -> None:
    """Replace `path` at once: a reader sees the old bytes or the new ones, never a part."""
    _replace_all({path: data})


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that replaces `path` at the end of the block, and is removed if that fails."""
    temporary = Path(_temporary_name(path))
    try:
        with temporary.open("wb") as out:
            yield out
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _not_written(path, error) from error
        raise


def append(path: Path, data: bytes) -> None:
    """Append to a file, and create it first where it is missing.

    Raises `ReleaseError` where the disk is full; what was written until then is kept.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as out:
            out.write(data)
    except OSError as error:
        raise _not_written(path, error) from error


def copy(source: Path, target: Path) -> None:
    """Copy a file at once, readable by everyone, and executable where `source` is."""
    write_bytes(target, source.read_bytes())
    target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)


def move(source: Path, target: Path) -> None:
    """Replace `target` by a file of the same folder, at once."""
    os.replace(source, target)


def set_mtime(path: Path, seconds: int) -> None:
    """Set the modification time, in seconds since 1970: some formats keep it."""
    os.utime(path, (seconds, seconds))


def remove(path: Path) -> None:
    """Remove a file or a folder, if it exists.

    A folder is tried for 2 s: a child process that is ending can still write into it.
    """
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    for _ in range(20):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.1)
    shutil.rmtree(path)  # raises the error


def temporary_folder(name: str) -> Path:
    """Make a temporary folder of this user alone, as `scratch` does, and leave it there."""
    place = Path(tempfile.gettempdir()).resolve()
    refuse_settings_of_others(place)
    return Path(tempfile.mkdtemp(prefix=f"release-tasks-{name}-"))


def refuse_settings_of_others(place: Path) -> None:
    """Raise `ReleaseError` for a file above our temporary folders that somebody else put there.

    cargo and rustup look for settings in every folder above the working one, and everybody may
    write into /tmp (the Cargo book, "Hierarchical structure"; the rustup book, "Overrides").
    """
    if sys.platform == "win32":  # where nobody else has that folder
        return
    for folder in (place, *place.parents):
        if not folder.stat().st_mode & stat.S_IWOTH:
            continue
        for name in SETTINGS_ABOVE:
            path = folder / name
            try:
                owner = path.lstat().st_uid
            except OSError:
                continue
            if owner not in (0, os.geteuid()):
                raise ReleaseError(
                    f"{path} belongs to another user, and programs started here would read it",
                    "set TMPDIR to a folder of your own",
                )


@contextlib.contextmanager
def scratch(name: str = "work") -> Iterator[Path]:
    """Make a temporary folder, which is removed at the end of the block.

    Raises `ReleaseError` where programs would read settings of another user there.
    """
    folder = temporary_folder(name)
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            remove(folder)


def lock(path: Path) -> int | None:
    """Lock a file and return its descriptor, or None where another process has the lock.

    The lock lasts until this process and all children that inherited the descriptor have ended.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(path, flags, 0o644)
    except OSError as error:
        raise _not_written(path, error) from error
    if not takes_lock(descriptor):
        os.close(descriptor)
        return None
    return descriptor


def takes_lock(descriptor: int) -> bool:
    """Lock an open file, and tell whether that worked: no other process has it then."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def repository(folder: Path) -> Path:
    """Return the root of the repository around a folder, without one the folder itself."""
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            return parent
    return folder


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, as 64 hex digits."""
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_of_git(path: str) -> bool:
    # some file systems make no difference between letters
    return any(part.lower() == ".git" for part in path.split("/"))


def _has_link(root: Path, path: str) -> bool:
    place = str(root)
    for part in path.split("/"):
        place = f"{place}/{part}"
        if os.path.islink(place):
            return True
    return False


def _temporary_name(path: Path) -> str:
    return f"{path.parent}/.{path.name}.{os.urandom(8).hex()}{TEMPORARY}"


def _remove_temporary(path: Path) -> None:
    """Remove the temporary files of `path` that a killed process left."""
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        return
    for name in os.listdir(folder):
        if name.startswith(f".{path.name}.") and name.endswith(TEMPORARY):
            os.unlink(f"{folder}/{name}")


def _replace_all(contents: Mapping[Path, bytes]) -> None:
    """Write all contents to temporary files first, then move all of them into place."""
    temporary: dict[Path, str] = {}

    def write(path: Path, data: bytes) -> None:
        mode = _mode(path)
        name = _temporary_name(path)
        # Windows would write other line ends
        flags = (
            os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        )
        descriptor = os.open(name, flags, 0o600)
        temporary[path] = name
        with open(descriptor, "wb") as out:
            if sys.platform != "win32":  # which has no such modes
                os.fchmod(descriptor, mode)
            out.write(data)

    def replace(path: Path, name: str) -> None:
        os.replace(name, path)

    try:
        _in_threads(write, contents)
        _in_threads(replace, temporary)
    except BaseException:
        for name in temporary.values():
            Path(name).unlink(missing_ok=True)
        raise


def _mode(path: Path) -> int:
    """Return the permissions of a file, or those of a new one after making its folder."""
    try:
        return os.stat(path).st_mode & 0o777
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return 0o644


def _in_threads(
    work: Callable[[Path, Any], None], values: Mapping[Path, Any]
) -> None:
    """Call `work` with each path and its value, in several threads; Ctrl-C waits for all."""
    items = list(values.items())

    def share(first: int) -> None:
        for path, value in items[first::THREADS]:
            try:
                work(path, value)
            except OSError as error:
                raise _not_written(path, error) from error

    with deferred_signals() as interrupts, ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(share, range(min(THREADS, len(items)))))
    if interrupts:
        raise KeyboardInterrupt


def _not_written(path: Path, error: OSError) -> ReleaseError:
    return ReleaseError(
        f"{path} cannot be written: {error.strerror}",
        "free some space on that disk, or make the folder writable",
    )


def _diff(path: Path, old: str, new: str) -> str:
    name = path.relative_to(repository(path.parent)).as_posix()
    lines = difflib.unified_diff(
        old.splitlines(),
        new.splitlines(),
        f"a/{name}",
        f"b/{name}",
        lineterm="",
        n=1,
    )
    return "\n".join(lines)
