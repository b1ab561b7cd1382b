"""The links of a changelog that compare two versions: one more for a new version."""

from __future__ import annotations

import re
from collections.abc import Sequence

from release_tasks.changelogs.lines import SEMVER, Definition, definitions, headings

_COMPARE = re.compile(r"(?P<before>.*/compare/)(?P<base>[^/]+?)(?P<dots>\.{2,3})(?P<head>[^/]+)")
_TAG = re.compile(r"(?P<before>.*/(?:releases/tag|tree|src|-/tags|-/releases)/)(?P<tag>[^/]+)")


def linked(lines: Sequence[str], version: str, tag: str | None, end: str) -> list[str]:
    """Return the lines with a definition for `version`, where the changelog defines such links.

    `[unreleased]` then compares from the new tag on. Definitions that fit no pattern stay as they are.
    """
    known = definitions(lines)
    if any(_version(one) == version for one in known):
        return list(lines)
    for one in known:
        if one.label.casefold() == "unreleased":
            return _beside_unreleased(lines, one, version, tag, end)
    newest = [one.version for one in headings(lines) if one.version and one.version != version][:1]
    for one in known:
        if newest and _version(one) == newest[0]:
            url = following(one.url, version, tag)
            row = [f"[{_like(one.label, version)}]: {url}{end}"] if url else []
            return [*lines[: one.line], *row, *lines[one.line :]]
    return list(lines)


def following(url: str, version: str, tag: str | None = None) -> str | None:
    """Return the link for a version from that of the version before it, or None for an unknown form."""
    compared = _COMPARE.fullmatch(url)
    if compared:
        new = tag or _renamed(compared["head"], version)
        return f"{compared['before']}{compared['head']}{compared['dots']}{new}" if new else None
    tagged = _TAG.fullmatch(url)
    new = tag or (_renamed(tagged["tag"], version) if tagged else None)
    return f"{tagged['before']}{new}" if tagged and new else None


def _beside_unreleased(
    lines: Sequence[str], one: Definition, version: str, tag: str | None, end: str
) -> list[str]:
    compared = _COMPARE.fullmatch(one.url)
    new = tag or (_renamed(compared["base"], version) if compared else None)
    if compared is None or new is None or compared["base"] == new:
        return list(lines)
    line = lines[one.line]
    at = line.index(one.url, line.index("]:"))
    ahead = f"{compared['before']}{new}{compared['dots']}{compared['head']}"
    between = f"{compared['before']}{compared['base']}{compared['dots']}{new}"
    labels = [other.label for other in definitions(lines) if _version(other)]
    name = _like(labels[0] if labels else "", version)
    ending = line[len(line.rstrip("\r\n")) :]
    rows = [
        line[:at] + ahead + line[at + len(one.url) :].rstrip("\r\n") + end,
        f"[{name}]: {between}{ending}",
    ]
    return [*lines[: one.line], *rows, *lines[one.line + 1 :]]


def _renamed(tag: str, version: str) -> str | None:
    found = SEMVER.search(tag)
    return tag[: found.start()] + version + tag[found.end() :] if found else None


def _version(definition: Definition) -> str | None:
    found = SEMVER.fullmatch(definition.label.removeprefix("v"))
    return found[0] if found else None


def _like(label: str, version: str) -> str:
    return f"v{version}" if label.startswith("v") else version
