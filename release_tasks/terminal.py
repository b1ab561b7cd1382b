"""What a person sees: messages behind the step's name, without secrets, and one line for what is waited for."""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar

from release_tasks import memo
from release_tasks.errors import ReleaseError

SECRET_NAME = re.compile(
    r"TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIAL|(API|PRIVATE|ACCESS|SIGNING|DEPLOY)_?KEY|_PAT$|_AUTH$|AUTH_CONFIG",
    re.I,
)
IN_URL = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")  # user:password
MASK = "***"
prefix: ContextVar[str] = ContextVar("prefix", default="")
collected: ContextVar[list[str] | None] = ContextVar("collected", default=None)
stopping = threading.Event()  # set once the release is interrupted
_output = threading.Lock()
_line = ""  # what was drawn or told last of a wait
_ERASE = "\r\x1b[2K"


def say(*texts: str) -> None:
    """Print messages to stderr, each line behind the name of the running step.

    Where somebody collects messages (`plan` does), they are kept instead of printed.
    """
    if (kept := collected.get()) is not None:
        kept += map(hide_secrets, texts)
        return
    head = f"{start}: " if (start := prefix.get()) else ""
    lines = "".join(f"{head}{line}\n" for line in hide_secrets("\n".join(texts)).splitlines())
    _write((_ERASE if _is_terminal() else "") + lines)


def pause(seconds: float, why: str = "") -> None:
    """Sleep, but stop at once when the release is interrupted.

    `why` is shown in one line that counts the seconds and goes; without a terminal it is said, once.
    """
    global _line
    if why and why != _line and not _is_terminal():
        say(why)
    _line = why or _line
    if why:
        memo.invalidate()  # the world goes on meanwhile
    end = time.monotonic() + seconds
    while not stopping.wait(min(0.5, max(0.0, left := end - time.monotonic()))):
        if why and _is_terminal():
            _write(
                f"{_ERASE}{why} ({left:.0f} s)"[: shutil.get_terminal_size().columns]
                if left > 0
                else _ERASE
            )
        if left <= 0:
            return
    raise ReleaseError("interrupted", code=130)


def wait_for(lacking: Callable[[], str], at_most: float, longest: float = 5.0) -> None:
    """Ask less and less often, every `longest` seconds in the end, until `lacking` says nothing.

    Raises `ReleaseError` after `at_most` seconds.
    """
    end, seconds = time.monotonic() + at_most, 0.1
    while what := lacking():
        if time.monotonic() > end:
            raise ReleaseError(
                f"waited {at_most:.0f} s in vain for {what}", "run the release again in a while"
            )
        pause(seconds, f"waiting for {what}")
        seconds = min(seconds * 2, longest)


def hide_secrets(text: str) -> str:
    """Replace every secret value of the environment in `text`, and passwords in addresses."""
    values = [
        value
        for name in os.environ
        if SECRET_NAME.search(name) and not os.path.exists(value := os.environ[name])
    ]
    lines = [
        line.strip() for value in values for line in value.splitlines()
    ]  # output comes line by line
    for secret in sorted(
        {*values, *lines}, key=len, reverse=True
    ):  # one may be the beginning of another
        text = text.replace(secret, MASK) if len(secret) >= 8 else text
    return IN_URL.sub(MASK, text)


def _is_terminal() -> bool:
    return sys.stderr.isatty() and not os.environ.get("CI")


def _write(text: str) -> None:
    with _output:
        sys.stderr.write(text)
        sys.stderr.flush()
