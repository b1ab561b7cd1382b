"""Changelogs with one section per version, as keepachangelog.com describes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from release_tasks.changelogs import titles
from release_tasks.changelogs.dates import is_dated
from release_tasks.changelogs.document import NAME, Document, is_empty, parse
from release_tasks.changelogs.syntax import Heading
from release_tasks.errors import ReleaseError
from release_tasks.versions.numbers import parse as parse_version
from release_tasks.versions.numbers import spellings

MERGE = "merge them into one"
_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+){1,2}")
_REFERENCE = re.compile(r"\[([^\[\]]+)\](?!\(|:)")


def sections(text: str, path: str = NAME) -> tuple[str, ...]:
    """Return the versions that have a section, in the order of the file, with duplicates."""
    return tuple(
        one.version for one in parse(text, path).headings if one.version
    )


def section(text: str, version: str, path: str = NAME) -> str:
    """Return the body of a version's section.

    Raises `ReleaseError` where the version has no section, or two.
    """
    document = parse(text, path)
    heading = find(document, version, path)
    if heading is None:
        raise ReleaseError(
            f"{path} has no section for {version}",
            f"inv bump --version {version}",
        )
    return document.body(heading)


def has_section(text: str, version: str, path: str = NAME) -> bool:
    """Return whether a version has a section."""
    return bool(_of_version(parse(text, path), version))


def find(document: Document, version: str, path: str) -> Heading | None:
    """Return the heading of a version's section. Raises `ReleaseError` where it has two."""
    found = _of_version(document, version)
    if len(found) > 1:
        raise ReleaseError(repeated_fact(found, path), MERGE)
    if not found:
        return None
    return found[0]


def written_date(text: str, version: str, path: str = NAME) -> date | None:
    """Return the date in the heading of a version's section, None where there is none."""
    found = _of_version(parse(text, path), version)
    if not found:
        return None
    day = titles.read(found[0].title).day
    if day is None or day.is_ambiguous:
        return None
    return day.day


def repeated(text: str, version: str, path: str = NAME) -> tuple[Heading, ...]:
    """Return the headings of a version, or of what is unreleased, if there are several.

    `Unreleased` twice counts while the version has no section, and if both say something.
    """
    document = parse(text, path)
    found = _of_version(document, version)
    if not found:
        unreleased = [one for one in document.headings if one.is_unreleased]
        found = [
            one for one in unreleased if not is_empty(document.body(one), path)
        ]
    if len(found) < 2:
        return ()
    return tuple(found)


def repeated_fact(found: Sequence[Heading], path: str) -> str:
    """Return the sentence that a version has several sections."""
    title = found[0].version or "Unreleased"
    numbers = " and ".join(str(heading.line + 1) for heading in found)
    return f"{path} has {len(found)} sections for {title}, at lines {numbers}"


def where_to_write(text: str, version: str, path: str = NAME) -> str:
    """Return under which heading a person writes what a version changed."""
    if has_section(text, version, path):
        return f"in the section of {version}"
    if is_dated(text, path):
        return "under a date since the last tag"
    document = parse(text, path)
    heading = document.unreleased
    if heading is not None and not takes_over(heading, version):
        heading = None
    if heading is None and document.versions:
        last = document.lines[document.versions[0].line].strip()
        return f"under a new heading for {version}, like `{last}`,"
    if heading is None:
        return f"under a new heading, ## [{version}],"
    if heading.version:
        return f"in the section of {heading.version}"
    return "under Unreleased"


def without_heading(text: str) -> str:
    """Return a section that a program has printed, without the heading with its version."""
    document = parse(text)
    for heading in document.sections:
        return document.body(heading).strip()
    return text.strip()


def unreleased(text: str, version: str, path: str = NAME) -> str | None:
    """Return the body of the section that becomes that of a version, None where there is none.

    That is `Unreleased`, or the section of a version that is not released, unless that is higher.
    """
    document = parse(text, path)
    heading = document.unreleased
    if heading is None or not takes_over(heading, version):
        return None
    return document.body(heading)


def announced(text: str, path: str = NAME) -> str | None:
    """Return the version whose section says that it is not released, None where none does."""
    heading = parse(text, path).unreleased
    return heading.version if heading else None


def takes_over(unreleased: Heading, version: str) -> bool:
    """Return whether a section that is not released becomes that of `version`.

    That of a version does for a higher one, and for a prerelease of that version.
    """
    if unreleased.is_unreleased:
        return True
    numbers = _NUMBERS.match(unreleased.version or "")  # of 1.3.0.dev0, too
    if numbers is None:
        return True
    announced = [int(number) for number in numbers[0].split(".")]
    wanted = parse_version(version)
    return [wanted.major, wanted.minor, wanted.patch] >= announced


def section_with_links(text: str, version: str, path: str = NAME) -> str:
    """Return a version's section with the definitions of the links that it refers to."""
    body = section(text, version, path).replace("\r\n", "\n")
    defined = {_normalized(one.label) for one in parse(body, path).definitions}
    missing = set(map(_normalized, _REFERENCE.findall(body))) - defined
    added: dict[str, str] = {}
    for definition in parse(text, path).definitions:
        label = _normalized(definition.label)
        if label in missing and definition.url:
            added.setdefault(label, f"[{definition.label}]: {definition.url}")
    parts = (body, "\n".join(added.values()))
    return "\n\n".join(part for part in parts if part)


def _of_version(document: Document, version: str) -> list[Heading]:
    """Return the headings of a version; `1.2` is that of 1.2.0 if no other is."""
    own = spellings(version)
    found = [one for one in document.headings if one.version in own]
    if not found and version.endswith(".0"):
        short = version.removesuffix(".0")
        found = [one for one in document.headings if one.version == short]
    return found


def _normalized(label: str) -> str:
    return " ".join(label.split()).casefold()
