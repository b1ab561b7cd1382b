"""Crates that scripts and workflows name: `cargo publish -p NAME`, and lists of crates."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
PACKAGE = re.compile(
    r"(?:\s-p|\s--package)(?:[ =]+)[\"']?([A-Za-z][A-Za-z0-9_-]*)(?=[\"'@\s;&|)]|$)"
)
OWN_COMMANDS = re.compile(
    r"\bcargo\s+(?:\+\S+\s+)?(?:publish|package|release|set-version|yank)\b"
)
LISTS = (
    re.compile(
        r"\bfor\s+\w+\s+in\s+((?:[\"']?[\w-]+[\"']?\s*)+);?\s*(?:do\b|$)"
    ),
    re.compile(
        r"\b\w*(?:crate|package)\w*=\(?[\"']?\s*((?:[\w-]+\s*)+)[\"')]", re.I
    ),
    re.compile(
        r"^\s*[\"']?\w*(?:crate|package)s?[\"']?\s*:\s*\[([^\]]*)\]",
        re.I | re.M,
    ),
)
ELSEWHERE = re.compile(r"\bgit\s+clone\b|^\s*repository:", re.M)
LEAST = 2  # names in a list


@dataclass(frozen=True)
class NamedCrate:
    """A crate that a line of a file names."""

    name: str
    line: int


def unknown(
    text: str, own: Collection[str], known: Collection[str]
) -> Iterator[NamedCrate]:
    """Yield the crates that a script or workflow names and that do not exist.

    `own` are the crates of the repository, `known` those and its dependencies. What another
    repository may have, or the script itself makes, is left out.
    """
    has_others = ELSEWHERE.search(text) is not None
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or not re.search(r"\bcargo\b", line):
            continue
        if has_others and not OWN_COMMANDS.search(line):
            continue
        for name in PACKAGE.findall(line):
            if name not in known and not _is_made(name, text):
                yield NamedCrate(name, number)
    yield from _in_lists(text, own, known)


def _in_lists(
    text: str, own: Collection[str], known: Collection[str]
) -> Iterator[NamedCrate]:
    for pattern in LISTS:
        for found in pattern.finditer(text):
            names = list(NAME.finditer(found[1]))
            ours = [name for name in names if name[0] in own]
            if len(names) < LEAST or 2 * len(ours) < len(names):
                continue  # a list of something else
            for name in names:
                if name[0] not in known and not _is_made(name[0], text):
                    line = (
                        text.count("\n", 0, found.start(1) + name.start()) + 1
                    )
                    yield NamedCrate(name[0], line)


def _is_made(name: str, text: str) -> bool:
    """Tell whether a script makes the crate, or a folder of that name."""
    return (
        re.search(rf"\bcargo\s+(?:new|init|generate)\b.*\b{name}\b", text)
        is not None
    )
