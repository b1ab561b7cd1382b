"""A changelog gets a section for a new version, written like its other sections."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass

from release_tasks.changelogs import day_lines, titles
from release_tasks.changelogs.changelog import find, takes_over
from release_tasks.changelogs.compare_links import NextVersion, following
from release_tasks.changelogs.dates import is_dated
from release_tasks.changelogs.day_forms import Day, iso
from release_tasks.changelogs.document import NAME, Document, is_empty, parse
from release_tasks.changelogs.links import with_link
from release_tasks.changelogs.syntax import Definition, Heading, line_end
from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import BOM
from release_tasks.versions.numbers import is_prerelease, pep440

_ATX = re.compile(
    r"(?P<before> {0,3}#+[ \t]+).*?(?P<after>[ \t]+#+)?[ \t]*[\r\n]*"
)
# where tools such as towncrier, scriv and semantic-release put what is new
_MARKER = re.compile(
    r"towncrier release notes start|scriv-insert-here|version list|insertion marker",
    re.I,
)

# an item of a list, or a row of a table
_ITEM = re.compile(r"(?:[-*+]\s+(?P<first>.*)|\|(?P<cell>[^|]*)\|.*)")


@dataclass(frozen=True)
class NewSection:
    """The section to add."""

    version: str
    date: str  # YYYY-MM-DD, in UTC
    # for the compare links; None makes it like the last one
    tag: str | None = None
    body: str = ""  # where there is nothing under `Unreleased`

    @property
    def day(self) -> datetime.date:
        """Return the date."""
        return datetime.date.fromisoformat(self.date)


def add(text: str, new: NewSection, path: str = NAME) -> str:
    """Return the text with a section that has what was under `Unreleased`, or the new body.

    A heading that has the version and says that it is not released gets the date. A text that
    has the section already, or has dates for headings, is returned as it is. Raises
    `ReleaseError` where it has the section twice, or where its form is not understood.
    """
    if is_dated(text, path):
        return text
    mark = BOM if text.startswith(BOM) else ""
    document = parse(text.removeprefix(BOM), path)
    changed = _with_section(document, new, path)
    if mark + changed == text:
        return text
    linked = "".join(
        with_link(parse(changed, path), new.version, new.tag).lines
    )
    _check(document, linked, new.version, path)
    return mark + linked


def link_left(
    text: str, new: NewSection, path: str = NAME
) -> Definition | None:
    """Return the link definition that a new section leaves as it is, as its form is unknown."""
    document = parse(text, path)
    if is_dated(text, path):
        return None
    changed = _with_section(document, new, path)
    if changed == text:
        return None
    return with_link(parse(changed, path), new.version, new.tag).left


def _with_section(document: Document, new: NewSection, path: str) -> str:
    present = find(document, new.version, path)
    if present is not None:
        return _with_date(document, present, new)
    unreleased = document.unreleased
    if unreleased is not None and unreleased.is_unreleased:
        return _below_unreleased(document, unreleased, new)
    if unreleased is not None and takes_over(unreleased, new.version):
        return _retitled(document, unreleased, new)
    return _inserted(document, new, path)


def _with_date(document: Document, present: Heading, new: NewSection) -> str:
    """Return the text with a date in the heading, if that says it is not released or later."""
    day = titles.read(present.title).day
    is_later = False
    if day is not None and not day.is_ambiguous:
        is_later = day.day > new.day + datetime.timedelta(days=1)
    if present.is_pending or is_later:
        return _retitled(document, present, new)
    return "".join(_with_day_line(document, present, new))


def _with_day_line(
    document: Document, heading: Heading, new: NewSection
) -> list[str]:
    """Return the lines, with the date where a line below the heading has a word for it."""
    lines = list(document.lines)
    line = day_lines.first(lines, heading.end, document.end(heading))
    if line is not None and line.day is None:
        model = _day_line(document, heading)
        lines[line.number] = line.on(new.day, model.day if model else None)
    return lines


def _day_line(
    document: Document, besides: Heading | None = None
) -> day_lines.DayLine | None:
    """Return the line with the date below the newest version, None where the heading has it."""
    versions = [one for one in document.versions if one != besides]
    if not versions or titles.read(versions[0].title).day:
        return None
    newest = versions[0]
    line = day_lines.first(document.lines, newest.end, document.end(newest))
    return line if line and line.day else None


def _new_day_line(document: Document, new: NewSection) -> list[str]:
    """Return the line with the date for a new heading, none where the newest version has none."""
    line = _day_line(document)
    if line is None:
        return []
    before = document.lines[line.number - 1]
    blank = [] if before.strip() else [line_end(document.lines)]
    return [*blank, line.on(new.day)]


def _retitled(document: Document, heading: Heading, new: NewSection) -> str:
    """Return the text with the version and its date in a heading that says it is not released."""
    title = titles.read(heading.title)
    written = _heading(document, new)
    if title.is_in_order and (title.placeholder or title.day):
        renamed = (
            title.text[: title.start] + new.version + title.text[title.end :]
        )
        others = [one for one in document.versions if one != heading]
        day = _example(others, new)
        text = titles.dated(titles.read(renamed), day, new.day)
        written = _written(document, heading, text)
    lines = [
        *document.lines[: heading.line],
        *written,
        *document.lines[heading.end :],
    ]
    return "".join(lines)


def _example(versions: Sequence[Heading], new: NewSection) -> Day | None:
    """Return a date whose form the new one gets, None where no version has a date."""
    if not versions:
        return iso(new.day)
    days = [titles.read(heading.title).day for heading in versions]
    return next((day for day in days if day), None)


def _heading(document: Document, new: NewSection) -> list[str]:
    """Return the lines of the new heading, in the form of the newest version's."""
    models = [
        one for one in document.versions if _is_whole(one)
    ] or document.versions
    version = _spelled(document, new.version)
    unreleased = document.unreleased
    if not models:
        title = titles.read(unreleased.title) if unreleased else None
        text = titles.first(title, version, new.day)
        return _written(document, unreleased or Heading(-1, -1, 2, ""), text)
    newest = titles.read(models[0].title)
    second = titles.read(models[1].title) if len(models) > 1 else None
    number = NextVersion(new.version, newest.version, new.tag)
    text = titles.like(
        newest, second, version, new.day, lambda url: following(url, number)
    )
    return _written(document, _model(models, new.version), text)


