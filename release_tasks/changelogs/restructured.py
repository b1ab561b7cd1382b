"""reStructuredText: where section titles and link targets are (docutils' specification)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from release_tasks.changelogs.syntax import Definition, Heading, Syntax

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1+")
_TARGET = re.compile(
    r"(?P<before>\.\. _`?)(?P<label>(?:[^`:\\]|\\.|:(?!\s))+)(?P<between>`?:[ \t]+)"
    r"(?P<url>\S+)(?P<after>[ \t]*[\r\n]*)"
)
_ANCHOR = re.compile(r"\.\. _[^:]+:\s*")
_DIRECTIVE = re.compile(r"\.\. [\w:-]+::(?:\s|$)")
_SHORT = 4  # characters: a shorter underline has to be as long as its title


def parse(lines: Sequence[str]) -> Syntax:
    """Return the titles, link targets and content of a reStructuredText."""
    plain = [
        line.strip("\r\n").removeprefix("\ufeff").rstrip() for line in lines
    ]
    headings = tuple(_headings(plain))
    definitions = tuple(_targets(lines))
    taken = {number for one in headings for number in range(one.line, one.end)}
    taken |= {definition.line for definition in definitions}
    anchors = set()
    content = set()
    is_comment = False
    for number, line in enumerate(plain):
        if line and not line[0].isspace():
            is_comment = line.startswith("..") and not _DIRECTIVE.match(line)
        if number in taken or not line:
            continue
        if _ANCHOR.fullmatch(line):
            anchors.add(number)
        elif not is_comment and not _ADORNMENT.fullmatch(line):
            content.add(number)
    return Syntax(
        headings,
        definitions,
        anchors=frozenset(anchors),
        content=frozenset(content),
    )


def _headings(plain: Sequence[str]) -> Iterator[Heading]:
    """Yield the titles. An adornment has the level of its first use in the text."""
    styles: list[tuple[str, bool]] = []
    for number in range(1, len(plain)):
        title = plain[number - 1]
        if not _underlines(plain[number], title):
            continue
        start = number - 1
        over = start > 0 and _is_overline(plain[start - 1], plain[number])
        if title[0].isspace() and not over:
            continue
        before = start - 2 if over else start - 1
        if before >= 0 and plain[before]:  # a title is not part of a paragraph
            continue
        style = (plain[number][0], over)
        if style not in styles:
            styles.append(style)
        level = styles.index(style) + 1
        mark = plain[number]
        if over:
            start -= 1
            mark = f"overline {mark}"
        yield Heading(start, number + 1, level, title.strip(), mark)


def _underlines(line: str, title: str) -> bool:
    if (
        not title
        or not _ADORNMENT.fullmatch(line)
        or _ADORNMENT.fullmatch(title)
    ):
        return False
    return len(line) >= len(title) or len(line) >= _SHORT


def _is_overline(line: str, underline: str) -> bool:
    return line == underline


def _targets(lines: Sequence[str]) -> Iterator[Definition]:
    for number, line in enumerate(lines):
        match = _TARGET.fullmatch(line)
        if match:
            pieces = (match["before"], match["between"], match["after"])
            yield Definition(
                number, number + 1, match["label"], match["url"], pieces
            )
