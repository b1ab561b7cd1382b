"""A changelog as a document: which of its headings begin the section of a version."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from release_tasks.changelogs import day_lines, markdown, restructured, titles
from release_tasks.changelogs.syntax import (
    Definition,
    Heading,
    Syntax,
    lines_of,
)
from release_tasks.changelogs.titles import Title
from release_tasks.versions.numbers import first_numbers

NAME = "CHANGELOG.md"
_END = 2**31  # behind every line
_DEEPEST = 3  # a version's heading has at most this level, unless all have a deeper one
# groups of Keep a Changelog, of Conventional Commits' tools, and their usual variants
_GROUP = re.compile(
    r"\W*(?:added|changed|deprecated|removed|fixed|security|features?|(?:bug\s*)?fix(?:es)?"
    r"|performance(?:\s+improvements)?|reverts?|breaking(?:\s+changes?)?|documentation|docs"
    r"|(?:miscellaneous(?:\s+chores)?|misc|chores?|other(?:\s+changes)?|internal|maintenance)"
    r"|(?:code\s+)?refactor(?:ing)?|build(?:\s+system)?|continuous\s+integration|ci|styles?|tests?"
    r"|dependencies|(?:major|minor|patch)\s+changes|enhancements?|improvements?|changes|new)\W*",
    re.I,
)


@dataclass(frozen=True)
class Document:
    """A changelog, parsed."""

    lines: tuple[str, ...]  # with their line endings
    syntax: Syntax
    headings: tuple[Heading, ...]
    is_restructured: bool

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """Return the link definitions, in the order of the file."""
        return self.syntax.definitions

    @property
    def sections(self) -> tuple[Heading, ...]:
        """Return the headings that begin a section, in the order of the file."""
        return tuple(
            heading for heading in self.headings if heading.begins_section
        )

    @property
    def versions(self) -> tuple[Heading, ...]:
        """Return the headings of versions that do not say that they are unreleased."""
        return tuple(
            one for one in self.headings if one.version and not one.is_pending
        )

    @property
    def unreleased(self) -> Heading | None:
        """Return the heading of what is not released yet, with a version or without one.

        A version's counts only before the first released one.
        """
        first = next(iter(self.sections), None)
        if first and first.is_pending:
            return first
        return next((one for one in self.sections if one.is_unreleased), None)

    @cached_property
    def repeated_titles(self) -> frozenset[str]:
        """Return the titles that several headings have."""
        counts = Counter(heading.title for heading in self.headings)
        return frozenset(title for title, count in counts.items() if count > 1)

    def start(self, heading: Heading) -> int:
        """Return the line where what belongs to a heading begins: with the anchors before it."""
        start = heading.line
        at = heading.line
        while at and (
            at - 1 in self.syntax.anchors or not self.lines[at - 1].strip()
        ):
            at -= 1
            if at in self.syntax.anchors:
                start = at
        return start

    def end(self, heading: Heading) -> int:
        """Return the line behind a section, which ends where the next one begins.

        A heading of a level above ends it, too; one of the same level only after the last
        version, unless it is a group.
        """
        later = [other for other in self.headings if other.line > heading.line]
        ends_at_level = not any(
            other.begins_section and other.level <= heading.level
            for other in later
        )
        for other in later:
            is_above = other.level < heading.level
            is_beside = other.level == heading.level and ends_at_level
            if (
                other.begins_section
                or is_above
                or (is_beside and not self._is_group(other))
            ):
                return self.start(other)
        return len(self.lines)

    def body(self, heading: Heading) -> str:
        """Return a section without blank lines before it, and what is not shown behind it."""
        start, end = heading.end, self.end(heading)
        kept = set(self.syntax.content)
        for other in self.headings:
            kept.update(range(other.line, other.end))
        while end > start and end - 1 not in kept:
            end -= 1
        while start < end and not self.lines[start].strip():
            start += 1
        return "".join(self.lines[start:end]).rstrip("\r\n")

    def _is_group(self, heading: Heading) -> bool:
        return (
            bool(_GROUP.fullmatch(heading.title))
            or heading.title in self.repeated_titles
        )


def parse(text: str, path: str = NAME) -> Document:
    """Return a changelog; a path with `.rst` is reStructuredText, any other is Markdown."""
    return _parse(text, path.casefold().endswith(".rst"))


def is_empty(body: str, path: str = NAME) -> bool:
    """Return whether a section has only headings, dates, definitions, comments and blank lines."""
    document = parse(body, path)
    for number in document.syntax.content:
        line = day_lines.read(document.lines[number])
        if line is None or line.day is None:
            return False
    return True


@lru_cache(maxsize=16)
def _parse(text: str, is_restructured: bool) -> Document:
    lines = tuple(lines_of(text))
    syntax = (
        restructured.parse(lines) if is_restructured else markdown.parse(lines)
    )
    headings = _announced(syntax.headings)
    if not any(heading.begins_section for heading in headings):
        headings = _with_texts(syntax, headings)
    return Document(lines, syntax, headings, is_restructured)


def _with_texts(
    syntax: Syntax, headings: tuple[Heading, ...]
) -> tuple[Heading, ...]:
    """Return the headings and those lines of bold or plain text that begin with a version."""
    found = []
    for text in syntax.texts:
        title = titles.read(text.title)
        is_short = title.version and not title.name and title.is_closed
        if is_short or (
            title.says_unreleased and text.title.startswith(("**", "__"))
        ):
            found.append(text)
    if not found:
        return headings
    return _announced(
        tuple(sorted((*headings, *found), key=lambda one: one.line))
    )


def _announced(headings: Sequence[Heading]) -> tuple[Heading, ...]:
    """Return the headings with what their titles announce."""
    read = {heading: titles.read(heading.title) for heading in headings}
    plain = [
        one for one, title in read.items() if title.version and not title.name
    ]
    deepest = max(_DEEPEST, min((one.level for one in plain), default=0))
    accepted = {one for one in plain if one.level <= deepest}
    accepted |= _accepted_names(read, accepted)
    level = min((one.level for one in accepted), default=2)
    first = min((one.line for one in accepted), default=_END)
    in_development = _in_development(read, accepted)
    found = []
    for heading, title in read.items():
        is_next = (
            title.says_next and heading.level == level and heading.line < first
        )
        if heading in accepted:
            is_pending = (
                title.placeholder is not None or heading == in_development
            )
            heading = replace(
                heading, version=title.version, is_pending=is_pending
            )
        elif is_next or (title.says_unreleased and heading.level <= deepest):
            heading = replace(heading, is_unreleased=True)
        found.append(heading)
    return tuple(_without_leftovers(found))


def _without_leftovers(headings: Sequence[Heading]) -> Iterator[Heading]:
    """Yield headings, an `Unreleased` below released versions as none.

    It was forgotten there when its section was released; where the oldest version comes first, it
    is at the end.
    """
    released = [one for one in headings if one.version and not one.is_pending]
    numbers = [first_numbers(one.version or "") for one in released]
    is_newest_first = bool(numbers) and numbers[0] >= numbers[-1]
    for heading in headings:
        is_below = is_newest_first and heading.line > released[0].line
        if heading.is_unreleased and is_below:
            heading = replace(heading, is_unreleased=False)
        yield heading


def _in_development(
    read: dict[Heading, Title], accepted: set[Heading]
) -> Heading | None:
    """Return the newest version where that is `1.3.0-dev`, without a date and the only such one.

    Where others are called so as well, they are versions that were released.
    """
    alike = [one for one in accepted if read[one].is_in_development]
    newest = min(accepted, key=lambda one: one.line, default=None)
    if alike != [newest] or read[alike[0]].day:
        return None
    return newest


def _accepted_names(
    read: dict[Heading, Title], plain: set[Heading]
) -> set[Heading]:
    """Return the headings with a name before the version that are a version's.

    They stand at the level of the other versions. A phrase counts only if there are no others
    and it comes back: `Changes in 1.2.0`, `Changes in 1.1.0`.
    """
    named = [one for one, title in read.items() if title.version and title.name]
    phrases = {one for one in named if read[one].is_phrase}
    if plain:
        level = min(one.level for one in plain)
        versions = {read[one].version for one in plain}
        beside = {one for one in named if one.level == level} - phrases
        return {one for one in beside if read[one].version not in versions}
    names = Counter(read[one].name for one in phrases)
    good = [
        one for one in named if one not in phrases or names[read[one].name] > 1
    ]
    levels = Counter(one.level for one in good)
    if not levels:
        return set()
    level = max(levels, key=lambda one: (levels[one], -one))
    return {one for one in good if one.level == level}
