"""Changelogs in the manner of keepachangelog.com: one section per version, found literally."""

from __future__ import annotations

import re
from collections.abc import Sequence

from release_tasks.changelogs.lines import Heading, body_lines, definitions, headings, lines_of
from release_tasks.changelogs.links import following, linked
from release_tasks.errors import ReleaseError
from release_tasks.versions.numbers import spellings

NAME = "CHANGELOG.md"
_UNDERLINED = re.compile(
    r"^(\[?(?:v?[0-9]+\.[0-9]+\.[0-9]|unreleased)[^\r\n]*)\r?\n[-=~]{3,}[ \t]*\r?$", re.M | re.I
)


def sections(text: str) -> tuple[str, ...]:
    """Return the versions that have a section, in the order of the file, doubles included."""
    return tuple(one.version for one in headings(lines_of(text)) if one.version)


def section(text: str, version: str, path: str = NAME) -> str:
    """Return the body of a version's section, "" for an empty one; raise `ReleaseError` for none or two."""
    lines = lines_of(text)
    heading = _heading(lines, version, path)
    if heading is None:
        raise ReleaseError(f"{path} has no section for {version}", f"inv bump --version {version}")
    return "".join(body_lines(lines, heading)).rstrip("\r\n")


def has(text: str, version: str) -> bool:
    """Tell whether a version has a section."""
    return any(one in spellings(version) for one in sections(text))


def doubles(text: str) -> list[str]:
    """Return the versions, and `Unreleased`, that have more than one section."""
    titles = [
        one.version or "Unreleased"
        for one in headings(lines_of(text))
        if one.version or one.is_unreleased
    ]
    return [title for title in dict.fromkeys(titles) if titles.count(title) > 1]


def is_empty(body: str) -> bool:
    """Tell whether a section has nothing but headings, comments and blank lines."""
    left = re.sub(r"<!--.*?-->", "", body, flags=re.S).splitlines()
    return not any(line.strip() and not re.match(r" {0,3}(#|\[[^\]]+\]:)", line) for line in left)


def place(text: str, version: str) -> str:
    """Say under which heading a person writes what a version changed."""
    from release_tasks.changelogs.dates import is_dated

    if has(text, version):
        return f"in the section of {version}"
    if is_dated(text):
        return "under a date since the last tag"
    return (
        f"under a new heading, ## [{version}]," if unreleased(text) is None else "under Unreleased"
    )


def without_heading(text: str) -> str:
    """Return a section that a program has printed without the heading that announces its version."""
    lines = lines_of(text)
    first = next((one for one in headings(lines) if one.version or one.is_unreleased), None)
    return "".join(body_lines(lines, first) if first else lines).strip()


def unreleased(text: str) -> str | None:
    """Return the body of the section `Unreleased`, or None where there is no such section."""
    lines = lines_of(text)
    heading = next((one for one in headings(lines) if one.is_unreleased), None)
    return None if heading is None else "".join(body_lines(lines, heading)).rstrip("\r\n")


def notes(text: str, version: str, path: str = NAME) -> str:
    """Return a section as it stands alone: with the definitions of the links that it refers to."""
    body = section(text, version, path).replace("\r\n", "\n")
    inside = {_label(one.label) for one in definitions(lines_of(body))}
    used = {_label(found) for found in re.findall(r"\[([^\[\]]+)\](?!\(|:)", body)}
    rows: dict[str, str] = {}
    for one in definitions(lines_of(text)):
        if _label(one.label) in used - inside:
            rows.setdefault(_label(one.label), f"[{one.label}]: {one.url}")
    return "\n\n".join(part for part in (body, "\n".join(rows.values())) if part)


