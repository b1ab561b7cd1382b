"""What a terminal shows in the end of what a program has written, and how it is run in one."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

from manual import terminal

PARTS = re.compile(r"\x1b\[\??(\d*)[;\d]*([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")


def on_a_terminal(
    argv: Sequence[str], columns: int = 80, rows: int = 24, **env: str
) -> tuple[int, str]:
    """Run a program in a terminal; return its exit status and all that it has written."""
    written: list[bytes] = []
    code = terminal.run(argv, columns, rows, written.append, env)
    return code, b"".join(written).decode()


def python(script: str) -> tuple[str, ...]:
    """Return the command line of a script."""
    return sys.executable, "-c", script


def screen(written: str) -> list[str]:
    """Return the lines that remain: those that were drawn over are gone."""
    lines = [""]
    row = column = 0
    for number, code, carriage, newline, text in PARTS.findall(written):
        if carriage:
            column = 0
        elif newline:
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif text:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + text + line[column + len(text) :]
            column += len(text)
        elif code == "A":
            row = max(0, row - int(number or 1))
        elif code == "K":
            lines[row] = "" if number == "2" else lines[row][:column]
    return [line.rstrip() for line in lines if line.strip()]
