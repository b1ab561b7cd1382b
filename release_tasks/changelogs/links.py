"""The links of a changelog that compare two versions: one more for a new version."""

from __future__ import annotations

import re
from collections.abc import Sequence

from release_tasks.changelogs.lines import (
    SEMVER,
    Definition,
    definitions,
    headings,
    line_end,
)

_COMPARE = re.compile(
    r"(?P<start>.*/compare/)(?P<base>[^/]+?)(?P<dots>\.{2,3})(?P<head>[^/]+)"
)
_TAG = re.compile(
    r"(?P<start>.*/(?:releases/tag|tree|src|-/tags|-/releases)/)(?P<tag>[^/]+)"
)


def with_link(lines: Sequence[str], version: str, tag: str | None = None) -> list[str]:
    """Return the lines with a link definition for `version`, where versions have them.

    `[unreleased]` then compares from the new tag on. Definitions of an unknown form stay.
    """
    known = definitions(lines)
    if any(_version(definition) == version for definition in known):
        return list(lines)
    for definition in known:
        if definition.label.casefold() == "unreleased":
            return _below_unreleased(lines, definition, version, tag)
    newest = _newest_before(lines, version)
    for definition in known:
        if newest and _version(definition) == newest:
            return _above(lines, definition, version, tag)
    return list(lines)


def following(url: str, version: str, tag: str | None = None) -> str | None:
    """Return the link for a version, made like that of the version before it.

    The result is None where the link has an unknown form.
    """
    compared = _COMPARE.fullmatch(url)
    if compared:
        new = tag or _renamed(compared["head"], version)
        if new is None:
            return None
        return f"{compared['start']}{compared['head']}{compared['dots']}{new}"
    tagged = _TAG.fullmatch(url)
    if tagged is None:
        return None
    new = tag or _renamed(tagged["tag"], version)
    if new is None:
        return None
    return f"{tagged['start']}{new}"


def _newest_before(lines: Sequence[str], version: str) -> str | None:
    for heading in headings(lines):
        if heading.version and heading.version != version:
            return heading.version
    return None


def _above(
    lines: Sequence[str], definition: Definition, version: str, tag: str | None
) -> list[str]:
    url = following(definition.url, version, tag)
    if url is None:
        return list(lines)
    new = f"[{_label(definition.label, version)}]: {url}{line_end(lines)}"
    return [*lines[: definition.line], new, *lines[definition.line :]]


def _below_unreleased(
    lines: Sequence[str], definition: Definition, version: str, tag: str | None
) -> list[str]:
    compared = _COMPARE.fullmatch(definition.url)
    if compared is None:
        return list(lines)
    new = tag or _renamed(compared["base"], version)
    if new is None or new == compared["base"]:
        return list(lines)
    dots = compared["dots"]
    unreleased_url = f"{compared['start']}{new}{dots}{compared['head']}"
    version_url = f"{compared['start']}{compared['base']}{dots}{new}"
    line = lines[definition.line]
    ending = line[len(line.rstrip("\r\n")) :]  # none at the end of a file without one
    at = line.index(definition.url, line.index("]:"))
    rest = line[at + len(definition.url) :].rstrip("\r\n")
    changed = line[:at] + unreleased_url + rest + line_end(lines)
    label = _label(_first_version_label(lines), version)
    added = f"[{label}]: {version_url}{ending}"
    return [*lines[: definition.line], changed, added, *lines[definition.line + 1 :]]


def _first_version_label(lines: Sequence[str]) -> str:
    for definition in definitions(lines):
        if _version(definition):
            return definition.label
    return ""


def _label(like: str, version: str) -> str:
    if like.startswith("v"):
        return f"v{version}"
    return version


def _renamed(tag: str, version: str) -> str | None:
    """Return a tag with another version, None where it has no version."""
    found = SEMVER.search(tag)
    if found is None:
        return None
    return tag[: found.start()] + version + tag[found.end() :]


def _version(definition: Definition) -> str | None:
    found = SEMVER.fullmatch(definition.label.removeprefix("v"))
    if found is None:
        return None
    return found[0]
