"""A work tree of a tag's commit beside the checkout, shared by all processes that need it."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from release_tasks import files
from release_tasks.errors import ReleaseError
from release_tasks.memo import On, memoized_on
from release_tasks.shell import ask
from release_tasks.tools import git

_held: dict[Path, int] = {}  # locks of this process, by work tree
_guard = threading.Lock()


def at(tree: Path, name: str, commit: str) -> Path:
    """Return a folder with the files of a commit; the last process that uses it removes it as it ends.

    Raises `ReleaseError` where another process uses the work tree of that name for another commit.
    """
    folder = git.common_dir(tree) / "release-tasks" / name
    with _guard:
        if folder not in _held:
            _held[folder] = _join(tree, folder, commit)
            atexit.register(_leave, folder)
        if not _is_at(folder, commit):
            raise ReleaseError(
                f"another process is at work on {name}",
                "wait until it has ended, then run this again",
            )
    return folder


def _join(tree: Path, folder: Path, commit: str) -> int:
    """Make the tree where nobody uses it, wait for whoever makes it, and return the shared lock."""
    import fcntl

    path = folder.with_name(f"{folder.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    if _is_alone(handle) and not _is_at(folder, commit):
        _remove(folder)
        ask(["git", "worktree", "prune"], cwd=tree)
        ask(["git", "worktree", "add", "--quiet", "--detach", "--force", folder, commit], cwd=tree)
    fcntl.flock(handle, fcntl.LOCK_SH)
    if path.exists() and os.fstat(handle).st_ino == path.stat().st_ino:
        return handle
    os.close(handle)  # somebody left and took the lock along
    return _join(tree, folder, commit)


def _leave(folder: Path) -> None:
    """Remove the tree unless another process uses it; no program is started, as this may follow Ctrl-C."""
    handle = _held.pop(folder)
    if _is_alone(handle):
        _remove(folder)
        files.remove(folder.with_name(f"{folder.name}.lock"))
    os.close(handle)


def _is_alone(handle: int) -> bool:
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(folder: Path, commit: str) -> bool:
    """Tell whether the tree is whole and at the commit; files that git does not track do not count."""
    if not (folder / ".git").exists() or git.commit_of(folder, "HEAD") != commit:
        return False
    return not ask(["git", "status", "--porcelain", "--untracked-files=no"], cwd=folder)


def _remove(folder: Path) -> None:
    link = folder / ".git"
    if link.exists():
        files.remove(Path(link.read_text().removeprefix("gitdir:").strip()))
    files.remove(folder)


def files_at(tree: Path, ref: str, paths: Iterable[str]) -> dict[str, bytes]:
    """Return files as a checkout of a commit has them, line endings included, by path; those it lacks are left out."""
    return _files_at(tree, ref, frozenset(paths))


@memoized_on(On.GIT)
def _files_at(tree: Path, ref: str, wanted: frozenset[str]) -> dict[str, bytes]:
    if not wanted:
        return {}
    with files.scratch("commit") as folder:
        env = {"GIT_INDEX_FILE": str(folder / "index")}
        ask(["git", "read-tree", ref], cwd=tree, env=env)
        there = wanted & set(ask(["git", "ls-files", "-z"], cwd=tree, env=env).split("\0"))
        names = "\0".join(there).encode()
        ask(
            ["git", "checkout-index", "-z", "--stdin", f"--prefix={folder}/tree/"],
            cwd=tree,
            env=env,
            stdin=names,
        )
        return {path: _bytes(folder / "tree" / path) for path in there}


def _bytes(path: Path) -> bytes:
    return os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
