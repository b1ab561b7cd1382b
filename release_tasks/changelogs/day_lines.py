"""The date of a version in a line of its own below the heading: `Released on 2026-03-01.`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from release_tasks.changelogs import titles
from release_tasks.changelogs.day_forms import Day, days_in

_WORDS = (
    r"(?:released?|published|shipped|release\s+date|date)(?:\s+(?:on|date))?"
)
_ONLY_WORDS = re.compile(rf"[\W_]*(?:{_WORDS}[\W_]*)?", re.I)


class DayLine(NamedTuple):
    """A line that is a date, or a word in the place of one, and where that stands in it."""

    number: int  # from 0
    text: str
    start: int
    end: int
    day: Day | None  # None for a word such as `TBD`

    def on(self, day: date, form: Day | None = None) -> str:
        """Return the line with another day, in its own form, else in the given one."""
        form = self.day or form
        written = form.like(day) if form else day.isoformat()
        return self.text[: self.start] + written + self.text[self.end :]


def first(lines: Sequence[str], start: int, end: int) -> DayLine | None:
    """Return the first line that is not blank, if it is a date or stands for one."""
    for number in range(start, end):
        if lines[number].strip():
            return read(lines[number], number)
    return None


def read(line: str, number: int = 0) -> DayLine | None:
    """Return what a line says, None where it says more than a date."""
    text = line.rstrip("\r\n").replace("_", " ")  # else `_` is part of a word
    day = next(days_in(text), None)
    span = (day.start, day.end) if day else titles.placeholder_in(text)
    if span is None:
        return None
    rest = text[: span[0]] + text[span[1] :]
    if not _ONLY_WORDS.fullmatch(rest):
        return None
    return DayLine(number, line, *span, day)
