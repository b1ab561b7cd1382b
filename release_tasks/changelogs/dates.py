"""Changelogs whose headings are dates and name no version."""

from __future__ import annotations

import re
from datetime import date, datetime

from release_tasks.changelogs.lines import body_lines, headings, is_empty, lines_of

FORMS = ("%B %d, %Y", "%Y-%m-%d", "%d %B %Y", "%b %d, %Y", "%d %b %Y", "%Y/%m/%d")


def is_dated(text: str) -> bool:
    """Return whether sections are dates only. A release adds no section to such a changelog."""
    found = headings(lines_of(text))
    if any(heading.begins_section for heading in found):
        return False
    return any(_date(heading.title) for heading in found)


def since(text: str, day: date, old: str = "") -> str:
    """Return the sections from `day` on, without the entries of `old`, the text on that day."""
    old_sections = dict(_sections(old))
    new: dict[str, str] = {}
    for title, lines in _sections(text):
        body = _without(lines, old_sections.get(title, []))
        if (_date(title) or day) >= day and not is_empty(body):
            new[title] = body
    if len(new) == 1:
        return "".join(new.values())
    return "\n\n".join(f"## {title}\n\n{body}" for title, body in new.items())


def _sections(text: str) -> list[tuple[str, list[str]]]:
    """Return the title and the lines of each section that has a date as its title."""
    lines = lines_of(text)
    found = []
    for heading in headings(lines):
        if _date(heading.title):
            body = "".join(body_lines(lines, heading))
            found.append((heading.title, body.splitlines()))
    return found


def _without(lines: list[str], old: list[str]) -> str:
    """Return the lines less those of `old`, except for headings and blank lines."""
    removed = {line for line in old if line.strip() and not line.startswith("#")}
    body = "\n".join(line for line in lines if line not in removed)
    return re.sub(r"\n{3,}", "\n\n", body).strip()


def _date(title: str) -> date | None:
    for form in FORMS:
        try:
            return datetime.strptime(title.strip("[] "), form).date()
        except ValueError:
            continue
    return None
