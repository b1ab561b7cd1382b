"""The section of a version is carried from one copy of a changelog into another."""

from __future__ import annotations

from release_tasks.changelogs import links
from release_tasks.changelogs.changelog import find
from release_tasks.changelogs.dates import is_dated
from release_tasks.changelogs.document import NAME, Document, parse
from release_tasks.changelogs.syntax import Heading, line_end
from release_tasks.errors import ReleaseError
from release_tasks.versions.numbers import is_lower


def with_section(
    text: str, other: str, version: str, path: str = NAME
) -> str | None:
    """Return a changelog with the section that another copy of it has for a version.

    It stands above the highest lower version; what is unreleased stays as it is. The link of the
    version comes along. The result is None where that cannot be done: no such section, two of
    them, or no lower version.
    """
    if is_dated(text, path) or is_dated(other, path):
        return None
    document, source = parse(text, path), parse(other, path)
    try:
        present = find(document, version, path)
        section = find(source, version, path)
    except ReleaseError:
        return None
    if present is not None:
        return text
    at = _place(document, version)
    if section is None or at is None:
        return None
    end = line_end(document.lines)
    block = [line.rstrip("\r\n") + end for line in _lines(source, section)]
    added = [*document.lines[:at], *block, end, *document.lines[at:]]
    linked = parse("".join(added), path)
    return "".join(links.carried(linked, source, version))


def _lines(source: Document, section: Heading) -> list[str]:
    """Return a section with its heading, without blank lines behind it."""
    body = source.body(section).splitlines(keepends=True)
    first = section.end
    while body and not source.lines[first].strip():
        first += 1
    heading = source.lines[source.start(section) : first]
    lines = [*heading, *body]
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _place(document: Document, version: str) -> int | None:
    """Return the line of the first version that is lower, None where none is."""
    for heading in document.versions:
        if is_lower(heading.version or "", version):
            return document.start(heading)
    return None
