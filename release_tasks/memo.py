"""Ask once: answers are remembered until something acts on what they depend on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from enum import StrEnum
from functools import wraps
from threading import Lock, Thread
from typing import Any, NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class On(StrEnum):
    """What an answer depends on."""

    FILES = "files"  # the files of the checkout
    GIT = "git"  # its commits, tags and configuration
    REMOTE = "remote"  # origin, registries, GitHub


EVERYTHING = frozenset(On)


class _Answer(NamedTuple):
    depends: frozenset[On]
    future: Future[Any]


_answers: ContextVar[dict[Any, _Answer] | None] = ContextVar(
    "answers", default=None
)
_changed: ContextVar[frozenset[On]] = ContextVar("changed", default=EVERYTHING)
_guard = Lock()


@contextmanager
def memoizing() -> Iterator[None]:
    """Ask for the same thing only once inside the block, until it is invalidated.

    An inner block shares the answers of the outer one, and so do threads that run in a copy of
    its context.
    """
    outer = _answers.get()
    _answers.set({} if outer is None else outer)
    try:
        yield
    finally:
        _answers.set(outer)


@contextmanager
def changing(*what: On) -> Iterator[None]:
    """Say that what acts inside the block changes nothing else: other answers stay."""
    token = _changed.set(frozenset(what))
    try:
        yield
    finally:
        _changed.reset(token)


def invalidate() -> None:
    """Forget what may have changed, as something has acted or was waited for."""
    answers = _answers.get()
    if not answers:
        return
    changed = _changed.get()
    with _guard:
        for key, answer in list(answers.items()):
            if answer.depends & changed:
                answers.pop(key, None)


def prefetch(
    ask: Callable[P, object], *args: P.args, **kwargs: P.kwargs
) -> None:
    """Start asking in another thread; who needs the answer waits for it, or gets its error.

    Does nothing where answers are not remembered.
    """
    if _answers.get() is not None:
        work = copy_context().run
        Thread(
            target=work, args=(complete, Future(), lambda: ask(*args, **kwargs))
        ).start()


def complete(future: Future[R], ask: Callable[[], R]) -> None:
    """Give the answer, or the error, to whoever waits for it."""
    try:
        future.set_result(ask())
    except BaseException as error:
        future.set_exception(error)


def memoized_on(*depends: On) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function of hashable arguments remember its answers, errors included.

    They are remembered inside `memoizing` only, until something changes that they depend on.
    Threads that want the same answer wait for the one that asks.
    """

    def decorate(ask: Callable[P, R]) -> Callable[P, R]:
        @wraps(ask)
        def asked(*args: P.args, **kwargs: P.kwargs) -> R:
            answers = _answers.get()
            if answers is None:
                return ask(*args, **kwargs)
            mine = _Answer(frozenset(depends), Future())
            answer = answers.setdefault((ask, args, *kwargs.items()), mine)
            if answer is mine:
                complete(mine.future, lambda: ask(*args, **kwargs))
            found: R = answer.future.result()
            return found

        return asked

    return decorate


def memoized(ask: Callable[P, R]) -> Callable[P, R]:
    """Remember answers that depend on everything: any action invalidates them."""
    return memoized_on(*On)(ask)
