"""git grep: the lines of tracked text files that have a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from release_tasks.shell import Failed, ask_bytes

OPTIONS = (
    "-I",
    "-n",
    "-z",
    "--full-name",
    "--no-color",
    "--no-column",  # which grep.column asks for
    "--no-recurse-submodules",
)


def lines(tree: Path, texts: Iterable[str]) -> Iterator[tuple[str, int, str]]:
    """Yield path, line (from 1) and text of each line with one of `texts`, without binary files."""
    patterns: list[str] = []
    for text in texts:
        patterns += ["-e", text]
    if patterns:
        yield from _matches(tree, "-F", *patterns)


def numbers(tree: Path) -> Iterator[tuple[str, int, str]]:
    """Yield path, line (from 1) and text of each line with three numbers joined by dots.

    Lock files are left out: they are long, and name the versions of others.
    """
    pattern = r"[0-9]\.[0-9]+\.[0-9]"
    left_out = [f":(exclude){glob}" for glob in ("*.lock", "*.sum", "*-lock.*")]
    yield from _matches(tree, "-E", "-e", pattern, "--", ".", *left_out)


def _matches(tree: Path, *words: str) -> Iterator[tuple[str, int, str]]:
    try:
        output = ask_bytes(["git", "grep", *OPTIONS, *words], cwd=tree)
    except Failed as error:
        if error.status == 1:  # no line has any of them
            return
        raise
    for row in output.splitlines():
        # a lone carriage return ends a line for Python, not for git
        if row.count(b"\0") < 2:
            continue
        path, number, text = (
            field.decode(errors="replace") for field in row.split(b"\0", 2)
        )
        yield path, int(number), text
