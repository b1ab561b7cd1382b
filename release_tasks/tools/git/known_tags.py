"""The tags of origin; for a bump, which needs no network, those that are here where it must."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from release_tasks import terminal
from release_tasks.errors import ReleaseError
from release_tasks.memo import memoized_on
from release_tasks.tools import git
from release_tasks.tools.git import origin

PREFIX = "refs/tags/"
_accepts_local: ContextVar[bool] = ContextVar("accepts_local", default=False)


@contextmanager
def accept_local() -> Iterator[None]:
    """Go by the tags that are here, inside the block, where origin cannot be read."""
    token = _accepts_local.set(True)
    try:
        yield
    finally:
        _accepts_local.reset(token)


def tags(tree: Path) -> Mapping[str, str]:
    """Return the tags of origin and their commits; without an origin those of this repository.

    Raises `ReleaseError` when origin cannot be read, except inside `accept_local`.
    """
    if origin.url(tree) is None or not is_readable(tree):
        return git.tags(tree)
    return {
        ref.removeprefix(PREFIX): commit
        for ref, commit in origin.refs(tree).items()
        if ref.startswith(PREFIX)
    }


def is_readable(tree: Path) -> bool:
    """Tell whether origin can be read; raise `ReleaseError` if not, except inside `accept_local`.

    What cannot be read is said once.
    """
    try:
        origin.refs(tree)
    except ReleaseError as error:
        if not _accepts_local.get():
            raise
        _say(tree, error.problem)
        return False
    return True


@memoized_on()
def _say(_: Path, problem: str) -> None:
    terminal.notice(f"{problem}; going by the tags that are here")
