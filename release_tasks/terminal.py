"""What a person sees on stderr: messages without secrets, and one line for each wait."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar

from release_tasks import masking, memo
from release_tasks.errors import ReleaseError, as_called
from release_tasks.printable import printable

# the name of the running step
prefix: ContextVar[str] = ContextVar("prefix", default="")
collected: ContextVar[list[str] | None] = ContextVar("collected", default=None)
stopping = threading.Event()  # set once the release is interrupted

_output = threading.Lock()
_last_wait = ""
_remembered: list[str] = []  # what a release says again at its end
_ERASE_LINE = "\r\x1b[2K"


def say(*texts: str) -> None:
    """Print messages to stderr, each line after the name of the running step.

    While messages are collected (as `plan` does), they go into that list instead.
    """
    messages = collected.get()
    if messages is not None:
        messages += [printable(hide_secrets(text)) for text in texts]
        return
    step = prefix.get()
    start = f"{step}: " if step else ""
    lines = printable(hide_secrets(as_called("\n".join(texts)))).splitlines()
    text = "".join(f"{start}{line}\n" for line in lines)
    if _is_terminal():
        text = _ERASE_LINE + text
    _write(text)


def say_at_end(text: str) -> None:
    """Print a message now, and once more when the release is done (`say_remembered`)."""
    say(text)
    if collected.get() is None:
        _remembered.append(text)


def say_remembered() -> None:
    """Print what was kept for the end, each message once."""
    texts = tuple(dict.fromkeys(_remembered))
    _remembered.clear()
    for text in texts:
        say(text)


def show(text: str = "") -> None:
    """Print a text to stdout."""
    print(printable(text))


def print_json(data: object, indent: int | None = 2) -> None:
    """Print an object to stdout as JSON, without secrets; on one line when `indent` is None."""
    print(hide_secrets(json.dumps(data, indent=indent)))


def pause(seconds: float, why: str = "") -> None:
    """Sleep; raise `ReleaseError` as soon as the release is interrupted.

    On a terminal, `why` is a line that counts the seconds down and is erased at the end.
    Elsewhere it is printed once.
    """
    global _last_wait
    is_terminal = _is_terminal()
    if why and why != _last_wait and not is_terminal:
        say(why)
    _last_wait = why or _last_wait
    if why:
        memo.invalidate()  # what is waited for can change in the meantime
    end = time.monotonic() + seconds
    while True:
        left = max(0.0, end - time.monotonic())
        if stopping.wait(min(0.5, left)):
            raise ReleaseError("interrupted", code=130)
        if why and is_terminal:
            _draw(why, left)
        if not left:
            return


def wait_for(
    missing: Callable[[], str], at_most: float, longest: float = 5.0
) -> None:
    """Wait until `missing` returns an empty text; until then it returns what is waited for.

    It is called less and less often, in the end every `longest` seconds. Raises `ReleaseError`
    after `at_most` seconds.
    """
    end = time.monotonic() + at_most
    seconds = 0.1
    while what := missing():
        if time.monotonic() > end:
            raise ReleaseError(
                f"gave up waiting for {what} after {at_most:.0f} s",
                "run the release again later",
            )
        pause(seconds, f"waiting for {what}")
        seconds = min(seconds * 2, longest)


def hide_secrets(text: str) -> str:
    """Replace the values of secret variables in `text`, and logins and tokens in addresses."""
    return masking.hidden(text)


def _draw(why: str, left: float) -> None:
    """Draw a wait over the line before; erase it when no seconds are left."""
    line = _ERASE_LINE
    if left:
        line = f"{_ERASE_LINE}{printable(why)} ({left:.0f} s)"
    _write(line[: shutil.get_terminal_size().columns])


def _is_terminal() -> bool:
    return sys.stderr.isatty() and not os.environ.get("CI")


def _write(text: str) -> None:
    with _output:
        sys.stderr.write(text)
        sys.stderr.flush()
