"""A changelog gets a section for a new version, written like its other sections."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from release_tasks.changelogs.changelog import NAME, find
from release_tasks.changelogs.dates import is_dated
from release_tasks.changelogs.lines import (
    Heading,
    body_lines,
    definitions,
    headings,
    is_empty,
    line_end,
    lines_of,
)
from release_tasks.changelogs.links import following, with_link
from release_tasks.errors import ReleaseError

_UNDERLINED = re.compile(
    r"^(\[?(?:v?[0-9]+\.[0-9]+\.[0-9]|unreleased)[^\r\n]*)\r?\n[-=~]{3,}[ \t]*\r?$",
    re.M | re.I,
)
_WITH_V = re.compile(r"\[?v[0-9]")
_WITH_LINK = re.compile(r"\[[^\]]+\]\((?P<url>[^)]*)\)")
_DATE_IN_PARENTHESES = re.compile(r"\([0-9]{4}-[0-9]{2}-[0-9]{2}\)\s*$")


@dataclass(frozen=True)
class NewSection:
    """The section to add."""

    version: str
    date: str  # YYYY-MM-DD, in UTC
    tag: str | None = None  # for the compare links; None makes it like the last one
    body: str = ""  # where there is nothing under `Unreleased`


def add(text: str, new: NewSection, path: str = NAME) -> str:
    """Return the text with a section that has what was under `Unreleased`, or the new body.

    A text that has the section already, or has dates for headings, is returned as it is. Raises
    `ReleaseError` where it has the section twice, or where its form is not understood.
    """
    lines = lines_of(text)
    if find(lines, new.version, path) or is_dated(text):
        return text
    existing = headings(lines)
    _refuse_underlined(text, existing, path)
    changed = with_link(_with_section(lines, existing, new), new.version, new.tag)
    _check(existing, changed, new.version, path)
    return "".join(changed)


def _refuse_underlined(text: str, existing: Sequence[Heading], path: str) -> None:
    if any(heading.begins_section for heading in existing):
        return
    found = _UNDERLINED.search(text)
    if found:
        raise ReleaseError(
            f"{path}: the heading {found[1]!r} is underlined",
            f"write all headings with #, as in ## {found[1]}",
        )


def _with_section(
    lines: Sequence[str], existing: Sequence[Heading], new: NewSection
) -> list[str]:
    title = _title(existing, new) + line_end(lines)
    for heading in existing:
        if heading.is_unreleased:
            return _below_unreleased(lines, heading, title, new.body)
    return _inserted(lines, existing, title, new.body)


def _title(existing: Sequence[Heading], new: NewSection) -> str:
    """Return a heading like the newest one: its level, brackets, `v`, and form of the date."""
    newest = next((heading for heading in existing if heading.version), None)
    unreleased = next((heading for heading in existing if heading.is_unreleased), None)
    models = [heading for heading in (unreleased, newest) if heading]
    level = min((heading.level for heading in models), default=2)
    name = _titled_version(models, newest, new.version)
    if newest and _DATE_IN_PARENTHESES.search(newest.title):
        return f"{'#' * level} {name} ({new.date})"
    return f"{'#' * level} {name} - {new.date}"


def _titled_version(
    models: Sequence[Heading], newest: Heading | None, version: str
) -> str:
    name = version
    if newest and _WITH_V.match(newest.title):
        name = f"v{version}"
    if models and not any(heading.title.startswith("[") for heading in models):
        return name
    name = f"[{name}]"
    link = _WITH_LINK.match(newest.title) if newest else None
    url = following(link["url"], version) if link else None
    if url:
        name += f"({url})"
    return name


def _below_unreleased(
    lines: Sequence[str], unreleased: Heading, title: str, body: str
) -> list[str]:
    """Return the lines with the title below `Unreleased`, whose content it takes over."""
    end = line_end(lines)
    added = [end, title]
    if body.strip() and is_empty("".join(body_lines(lines, unreleased))):
        added += [end, *_body_lines(body, end)]
    own = lines[unreleased.line]
    if not own.endswith("\n"):  # the last line of a file without a final newline
        own += end
        added[-1] = added[-1].rstrip("\r\n")
    return [*lines[: unreleased.line], own, *added, *lines[unreleased.line + 1 :]]


def _inserted(
    lines: Sequence[str], existing: Sequence[Heading], title: str, body: str
) -> list[str]:
    """Return the lines with the section before the newest one, else at the end."""
    end = line_end(lines)
    block = [title]
    if body.strip():
        block += [end, *_body_lines(body, end)]
    at = _first_section(existing)
    if at is None:
        return _appended(lines, block)
    return [*lines[:at], *block, end, *lines[at:]]


def _first_section(existing: Sequence[Heading]) -> int | None:
    """Return the line of the newest version's heading, else of the first at level 2."""
    for heading in existing:
        if heading.version:
            return heading.line
    for heading in existing:
        if heading.level == 2:
            return heading.line
    return None


def _appended(lines: Sequence[str], block: list[str]) -> list[str]:
    """Return the lines with the block before the link definitions and blank lines at the end."""
    end = line_end(lines)
    links = {definition.line for definition in definitions(lines)}
    at = len(lines)
    while at and (at - 1 in links or not lines[at - 1].strip()):
        at -= 1
    result = list(lines[:at])
    if result:
        result[-1] = result[-1].rstrip("\r\n") + end
        result.append(end)
    result += block
    if at < len(lines) and lines[at].strip():
        result.append(end)
    return [*result, *lines[at:]]


def _body_lines(body: str, end: str) -> list[str]:
    lines = body.strip("\r\n").replace("\r\n", "\n").split("\n")
    return [line + end for line in lines]


def _check(
    existing: Sequence[Heading], changed: Sequence[str], version: str, path: str
) -> None:
    """Raise `ReleaseError` unless the section is there and every heading is, in its order."""
    remaining = iter(headings(changed))
    for heading in existing:
        if not any(other.title == heading.title for other in remaining):
            raise ReleaseError(
                f"{path}: the heading {heading.title!r} would be lost",
                "add the section by hand",
            )
    if find(changed, version, path) is None:
        raise ReleaseError(
            f"{path} ends in a code block or a comment",
            "close it, or add the section by hand",
        )
