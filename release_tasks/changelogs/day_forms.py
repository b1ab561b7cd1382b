"""Dates in headings: where one stands in a text, and another day written in the same form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
DAYS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
_MONTH = r"(?P<name>(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*)\.?"
_WEEKDAY = r"(?:(?P<weekday>(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*)\.?,?\s+)?"
_DAY = r"(?P<day>[0-3]?[0-9])(?P<ordinal>st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:19|20)[0-9]{2})"
_FORMS = tuple(
    re.compile(rf"(?<![\w.]){form}(?![^\WT]|T(?![0-9])|[.-][0-9])", re.I)
    for form in (
        rf"{_YEAR}(?P<gap>[-/.])(?P<month>[0-9]{{1,2}})(?P=gap)(?P<day>[0-9]{{1,2}})",
        rf"(?P<day>[0-9]{{1,2}})(?P<gap>[./-])(?P<month>[0-9]{{1,2}})(?P=gap){_YEAR}",
        rf"{_WEEKDAY}{_MONTH}\s+{_DAY},?\s+{_YEAR}",
        rf"{_WEEKDAY}{_DAY}(?:\s+of)?[\s-]+{_MONTH},?[\s-]+{_YEAR}",
        rf"{_YEAR}[\s-]+{_MONTH}[\s-]+{_DAY}",
        rf"{_MONTH},?\s+{_YEAR}",
        rf"{_YEAR}-(?P<month>[0-9]{{2}})",
    )
)
_ISO_TIME = re.compile(r"T[0-9:.]+(?:Z|[+-][0-9:]+)?")


@dataclass(frozen=True)
class Day:
    """A date in a text."""

    start: int
    end: int
    day: date  # the first of the month where only that is named
    text: str
    match: re.Match[str]

    @property
    def is_dotted(self) -> bool:
        """Return whether it could be a version with a year first, `2026.3.1`."""
        return self.text[:4].isdigit() and "." in self.text

    @property
    def is_ambiguous(self) -> bool:
        """Return whether day and month could be meant the other way round, `7/3/2026`."""
        parts = self.match.groupdict()
        if not parts.get("gap") or self.text[:4].isdigit():
            return False
        return int(parts["day"]) <= 12 and int(parts["month"]) <= 12

    def like(self, day: date) -> str:
        """Return another day in the same form."""
        parts = {
            name: part for name, part in self.match.groupdict().items() if part
        }
        if _is_month_first(self.match):
            parts["day"], parts["month"] = parts["month"], parts["day"]
        written = _written(parts, day)
        if _is_month_first(self.match):
            written["day"], written["month"] = written["month"], written["day"]
        result = self.match[0]
        for name in sorted(written, key=self.match.start, reverse=True):
            start = self.match.start(name) - self.match.start()
            end = self.match.end(name) - self.match.start()
            result = result[:start] + written[name] + result[end:]
        return result


def days_in(text: str) -> Iterator[Day]:
    """Yield the dates in a text; those that no calendar has are left out."""
    position = 0
    while position < len(text):
        matches = [form.search(text, position) for form in _FORMS]
        found = [match for match in matches if match]
        if not found:
            return
        first = min(found, key=lambda match: (match.start(), -match.end()))
        day = _date(first)
        if day:
            time = _ISO_TIME.match(text, first.end())
            end = time.end() if time else first.end()
            yield Day(first.start(), end, day, first[0], first)
        position = first.end()


def iso(day: date) -> Day:
    """Return a day as `2026-03-01`, for headings without an example."""
    return next(days_in(day.isoformat()))


def _is_month_first(match: re.Match[str]) -> bool:
    """Return whether a date such as `7/17/2026` has the month first."""
    parts = match.groupdict()
    if not parts.get("gap") or match.start("year") == match.start():
        return False
    first, second = int(parts["day"]), int(parts["month"])
    return second > 12 or (parts["gap"] == "/" and first <= 12)


def _date(match: re.Match[str]) -> date | None:
    parts = match.groupdict()
    if parts.get("name"):
        short = parts["name"][:3].title()
        month = [name[:3] for name in MONTHS].index(short) + 1
        if not MONTHS[month - 1].lower().startswith(parts["name"].lower()):
            return None
    else:
        month = int(parts["month"])
    day = int(parts.get("day") or 1)
    if _is_month_first(match):
        day, month = month, day
    try:
        return date(int(parts["year"]), month, day)
    except ValueError:
        return None


def _written(parts: dict[str, str], day: date) -> dict[str, str]:
    """Return the text of each part, padded and shortened as in `parts`."""
    written = {"year": str(day.year)}
    digits = [parts[name] for name in ("day", "month") if name in parts]
    is_padded = "name" not in parts and all(len(one) == 2 for one in digits)
    if "month" in parts:
        written["month"] = _number(day.month, parts["month"], is_padded)
    if "name" in parts:
        written["name"] = _name(MONTHS[day.month - 1], parts["name"])
    if "weekday" in parts:
        written["weekday"] = _name(DAYS[day.weekday()], parts["weekday"])
    if "day" in parts:
        written["day"] = _number(day.day, parts["day"], is_padded)
    if "ordinal" in parts:
        written["ordinal"] = _ordinal(day.day)
    return written


def _number(number: int, like: str, is_padded: bool) -> str:
    if like.startswith("0") or is_padded:
        return f"{number:02}"
    return str(number)


def _name(name: str, like: str) -> str:
    """Return a name of a month or weekday as short as the example, and in its case."""
    if len(like) == 3 and like.lower() != "may":
        name = name[:3]
    if like.isupper():
        return name.upper()
    if like.islower():
        return name.lower()
    return name


def _ordinal(day: int) -> str:
    if 10 < day < 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