def _model(models: Sequence[Heading], version: str) -> Heading:
    """Return the heading whose level the new one gets.

    Some tools give a patch release a deeper one than other releases.
    """
    if len({one.level for one in models}) == 1:
        return models[0]
    is_patch = _is_patch(version)
    for heading in models:
        if _is_patch(heading.version or "") == is_patch:
            return heading
    return models[0]


def _is_whole(heading: Heading) -> bool:
    """Return whether it has a whole version: in some files `0.5` stands above 0.5.1 and 0.5.0."""
    return (heading.version or "").count(".") > 1


def _is_patch(version: str) -> bool:
    numbers = re.split(r"[-+]", version)[0].split(".")
    return len(numbers) > 2 and numbers[2] != "0"


def _spelled(document: Document, version: str) -> str:
    """Return a prerelease as PEP 440 has it, where the changelog has such ones and no other."""
    if not is_prerelease(version):
        return version
    numbers = [heading.version or "" for heading in document.versions]
    python = [
        number
        for number in numbers
        if re.fullmatch(r"[0-9.]+(?:a|b|rc)[0-9]+", number)
    ]
    if python and not any("-" in number for number in numbers):
        return pep440(version)
    return version


def _written(document: Document, model: Heading, title: str) -> list[str]:
    """Return the lines of a heading with the marks of another one."""
    end = line_end(document.lines)
    if model.style == "":
        return [f"{title}{end}"]
    if model.style == "#":
        line = document.lines[model.line] if model.line >= 0 else ""
        found = _ATX.fullmatch(line.removeprefix("\ufeff"))
        before, after = f"{'#' * model.level} ", ""
        if found:
            before, after = found["before"], found["after"] or ""
        return [f"{before}{title}{after}{end}"]
    overline, _, mark = model.style.rpartition(" ")
    if len(mark) == len(model.title) or document.is_restructured:
        mark = mark[0] * max(len(title), 3)
    lines = [f"{title}{end}", f"{mark}{end}"]
    return [f"{mark}{end}", *lines] if overline else lines


