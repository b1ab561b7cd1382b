"""The lines of a changelog: headings, link definitions, and the body of a section."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SEMVER = re.compile(
    r"[0-9]+\.[0-9]+\.[0-9]+(?:(?:a|b|rc)[0-9]+)?"
    r"(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z.-]*[0-9A-Za-z])?"
)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*\r?\n?")
_VERSION = re.compile(
    rf"(?i:version |release )?\[?v?(?P<version>{SEMVER.pattern})(?![0-9A-Za-z]|\.[0-9])"
)
_UNRELEASED = re.compile(r"\[?unreleased\b", re.I)
_DEFINITION = re.compile(
    r" {0,3}\[(?P<label>(?!\^)[^\]\n]+)\]:[ \t]*(?P<url>\S+)[^\n]*\n?"
)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_HEADING_OR_DEFINITION = re.compile(r" {0,3}(#|\[[^\]]+\]:)")
_DEEPEST = 3  # a version's heading has at most this level


@dataclass(frozen=True)
class Heading:
    """A heading."""

    line: int  # counted from 0
    level: int
    title: str
    version: str | None  # that it announces
    is_unreleased: bool

    @property
    def begins_section(self) -> bool:
        """Return whether it is the heading of a version, or of what is unreleased."""
        return self.version is not None or self.is_unreleased


@dataclass(frozen=True)
class Definition:
    """A link definition, `[label]: url`."""

    line: int  # counted from 0
    label: str
    url: str


def lines_of(text: str) -> list[str]:
    """Return the lines of a text with their line endings: joined, they are the text."""
    return _LINE.findall(text)


def line_end(lines: Sequence[str]) -> str:
    """Return how the lines of a text end."""
    if any(line.endswith("\r\n") for line in lines):
        return "\r\n"
    return "\n"


def headings(lines: Sequence[str]) -> list[Heading]:
    """Return every heading that is not in a code block or a comment."""
    found = []
    for number, line in _visible(lines):
        match = _HEADING.fullmatch(line)
        if match:
            found.append(_heading(number, len(match[1]), match[2]))
    return found


def definitions(lines: Sequence[str]) -> list[Definition]:
    """Return every link definition that is not in a code block or a comment."""
    found = []
    for number, line in _visible(lines):
        match = _DEFINITION.fullmatch(line)
        if match:
            found.append(Definition(number, match["label"], match["url"]))
    return found


def body_lines(lines: Sequence[str], heading: Heading) -> Sequence[str]:
    """Return the lines of a section, without blank lines and definitions around them."""
    start = heading.line + 1
    end = _section_end(lines, heading)
    links = {definition.line for definition in definitions(lines)}
    while end > start and (not lines[end - 1].strip() or end - 1 in links):
        end -= 1
    while start < end and not lines[start].strip():
        start += 1
    return lines[start:end]


def is_empty(body: str) -> bool:
    """Return whether a section has only headings, definitions, comments and blank lines."""
    for line in _COMMENT.sub("", body).splitlines():
        if line.strip() and not _HEADING_OR_DEFINITION.match(line):
            return False
    return True


def _heading(line: int, level: int, title: str) -> Heading:
    if level > _DEEPEST:
        return Heading(line, level, title, None, False)
    found = _VERSION.match(title)
    version = found["version"] if found else None
    return Heading(line, level, title, version, _UNRELEASED.match(title) is not None)


def _section_end(lines: Sequence[str], heading: Heading) -> int:
    for other in headings(lines):
        if other.line > heading.line and (
            other.level <= heading.level or other.begins_section
        ):
            return other.line
    return len(lines)


def _visible(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the number and text of each line that is not in a code block or a comment."""
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
