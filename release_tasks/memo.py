"""What the world has answered is remembered for as long as nothing changes there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import wraps
from threading import Thread
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
_answers: ContextVar[dict[Any, Future[Any]] | None] = ContextVar("answers", default=None)


@contextmanager
def memoizing(is_so: bool = True) -> Iterator[None]:
    """Ask for the same thing only once inside the block, until `forget` is called."""
    before = _answers.get()
    _answers.set({} if is_so and before is None else before)
    try:
        yield
    finally:
        _answers.set(before)


def invalidate() -> None:
    """Forget every answer: something has acted."""
    if known := _answers.get():
        known.clear()


def prefetch(ask: Callable[P, object], *given: P.args, **named: P.kwargs) -> None:
    """Begin to ask beside what follows, where answers are remembered; who needs this one waits for it, or is told why not."""
    if _answers.get() is not None:
        Thread(
            target=copy_context().run, args=(complete, Future(), lambda: ask(*given, **named))
        ).start()


def complete(found: Future[R], ask: Callable[[], R]) -> None:
    """Let whoever waits for an answer have it, or the error instead."""
    try:
        found.set_result(ask())
    except BaseException as error:
        found.set_exception(error)


def memoized(ask: Callable[P, R]) -> Callable[P, R]:
    """Let a function of hashable arguments remember its answers, errors too, where nothing changes.

    Threads that want the same one wait for whoever asks first.
    """

    @wraps(ask)
    def asked(*given: P.args, **named: P.kwargs) -> R:
        known = _answers.get()
        if known is None:
            return ask(*given, **named)
        mine: Future[R] = Future()
        answer = known.setdefault((ask, given, *named.items()), mine)
        if answer is mine:
            complete(mine, lambda: ask(*given, **named))
        found: R = answer.result()
        return found

    return asked