def _below_unreleased(
    document: Document, unreleased: Heading, new: NewSection
) -> str:
    """Return the text with the heading below `Unreleased`, whose content it takes over."""
    lines = _with_day_line(document, unreleased, new)
    end = line_end(lines)
    added = [end, *_heading(document, new)]
    if lines == list(document.lines):
        added += _new_day_line(document, new)
    if new.body.strip() and is_empty(document.body(unreleased)):
        added += [end, *_body_lines(new.body, end)]
    own = list(lines[unreleased.line : unreleased.end])
    # the last line of a file without a final newline
    if not own[-1].endswith(("\n", "\r")):
        own[-1] += end
        added[-1] = added[-1].rstrip("\r\n")
    return "".join(
        [*lines[: unreleased.line], *own, *added, *lines[unreleased.end :]]
    )


def _inserted(document: Document, new: NewSection, path: str) -> str:
    """Return the text with the section before the newest one, else at the end.

    Raises `ReleaseError` where versions are items of a list or rows of a table: no place is right.
    """
    lines = document.lines
    end = line_end(lines)
    block = [*_anchor(document, new.version), *_heading(document, new)]
    block += _new_day_line(document, new)
    if new.body.strip():
        block += [end, *_body_lines(new.body, end)]
    at = _first_section(document, new.version)
    if at is None:
        _refuse_other_forms(document, path)
        return "".join(_appended(document, block))
    # a marker, or text without a blank line behind it
    if at and lines[at - 1].strip():
        block.insert(0, end)
    return "".join([*lines[:at], *block, end, *lines[at:]])


def _refuse_other_forms(document: Document, path: str) -> None:
    for number in sorted(document.syntax.content):
        line = document.lines[number].strip()
        found = _ITEM.fullmatch(line)
        title = titles.read(found["first"] or found["cell"]) if found else None
        if title and title.version and not title.name and title.is_closed:
            raise ReleaseError(
                f"{path}: its versions are no headings, but `{line}`",
                f"make a heading of each: ## {title.text.strip()}",
                file=path,
                line=number + 1,
            )


def _anchor(document: Document, version: str) -> list[str]:
    """Return the lines of an anchor like that of the newest version, none where it has none."""
    if not document.versions:
        return []
    newest = document.versions[0]
    old = newest.version or ""
    lines = list(document.lines[document.start(newest) : newest.line])
    if not any(old in line for line in lines):
        return []
    return [line.replace(old, version) for line in lines]


def _first_section(document: Document, version: str) -> int | None:
    """Return the line of the newest version, else below a tool's marker, else at level 2.

    What is announced for a higher version stays above.
    """
    if document.versions:
        return document.start(_newest(document, version))
    if document.unreleased is not None:
        end = document.end(document.unreleased)
        return end if end < len(document.lines) else None
    for number, line in enumerate(document.lines):
        if number not in document.syntax.content and _MARKER.search(line):
            return number + 1
    for heading in document.headings:
        if heading.level == 2:
            return heading.line
    return None


def _newest(document: Document, version: str) -> Heading:
    """Return the heading before which the new one goes, below the heading of its own series."""
    first = document.versions[0]
    series = f"{first.version}."
    below = [
        one
        for one in document.versions
        if (one.version or "").startswith(series)
    ]
    if below and version.startswith(series) and below[0].level > first.level:
        return below[0]
    return first


def _appended(document: Document, block: list[str]) -> list[str]:
    """Return the lines with the block before the link definitions and blank lines at the end."""
    lines = document.lines
    end = line_end(lines)
    links = {
        line
        for one in document.definitions
        for line in range(one.line, one.end)
    }
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


def _check(document: Document, changed: str, version: str, path: str) -> None:
    """Raise `ReleaseError` unless the section and all old headings are there, in their order."""
    after = parse(changed, path)
    section = find(after, version, path)
    if section is None:
        raise ReleaseError(
            f"{path} ends in a code block or a comment",
            "close it, or add the section by hand",
        )
    remaining = iter(after.headings)
    for heading in document.headings:
        if not any(_is_kept(heading, other, section) for other in remaining):
            raise ReleaseError(
                f"{path}: the heading {heading.title!r} would be lost",
                "add the section by hand",
            )


def _is_kept(heading: Heading, other: Heading, section: Heading) -> bool:
    if other == section and (
        heading.is_pending or heading.version == section.version
    ):
        return True
    return other.title == heading.title
