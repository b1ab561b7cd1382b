"""The link definitions of a changelog: one more for a new version."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from release_tasks.changelogs import titles
from release_tasks.changelogs.compare_links import (
    NextVersion,
    comparison,
    following,
)
from release_tasks.changelogs.document import Document
from release_tasks.changelogs.syntax import Definition, line_end
from release_tasks.changelogs.titles import SEMVER
from release_tasks.versions.numbers import is_lower


@dataclass(frozen=True)
class LinkEdit:
    """What becomes of the definitions."""

    lines: tuple[str, ...]
    # one of an unknown form; then all stay as they are
    left: Definition | None = None


def with_link(
    document: Document, version: str, tag: str | None = None
) -> LinkEdit:
    """Return the lines with a link definition for `version`, where versions have them.

    `[unreleased]` then compares from the new tag on.
    """
    by_version = _by_version(document)
    newest = _newest_before(document, version)
    new = NextVersion(version, newest, tag)
    if version in by_version:
        return LinkEdit(document.lines)
    old = by_version.get(newest or "")
    for definition in document.definitions:
        if _is_unreleased(definition):
            return _beside_unreleased(document, definition, old, new)
    if old is None:
        return LinkEdit(document.lines)
    url = following(old.url, new)
    if url is None:
        return LinkEdit(document.lines, old)
    others = [one.line for one in by_version.values() if one != old]
    is_ascending = bool(others) and max(others) < old.line
    added = _like(old, new, url)
    if is_ascending:
        return LinkEdit(
            _with_lines(document, old, [_whole(document, old), added])
        )
    return LinkEdit(_with_lines(document, old, [added, _whole(document, old)]))


def carried(
    document: Document, source: Document, version: str
) -> tuple[str, ...]:
    """Return the lines with the link definition that another copy has for `version`.

    `[unreleased]` becomes that of the other copy where no version of this one is higher.
    """
    mine, theirs = _by_version(document), _by_version(source)
    lower = [one for one in mine if is_lower(one, version)]
    if version in mine or version not in theirs or not lower:
        return document.lines
    nearest = mine[_highest(lower)]
    written = [_whole(source, theirs[version]), _whole(document, nearest)]
    if _rises(mine):
        written.reverse()
    lines = _with_lines(document, nearest, written)
    if len(lower) < len(mine):
        return lines
    return _with_unreleased_of(document, source, lines)


def _beside_unreleased(
    document: Document,
    unreleased: Definition,
    old: Definition | None,
    new: NextVersion,
) -> LinkEdit:
    compared = comparison(unreleased.url)
    own, url = unreleased.url, None
    if (
        compared is None
        and not SEMVER.search(unreleased.url)
        and unreleased.url
    ):
        if old is None:
            return LinkEdit(document.lines)
        url = following(old.url, new)
    elif compared is not None and not SEMVER.search(compared.head):
        ref = new.ref(compared.base)
        if ref is not None and ref != compared.base:
            own = compared.of(ref, compared.head)
            url = compared.of(compared.base, ref)
    if old is not None and _are_pages(document):
        url = following(old.url, new) and url and following(old.url, new)
    if url is None:
        return LinkEdit(document.lines, unreleased)
    changed = unreleased.written(unreleased.label, own)
    added = _like(old or _first(document) or unreleased, new, url)
    # the newest is the last one
    if old is not None and old.line < unreleased.line:
        return LinkEdit(_with_lines(document, unreleased, [added, changed]))
    return LinkEdit(_with_lines(document, unreleased, [changed, added]))


def _with_unreleased_of(
    document: Document, source: Document, lines: tuple[str, ...]
) -> tuple[str, ...]:
    """Return lines with the definition of `[unreleased]` that another copy has."""
    own = [one for one in document.definitions if _is_unreleased(one)]
    other = [one for one in source.definitions if _is_unreleased(one)]
    if not own or not other:
        return lines
    old, new = _whole(document, own[0]), _whole(source, other[0])
    ending = old[len(old.rstrip("\r\n")) :]
    changed = new.rstrip("\r\n") + ending
    return tuple(changed if line == old else line for line in lines)


def _rises(known: Mapping[str, Definition]) -> bool:
    """Tell whether the definitions stand from the lowest version to the highest."""
    ordered = sorted(known, key=lambda one: known[one].line)
    return is_lower(ordered[0], ordered[-1])


def _highest(versions: Sequence[str]) -> str:
    highest = versions[0]
    for version in versions:
        if is_lower(highest, version):
            highest = version
    return highest


def _with_lines(
    document: Document, definition: Definition, written: list[str]
) -> tuple[str, ...]:
    """Return the lines with others in the place of a definition; the last keeps its line end."""
    lines = document.lines
    last = lines[definition.end - 1]
    # none at the end of a file without one
    ending = last[len(last.rstrip("\r\n")) :]
    bodies = [one.rstrip("\r\n") for one in written]
    joined = line_end(lines).join(bodies) + ending
    new = joined.splitlines(keepends=True)
    return (*lines[: definition.line], *new, *lines[definition.end :])


def _whole(document: Document, definition: Definition) -> str:
    return "".join(document.lines[definition.line : definition.end])


def _like(model: Definition, new: NextVersion, url: str) -> str:
    """Return a definition in the form of another one; a title loses what is not the version's."""
    label = new.number
    read = titles.read(model.label)
    if read.version:
        label = model.label[: read.start] + new.number + model.label[read.end :]
    before, between, after = model.pieces
    if new.old and new.old in after:
        after = after.replace(new.old, new.number)
    else:
        after = re.sub(r"[ \t]+[\"'(].*", "", after)
    return f"{before}{label}{between}{url}{after}"


def _newest_before(document: Document, version: str) -> str | None:
    for heading in document.versions:
        if heading.version and heading.version != version:
            return heading.version
    return None


def _by_version(document: Document) -> dict[str, Definition]:
    """Return the definition of each version, the first one of several."""
    found: dict[str, Definition] = {}
    for definition in document.definitions:
        read = titles.read(definition.label)
        if read.version and read.is_closed and definition.url:
            found.setdefault(read.version, definition)
    return found


def _first(document: Document) -> Definition | None:
    return next(iter(_by_version(document).values()), None)


def _are_pages(document: Document) -> bool:
    """Return whether versions have pages and are not compared, the first of all aside."""
    known = _by_version(document)
    compared = [
        one for version, one in known.items() if comparison(one.url, version)
    ]
    return len(known) > 1 and not compared


def _is_unreleased(definition: Definition) -> bool:
    read = titles.read(definition.label)
    return read.says_unreleased or read.says_next
