"""What a page holds: files to write and console blocks, in the order in which they are read.

A fence `toml title="PATH"` is a whole file, a fence `console` has commands behind `$ ` and what
they print. Comments before a fence, or at the top of a page, say how it runs:

    <!-- registries -->        local registries stand in for the public ones, for the whole page
    <!-- project: WORD -->     the page begins in this project, see manual/projects.py
    <!-- set up: COMMAND -->   runs before, and is not shown
    <!-- exit: 1 -->           the last command of the next block ends with this status
    <!-- tail: 12 -->          of its output the last 12 lines are shown, behind `...`
    <!-- lines: 4-9 -->        of its output these lines are shown, between `...`
    <!-- not run: REASON -->   the next block needs what is not here
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_FENCE = re.compile(
    r"(?P<comments>(?:^<!-- [^\n]* -->\n+)*)"
    r"^(?P<indent> *)```(?P<language>\w+)(?: title=\"(?P<file>[^\"]+)\")?\n"
    r"(?P<body>.*?)^ *```$",
    re.M | re.S,
)
_COMMENT = re.compile(r"<!-- ([\w ]+)(?:: (.*))? -->")
ELSEWHERE = "..."  # a line that stands for lines that are not shown


@dataclass(frozen=True)
class Command:
    """A command as it is typed, and what the page shows of its output."""

    line: str
    output: str


@dataclass(frozen=True)
class Block:
    """A fence of a page: a file to write, or commands; `options` are the comments before it."""

    start: int  # of its body in the page
    end: int
    file: str | None
    body: str
    options: dict[str, str] = field(default_factory=dict)

    @property
    def commands(self) -> list[Command]:
        """Return the commands of a console block."""
        found = []
        for part in re.split(r"^\$ ", self.body, flags=re.M)[1:]:
            lines = part.splitlines(keepends=True)
            count = 1
            while lines[count - 1].endswith("\\\n"):
                count += 1
            found.append(
                Command(
                    "".join(lines[:count]).rstrip("\n"),
                    "".join(lines[count:]),
                )
            )
        return found


def blocks(text: str) -> list[Block]:
    """Return the files and console blocks of a page, without those that are not run."""
    found = []
    for fence in _FENCE.finditer(text):
        if not fence["file"] and fence["language"] != "console":
            continue
        options = {
            name: value or ""
            for name, value in _COMMENT.findall(fence["comments"])
        }
        if "not run" not in options:
            found.append(
                Block(
                    fence.start("body"),
                    fence.end("body"),
                    fence["file"],
                    fence["body"],
                    options,
                )
            )
    return found


def reasons(text: str) -> list[str]:
    """Return why blocks of a page are not run."""
    return [
        value for name, value in _COMMENT.findall(text) if name == "not run"
    ]


def option(text: str, name: str) -> str | None:
    """Return the value of a comment of a whole page, None without it."""
    return dict(_COMMENT.findall(text)).get(name)
