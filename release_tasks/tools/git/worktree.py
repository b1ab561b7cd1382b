"""A work tree of a tag's commit beside the checkout, shared by all processes that need it."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from release_tasks import files
from release_tasks.errors import ReleaseError
from release_tasks.memo import On, memoized_on
from release_tasks.printable import word
from release_tasks.shell import ask
from release_tasks.tools import git
from release_tasks.tools.git import whole

# descriptors of this process's shared locks, by work tree
_locks: dict[Path, int] = {}
_guard = threading.Lock()


def at(tree: Path, name: str, commit: str) -> Path:
    """Return a folder with the files of a commit; the last process that uses it removes it.

    Raises `ReleaseError` where another process uses the work tree of that name for another commit,
    and where a submodule or a file of Git LFS cannot be had.
    """
    folder = git.common_dir(tree) / "release-tasks" / name
    with _guard:
        if folder not in _locks:
            _locks[folder] = _join(tree, folder, commit)
            atexit.register(_leave, folder)
        if not _is_at(folder, commit):
            raise ReleaseError(
                f"another process is using {name}",
                "wait until it has ended, then try again",
            )
    return folder


def files_at(tree: Path, ref: str, paths: Iterable[str]) -> dict[str, bytes]:
    """Return files as a checkout of a commit has them, line endings included, by path.

    Those that it does not have are left out.
    """
    wanted = frozenset(paths)
    # those that differ are asked for again and again, in one set or another
    found = _files_at(tree, ref, wanted | set(git.changed(tree)))
    return {path: found[path] for path in wanted & found.keys()}


@memoized_on(On.GIT)
def _files_at(tree: Path, ref: str, wanted: frozenset[str]) -> dict[str, bytes]:
    if not wanted:
        return {}
    with files.scratch("commit") as folder:
        env = {"GIT_INDEX_FILE": str(folder / "index")}
        ask(["git", "read-tree", ref], cwd=tree, env=env)
        tracked = ask(["git", "ls-files", "-z"], cwd=tree, env=env).split("\0")
        paths = wanted & set(tracked)
        argv = [
            "git",
            "checkout-index",
            "-z",
            "--stdin",
            f"--prefix={folder}/tree/",
        ]
        ask(argv, cwd=tree, env=env, stdin="\0".join(paths).encode())
        return {path: _content(folder / "tree" / path) for path in paths}


def _content(path: Path) -> bytes:
    """Return what git stores for a path: of a symbolic link, its target."""
    if path.is_symlink():
        return os.fsencode(os.readlink(path))
    return path.read_bytes()


def _join(tree: Path, folder: Path, commit: str) -> int:
    """Make the work tree unless another process uses it, and return a shared lock on it.

    While another process makes it, this one waits for its lock.
    """
    if sys.platform == "win32":  # it has no locks that are shared
        raise ReleaseError(
            f"this needs a checkout at {folder.name}",
            f"git switch --detach {word(commit)}, without local changes",
        )
    import fcntl

    path = _lock_path(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    if files.takes_lock(lock) and not _is_at(folder, commit):
        try:
            _make(tree, folder, commit)
        except BaseException:
            _remove(folder)
            os.close(lock)
            raise
    fcntl.flock(lock, fcntl.LOCK_SH)
    if path.exists() and os.fstat(lock).st_ino == path.stat().st_ino:
        return lock
    os.close(lock)  # the process that left last has removed the lock file
    return _join(tree, folder, commit)


def _make(tree: Path, folder: Path, commit: str) -> None:
    """Make the work tree anew, with its submodules; raise `ReleaseError` where one is missing."""
    _remove(folder)
    ask(["git", "worktree", "prune"], cwd=tree)
    argv: list[str | Path] = ["git", "worktree", "add", "--quiet", "--detach"]
    ask([*argv, "--force", folder, commit], cwd=tree)
    whole.fill(folder, tree)
    whole.refuse_missing(folder)


def _leave(folder: Path) -> None:
    """Remove the work tree unless another process uses it.

    No program is started: this can follow Ctrl-C.
    """
    lock = _locks.pop(folder)
    if files.takes_lock(lock):
        _remove(folder)
        files.remove(_lock_path(folder))
    os.close(lock)


def _lock_path(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _is_at(folder: Path, commit: str) -> bool:
    """Tell whether the work tree is complete and at the commit, whatever is untracked in it."""
    return (folder / ".git").exists() and git.is_at(folder, commit)


def _remove(folder: Path) -> None:
    """Remove a work tree, and what git keeps of it in the repository."""
    link = folder / ".git"
    if link.exists():
        files.remove(Path(link.read_text().removeprefix("gitdir:").strip()))
    files.remove(folder)
