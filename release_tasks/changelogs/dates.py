"""Changelogs whose headings are dates and name no version."""

from __future__ import annotations

import re
from datetime import date

from release_tasks.changelogs import titles
from release_tasks.changelogs.document import NAME, Document, is_empty, parse


def is_dated(text: str, path: str = NAME) -> bool:
    """Return whether sections are dates only. A release adds no section to such a changelog."""
    document = parse(text, path)
    if document.sections:
        return False
    return any(_date(heading.title) for heading in document.headings)


def since(text: str, day: date, old: str = "") -> str:
    """Return the sections from `day` on, without the entries of `old`, the text on that day."""
    old_sections = dict(_sections(parse(old)))
    new: dict[str, str] = {}
    for title, lines in _sections(parse(text)):
        body = _without(lines, old_sections.get(title, []))
        if (_date(title) or day) >= day and not is_empty(body):
            new[title] = body
    if len(new) == 1:
        return "".join(new.values())
    return "\n\n".join(f"## {title}\n\n{body}" for title, body in new.items())


def _sections(document: Document) -> list[tuple[str, list[str]]]:
    """Return the title and the lines of each section that has a date as its title."""
    return [
        (heading.title, document.body(heading).splitlines())
        for heading in document.headings
        if _date(heading.title)
    ]


def _without(lines: list[str], old: list[str]) -> str:
    """Return the lines less those of `old`, except for headings and blank lines."""
    removed = {
        line for line in old if line.strip() and not line.startswith("#")
    }
    body = "\n".join(line for line in lines if line not in removed)
    return re.sub(r"\n{3,}", "\n\n", body).strip()


def _date(title: str) -> date | None:
    read = titles.read(title)
    if read.version or not read.is_only_a_date or read.day is None:
        return None
    return read.day.day
