"""Changelogs that have dates for headings and name no version."""

from __future__ import annotations

import re
from datetime import date, datetime

from release_tasks.changelogs import changelog
from release_tasks.changelogs.lines import Heading, body_lines, headings, lines_of

FORMS = ("%B %d, %Y", "%Y-%m-%d", "%d %B %Y", "%b %d, %Y", "%d %b %Y", "%Y/%m/%d")


def is_dated(text: str) -> bool:
    """Tell whether sections are dates only, so that a release adds none of its own."""
    every = headings(lines_of(text))
    return any(_day(one) for one in every) and not any(
        one.version or one.is_unreleased for one in every
    )


def since(text: str, day: date, old: str = "") -> str:
    """Return the sections from `day` on, less the entries that were in `old`, the text on that day."""
    known = dict(_sections(old))
    found: dict[str, str] = {}
    for title, rows in _sections(text):
        gone = {row for row in known.get(title, ()) if row.strip() and not row.startswith("#")}
        fresh = re.sub(r"\n{3,}", "\n\n", "\n".join(row for row in rows if row not in gone))
        if (_day(title) or day) >= day and not changelog.is_empty(fresh):
            found[title] = fresh.strip()
    return (
        "".join(found.values())
        if len(found) == 1
        else "\n\n".join(f"## {title}\n\n{body}" for title, body in found.items())
    )


def _sections(text: str) -> list[tuple[str, list[str]]]:
    lines = lines_of(text)
    every = [one for one in headings(lines) if _day(one)]
    return [(one.title, "".join(body_lines(lines, one)).splitlines()) for one in every]


def _day(heading: Heading | str) -> date | None:
    title = heading if isinstance(heading, str) else heading.title
    for form in FORMS:
        try:
            return datetime.strptime(title.strip("[] "), form).date()
        except ValueError:
            continue
    return None
