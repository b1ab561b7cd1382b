"""The lines of a changelog: which are headings of versions, and which define links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SEMVER = re.compile(
    r"[0-9]+\.[0-9]+\.[0-9]+(?:(?:a|b|rc)[0-9]+)?(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z.-]*[0-9A-Za-z])?"
)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*\r?\n?")
_VERSION = re.compile(
    rf"(?i:version |release )?\[?v?(?P<version>{SEMVER.pattern})(?![0-9A-Za-z]|\.[0-9])"
)
_UNRELEASED = re.compile(r"\[?unreleased\b", re.I)
_DEFINITION = re.compile(r" {0,3}\[(?P<label>(?!\^)[^\]\n]+)\]:[ \t]*(?P<url>\S+)[^\n]*\n?")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


@dataclass(frozen=True)
class Heading:
    """One heading: its line (counted from 0), level, and the version it announces, if any."""

    line: int
    level: int
    title: str
    version: str | None
    is_unreleased: bool


@dataclass(frozen=True)
class Definition:
    """One link definition, `[label]: url`."""

    line: int  # counted from 0
    label: str
    url: str


def lines_of(text: str) -> list[str]:
    """Return the lines of a text with their ends, so that joining them gives the text."""
    return _LINE.findall(text)


def headings(lines: Sequence[str]) -> list[Heading]:
    """Return every heading, except in code blocks and comments."""
    found = []
    for number, line in _visible(lines):
        match = _HEADING.fullmatch(line)
        if match:
            version = _VERSION.match(match[2]) if len(match[1]) <= 3 else None
            is_open = len(match[1]) <= 3 and _UNRELEASED.match(match[2]) is not None
            found.append(
                Heading(number, len(match[1]), match[2], version and version["version"], is_open)
            )
    return found


def definitions(lines: Sequence[str]) -> list[Definition]:
    """Return every link definition, except in code blocks and comments."""
    matches = ((number, _DEFINITION.fullmatch(line)) for number, line in _visible(lines))
    return [Definition(number, match["label"], match["url"]) for number, match in matches if match]


def body_lines(lines: Sequence[str], heading: Heading) -> Sequence[str]:
    """Return the lines of a section, without blank lines and definitions around."""
    after = (one for one in headings(lines) if one.line > heading.line)
    ends = (
        one.line for one in after if one.level <= heading.level or one.version or one.is_unreleased
    )
    start, end = heading.line + 1, next(ends, len(lines))
    links = {definition.line for definition in definitions(lines)}
    while end > start and (not lines[end - 1].strip() or end - 1 in links):
        end -= 1
    while start < end and not lines[start].strip():
        start += 1
    return lines[start:end]


def _visible(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    fence = ""
    in_comment = False
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line[mark.end() :].strip():
                fence = ""
        elif in_comment:
            in_comment = "-->" not in line
        elif mark:
            fence = mark[1]
        else:
            yield number, line.removeprefix("\ufeff")
            in_comment = "<!--" in line and "-->" not in line[line.rindex("<!--") :]
