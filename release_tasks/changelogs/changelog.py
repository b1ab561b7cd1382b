"""Changelogs with one section per version, as keepachangelog.com describes them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from release_tasks.changelogs.dates import is_dated
from release_tasks.changelogs.lines import (
    Heading,
    body_lines,
    definitions,
    headings,
    lines_of,
)
from release_tasks.errors import ReleaseError
from release_tasks.versions.numbers import spellings

NAME = "CHANGELOG.md"
_REFERENCE = re.compile(r"\[([^\[\]]+)\](?!\(|:)")


def sections(text: str) -> tuple[str, ...]:
    """Return the versions that have a section, in the order of the file, with duplicates."""
    return tuple(
        heading.version for heading in headings(lines_of(text)) if heading.version
    )


def section(text: str, version: str, path: str = NAME) -> str:
    """Return the body of a version's section.

    Raises `ReleaseError` where the version has no section, or two.
    """
    lines = lines_of(text)
    heading = find(lines, version, path)
    if heading is None:
        raise ReleaseError(
            f"{path} has no section for {version}", f"inv bump --version {version}"
        )
    return _body(lines, heading)


def has_section(text: str, version: str) -> bool:
    """Return whether a version has a section."""
    own = spellings(version)
    return any(other in own for other in sections(text))


def find(lines: Sequence[str], version: str, path: str) -> Heading | None:
    """Return the heading of a version's section. Raises `ReleaseError` where it has two."""
    own = spellings(version)
    found = [heading for heading in headings(lines) if heading.version in own]
    if len(found) > 1:
        numbers = " and ".join(str(heading.line + 1) for heading in found)
        raise ReleaseError(
            f"{path} has {len(found)} sections for {version}, at lines {numbers}",
            "merge them",
        )
    if not found:
        return None
    return found[0]


def duplicates(text: str) -> list[str]:
    """Return the versions, and `Unreleased`, that have more than one section."""
    found = [heading for heading in headings(lines_of(text)) if heading.begins_section]
    titles = [heading.version or "Unreleased" for heading in found]
    return [title for title in dict.fromkeys(titles) if titles.count(title) > 1]


def where_to_write(text: str, version: str) -> str:
    """Return under which heading a person writes what a version changed."""
    if has_section(text, version):
        return f"in the section of {version}"
    if is_dated(text):
        return "under a date since the last tag"
    if unreleased(text) is None:
        return f"under a new heading, ## [{version}],"
    return "under Unreleased"


def without_heading(text: str) -> str:
    """Return a section that a program has printed, without the heading with its version."""
    lines = lines_of(text)
    for heading in headings(lines):
        if heading.begins_section:
            return "".join(body_lines(lines, heading)).strip()
    return text.strip()


def unreleased(text: str) -> str | None:
    """Return the body of the section `Unreleased`, or None where there is no such section."""
    lines = lines_of(text)
    for heading in headings(lines):
        if heading.is_unreleased:
            return _body(lines, heading)
    return None


def section_with_links(text: str, version: str, path: str = NAME) -> str:
    """Return a version's section with the definitions of the links that it refers to."""
    body = section(text, version, path).replace("\r\n", "\n")
    defined = {
        _normalized(definition.label) for definition in definitions(lines_of(body))
    }
    missing = set(map(_normalized, _REFERENCE.findall(body))) - defined
    added: dict[str, str] = {}
    for definition in definitions(lines_of(text)):
        label = _normalized(definition.label)
        if label in missing:
            added.setdefault(label, f"[{definition.label}]: {definition.url}")
    parts = (body, "\n".join(added.values()))
    return "\n\n".join(part for part in parts if part)


def _body(lines: Sequence[str], heading: Heading) -> str:
    return "".join(body_lines(lines, heading)).rstrip("\r\n")


def _normalized(label: str) -> str:
    return " ".join(label.split()).casefold()
