"""Tracebacks of bugs, of ours and of a project's own tasks: without secrets, and as data."""

from __future__ import annotations

import sys
import threading
from types import TracebackType


def hide_secrets_in_tracebacks() -> None:
    """Let Python print every exception that nobody handles as all other output is printed."""
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _print
        threading.excepthook = _print_of_thread


def _print(
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    import traceback

    from release_tasks.masking import hidden
    from release_tasks.printable import printable

    text = "".join(traceback.format_exception(kind, error, trace))
    sys.stderr.write(printable(hidden(text)))


def _print_of_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and args.exc_type is not SystemExit:
        _print(args.exc_type, args.exc_value, args.exc_traceback)
