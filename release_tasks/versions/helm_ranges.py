"""Helm's version ranges: which versions they admit, and what they become for a new version.

The rules: github.com/Masterminds/semver, "Checking Version Constraints", which helm uses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from semver import Version

from release_tasks.errors import ReleaseError
from release_tasks.versions.numbers import parse, refuse_long

_NUMBER = r"v?(?:[0-9]+|[*xX])(?:\.(?:[0-9]+|[*xX])){0,2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
_PART = re.compile(
    rf"(?:(?P<operator>=>|=<|~>|!=|[<>]=?|[=~^])\s*)?(?P<number>{_NUMBER})"
)
_HYPHEN = re.compile(rf"\s*({_NUMBER})\s+-\s+({_NUMBER})\s*")
_BETWEEN = re.compile(r"\s+|\s*,\s*")
# what the library takes at most
MOST_LETTERS, MOST_GROUPS = 512, 32
_SAME = {"": "=", "=>": ">=", "=<": "<=", "~>": "~"}
_FOLLOWS = re.compile(
    r"(?P<operator>[=~^]?\s*v?)(?P<number>[0-9]+(?:\.[0-9]+){2}[^\s,|]*)"
)


class _Part(NamedTuple):
    """One part of a range, such as `>=1.2`; `numbers` has no wildcards."""

    operator: str
    numbers: tuple[int, ...]
    prerelease: str

    @property
    def is_partial(self) -> bool:
        """Return whether it has some of the three numbers: `1`, `1.2`, `1.x`."""
        return 0 < len(self.numbers) < 3

    @property
    def bound(self) -> Version:
        """Return the version at which it begins or ends."""
        major, minor, patch = (*self.numbers, 0, 0, 0)[:3]
        return Version(major, minor, patch, self.prerelease or None)


def admits(wanted: str, version: str) -> bool:
    """Return whether helm accepts a version for a range; False for an invalid range."""
    refuse_long(wanted)
    number = parse(version)
    groups = [_parts(group) for group in wanted.split("||")]
    if len(wanted) > MOST_LETTERS or len(groups) > MOST_GROUPS:
        return False
    return all(groups) and any(_all_accept(parts, number) for parts in groups)


def updated(wanted: str, version: str) -> str:
    """Return the range for a new version: one whole version follows, another one that fits stays.

    Raises `ReleaseError` where the range does not admit the version.
    """
    refuse_long(wanted)
    follows = _FOLLOWS.fullmatch(wanted.strip())
    if follows:
        new = f"{follows['operator']}{version}"
        return wanted.replace(wanted.strip(), new)
    if admits(wanted, version):
        return wanted
    raise ReleaseError(
        f"`{wanted}` does not admit {version}", f'write "{version}"'
    )


def is_above(wanted: str, version: str) -> bool:
    """Return whether a range is one version that is higher than another; False for any other."""
    refuse_long(wanted)
    follows = _FOLLOWS.fullmatch(wanted.strip())
    if follows is None:
        return False
    return parse(follows["number"]) > parse(version)


def _parts(group: str) -> list[_Part]:
    """Return the parts of a range that all have to fit, none for an invalid one."""
    group = _HYPHEN.sub(r">=\1 <=\2 ", group).strip()
    found: list[_Part] = []
    end = 0
    for match in _PART.finditer(group):
        between = group[end : match.start()]
        if not _BETWEEN.fullmatch(between) if found else between:
            return []
        end = match.end()
        number = match["number"].removeprefix("v").partition("+")[0]
        core, _, prerelease = number.partition("-")
        numbers = []
        for part in core.split("."):
            if not re.fullmatch(r"[0-9]{1,20}", part):
                break
            numbers.append(int(part))
        operator = match["operator"] or ""
        found.append(
            _Part(_SAME.get(operator, operator), tuple(numbers), prerelease)
        )
    return [] if group[end:] else found


def _all_accept(parts: list[_Part], version: Version) -> bool:
    """Return whether every part fits; one part with a prerelease admits those of all parts."""
    if version.prerelease and not any(part.prerelease for part in parts):
        return False
    return all(_ACCEPTS[part.operator](part, version) for part in parts)


def _start(part: _Part, version: Version) -> tuple[int, ...]:
    """Return as many numbers of a version as a part names."""
    return (version.major, version.minor, version.patch)[: len(part.numbers)]


def _greater(part: _Part, version: Version) -> bool:
    if part.is_partial:
        return _start(part, version) > part.numbers
    return version > part.bound


def _at_most(part: _Part, version: Version) -> bool:
    if part.is_partial:
        return _start(part, version) <= part.numbers
    if not part.numbers:
        return (version.major, version.minor) == (0, 0)
    return version <= part.bound


def _differs(part: _Part, version: Version) -> bool:
    if not part.is_partial:
        return version != part.bound
    if _start(part, version) != part.numbers:
        return True
    return len(part.numbers) == 2 and part.prerelease != (
        version.prerelease or ""
    )


def _equals(part: _Part, version: Version) -> bool:
    if len(part.numbers) < 3:
        return _tilde(part, version)
    return version == part.bound


def _tilde(part: _Part, version: Version) -> bool:
    if version < part.bound:
        return False
    if not part.is_partial and not any(part.numbers):
        return True  # `*`, and `~0.0.0`
    return _start(part, version)[:2] == part.numbers[:2]


def _caret(part: _Part, version: Version) -> bool:
    if version < part.bound:
        return False
    fixed = len(part.numbers) or 3
    for count, number in enumerate(part.numbers, 1):
        if number:
            fixed = count
            break
    there = (version.major, version.minor, version.patch)
    return there[:fixed] == (*part.numbers, 0, 0, 0)[:fixed]


_ACCEPTS: dict[str, Callable[[_Part, Version], bool]] = {
    ">": _greater,
    ">=": lambda part, version: version >= part.bound,
    "<": lambda part, version: version < part.bound,
    "<=": _at_most,
    "!=": _differs,
    "=": _equals,
    "~": _tilde,
    "^": _caret,
}
