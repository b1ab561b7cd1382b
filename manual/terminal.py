"""Run a program in a terminal, as a person does."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

# they change what is printed
NOT_PASSED = (
    *("CI", "GITHUB_ACTIONS", "NO_COLOR", "FORCE_COLOR"),
    *("COLUMNS", "LINES", "RELEASE_TASKS_OUTPUT"),
)


def run(
    argv: Sequence[str],
    columns: int,
    rows: int,
    receive: Callable[[bytes], object],
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> int:
    """Run a program in a terminal of this size, and return its exit status.

    `receive` is called with what it writes, as soon as that is there. The program gets this
    process's variables without those that change what is printed, and those of `env`.
    """
    ours, theirs = pty.openpty()
    size = struct.pack("HHHH", rows, columns, 0, 0)
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
    passed = {
        name: value
        for name, value in os.environ.items()
        if name not in NOT_PASSED
    }
    process = subprocess.Popen(
        argv,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=cwd,
        env=passed | {"TERM": "xterm-256color"} | dict(env or {}),
    )
    os.close(theirs)
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # Linux: nobody has the other end any more
            break
        if not data:
            break
        receive(data)
    os.close(ours)
    return process.wait()
