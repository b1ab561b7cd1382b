"""Ctrl-C and SIGTERM: SIGTERM acts as Ctrl-C does, and both can wait until a block has ended."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


def handle_sigterm() -> None:
    """Let SIGTERM raise KeyboardInterrupt, as Ctrl-C does (in the main thread only)."""
    if _is_main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@contextlib.contextmanager
def deferred_signals() -> Iterator[list[int]]:
    """Collect Ctrl-C and SIGTERM inside the block; the caller acts on what was collected.

    Python ignores an exception that a signal handler raises while it forks.
    """
    received: list[int] = []
    handlers = {}
    if _is_main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(number)
            if callable(handler):
                handlers[number] = handler
    for number in handlers:
        signal.signal(number, lambda number, _: received.append(number))
    try:
        yield received
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
