"""Versions in tags of any form: those that a project used before, or that another tool makes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semver import Version

_WORDS = ("release", "rel", "version", "ver")
_NUMBER = re.compile(
    r"(?P<major>\d{1,9})\.(?P<minor>\d{1,9})(?:\.(?P<patch>\d{1,9}))?(?P<rest>-[0-9A-Za-z.-]+)?"
)


@dataclass(frozen=True)
class TaggedVersion:
    """The version that a tag stands for.

    `is_exact` tells that the tag has the version's three numbers, as SemVer writes them. A tag
    such as `1.4` or `2026.04.01` could be something else.
    """

    version: Version
    is_exact: bool


def version_of(
    tag: str, names: Iterable[str] = (), before: str = "", after: str = ""
) -> TaggedVersion | None:
    """Return the version in a tag, None for a tag without one.

    It may stand behind `v`, `release-`, one of the `names`, or several of these, and behind the
    text `before`; the text `after` has to follow it.
    """
    if not tag.endswith(after):
        return None
    rest = tag.removesuffix(after)
    if before and rest.startswith(before):
        return _version(rest.removeprefix(before))
    words = "|".join(
        re.escape(word)
        for word in sorted({*names, *_WORDS}, key=_longest_first)
    )
    start = re.compile(rf"(?:(?:{words})[-_/@.]?)*[vV]?", re.IGNORECASE)
    match = start.match(rest)
    return _version(rest[match.end() :]) if match else None


def _version(text: str) -> TaggedVersion | None:
    from semver import Version

    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    core = ".".join(
        str(int(match[name] or 0)) for name in ("major", "minor", "patch")
    )
    written = core + (match["rest"] or "")
    if not Version.is_valid(written):
        return None
    return TaggedVersion(Version.parse(written), is_exact=written == text)


def _longest_first(word: str) -> tuple[int, str]:
    return -len(word), word
