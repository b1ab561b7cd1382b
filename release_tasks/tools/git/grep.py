"""git grep: the lines of tracked text files that hold a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from release_tasks.shell import Failed, ask_bytes


def lines(tree: Path, texts: Iterable[str]) -> Iterator[tuple[str, int, str]]:
    """Yield path, line (from 1) and text of each line with one of `texts`; binary files are passed over."""
    words = [word for text in texts for word in ("-e", text)]
    argv = [
        "git",
        "grep",
        "-I",
        "-F",
        "-n",
        "-z",
        "--full-name",
        "--no-color",
        "--no-recurse-submodules",
        *words,
    ]
    try:
        found = ask_bytes(argv, cwd=tree) if words else b""
    except Failed as error:
        if error.status != 1:  # of no line at all
            raise
        return
    for row in found.splitlines():
        if row.count(b"\0") >= 2:  # a lone carriage return ends a line for Python, not for git
            path, number, text = row.split(b"\0", 2)
            yield path.decode(errors="replace"), int(number), text.decode(errors="replace")