def release(
    text: str, version: str, date: str, tag: str | None = None, body: str = "", path: str = NAME
) -> str:
    """Return the text with a section for `version`: what was under `Unreleased`, else `body`.

    `date` is YYYY-MM-DD in UTC; `tag` is the version's tag for the compare links, by default made like
    the last one. Text that has the section already comes back as it is. Raises `ReleaseError` where it
    has two.
    """
    from release_tasks.changelogs.dates import is_dated

    lines = lines_of(text)
    if _heading(lines, version, path) is not None or is_dated(text):
        return text
    known = headings(lines)
    if not any(one.version or one.is_unreleased for one in known) and (
        line := _UNDERLINED.search(text)
    ):
        raise ReleaseError(
            f"{path}: the heading {line[1]!r} is underlined",
            f"write it as ## {line[1]}, and the others, too",
        )
    end = "\r\n" if any(line.endswith("\r\n") for line in lines) else "\n"
    title = _title(known, version, date)
    place = next((one for one in known if one.is_unreleased), None)
    if place is None:
        changed = _inserted(lines, known, title, body, end)
    else:
        changed = _closed(lines, place, title, body, end)
    result = "".join(linked(changed, version, tag, end))
    _keep(known, headings(lines_of(result)), path)
    if _heading(lines_of(result), version, path) is None:
        raise ReleaseError(
            f"{path} ends within a code block or a comment", "close it, or add the section by hand"
        )
    return result


def _heading(lines: Sequence[str], version: str, path: str) -> Heading | None:
    found = [one for one in headings(lines) if one.version in spellings(version)]
    if len(found) > 1:
        places = " and ".join(str(one.line + 1) for one in found)
        raise ReleaseError(
            f"{path} has {len(found)} sections for {version}, at lines {places}", "join them"
        )
    return found[0] if found else None


def _title(known: Sequence[Heading], version: str, date: str) -> str:
    """Write a heading in the manner of the newest one: its level, brackets, `v`, and form of the date."""
    older = next((one for one in known if one.version), None)
    models = [one for one in known if one.is_unreleased][:1] + ([older] if older else [])
    level = min((one.level for one in models), default=2)
    prefix = "v" if older and re.match(r"\[?v[0-9]", older.title) else ""
    name = f"{prefix}{version}"
    if not models or any(one.title.startswith("[") for one in models):
        name = f"[{name}]"
        if older and older.version and (link := re.match(r"\[[^\]]+\](\([^)]*\))", older.title)):
            url = following(link[1][1:-1], version)
            name += f"({url})" if url else ""
    in_parentheses = older is not None and re.search(
        r"\([0-9]{4}-[0-9]{2}-[0-9]{2}\)\s*$", older.title
    )
    return f"{'#' * level} {name}" + (f" ({date})" if in_parentheses else f" - {date}")


def _closed(lines: Sequence[str], place: Heading, title: str, body: str, end: str) -> list[str]:
    added = [end, title + end]
    if body.strip() and is_empty("".join(body_lines(lines, place))):
        added += [end, *_ended(body, end)]
    own = lines[place.line]
    head = [*lines[: place.line], own if own.endswith("\n") else own + end]
    if place.line + 1 == len(lines) and not lines[-1].endswith("\n"):
        added[-1] = added[-1].rstrip("\r\n")
    return [*head, *added, *lines[place.line + 1 :]]


def _inserted(
    lines: Sequence[str], known: Sequence[Heading], title: str, body: str, end: str
) -> list[str]:
    block = [title + end, end, *([*_ended(body, end), end] if body.strip() else [])]
    first = next((one.line for one in known if one.version), None)
    if first is None:
        first = next((one.line for one in known if one.level == 2), None)
    if first is not None:
        return [*lines[:first], *block, *lines[first:]]
    links = {one.line for one in definitions(lines)}
    at = len(lines)
    while at and (at - 1 in links or not lines[at - 1].strip()):
        at -= 1
    head = [*lines[: at - 1], lines[at - 1].rstrip("\r\n") + end, end] if at else []
    rest = list(lines[at:])
    return [*head, *block[:-1], *([end] if rest and rest[0].strip() else []), *rest]


def _ended(body: str, end: str) -> list[str]:
    return [line + end for line in body.strip("\r\n").replace("\r\n", "\n").split("\n")]


def _keep(before: Sequence[Heading], after: Sequence[Heading], path: str) -> None:
    left = iter([one.title for one in after])
    for one in before:
        if not any(title == one.title for title in left):
            raise ReleaseError(
                f"{path}: the heading {one.title!r} would be lost", "add the section by hand"
            )


def _label(text: str) -> str:
    return " ".join(text.split()).casefold()
