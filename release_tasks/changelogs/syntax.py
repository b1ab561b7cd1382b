"""What the syntax of a changelog gives: headings, link definitions, and lines with content."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
# an anchor is the element alone, so that links can lead to what follows it
_ANCHOR = re.compile(
    r"\s*(?:<(?P<tag>a|span|div)\s+(?:name|id)\s*=[^<>]*?(?:/>|>\s*(?:</(?P=tag)>)?)\s*)+",
    re.I,
)


@dataclass(frozen=True)
class Heading:
    """A heading. Only `document.parse` says what its title announces."""

    line: int  # counted from 0
    end: int  # the line behind it
    level: int  # 1 to 6; 7 for a line of bold or plain text in the place of a heading
    title: str  # as written, without the marks of the heading
    # the marks: `#`, `overline`, "" for a line of text, else the underline's
    style: str = "#"
    version: str | None = None  # that it announces
    is_unreleased: bool = False  # it announces what has no version yet
    # it announces a version, and says that it is not released
    is_pending: bool = False

    @property
    def begins_section(self) -> bool:
        """Return whether it is the heading of a version, or of what is unreleased."""
        return self.version is not None or self.is_unreleased


@dataclass(frozen=True)
class Definition:
    """A link definition: `[label]: url` in Markdown, `.. _label: url` in reStructuredText."""

    line: int  # counted from 0
    end: int  # the line behind it
    label: str
    url: str  # as written, without angle brackets; "" where it is on a line of its own
    # around label and url, as written
    pieces: tuple[str, str, str] = ("[", "]: ", "\n")

    def written(self, label: str, url: str) -> str:
        """Return a definition of the same form."""
        before, between, after = self.pieces
        return f"{before}{label}{between}{url}{after}"


@dataclass(frozen=True)
class Syntax:
    """What a parser finds. Lines are counted from 0."""

    headings: tuple[Heading, ...] = ()
    definitions: tuple[Definition, ...] = ()
    rules: frozenset[int] = frozenset()  # lines with a horizontal rule
    anchors: frozenset[int] = frozenset()  # lines of anchors
    # lines of everything that says something
    content: frozenset[int] = frozenset()
    # lines that could stand for headings
    texts: tuple[Heading, ...] = field(default=())


def lines_of(text: str) -> list[str]:
    """Return the lines of a text with their line endings: joined, they are the text."""
    return _LINE.findall(text)


def line_end(lines: Sequence[str]) -> str:
    """Return how the lines of a text end."""
    if any(line.endswith("\r\n") for line in lines):
        return "\r\n"
    return "\n"


def is_anchor(text: str) -> bool:
    """Return whether a text is HTML that only gives a place a name."""
    return _ANCHOR.fullmatch(text) is not None
