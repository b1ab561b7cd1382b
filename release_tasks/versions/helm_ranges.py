"""Helm's version ranges: which versions they admit, and what they become for a new version.

The rules: github.com/Masterminds/semver, "Checking Version Constraints", which helm uses.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from semver import Version

from release_tasks.errors import ReleaseError
from release_tasks.versions.numbers import parse, refuse_long

_NUMBER = r"v?(?:[0-9]+|[*xX])(?:\.(?:[0-9]+|[*xX])){0,2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
_PART = re.compile(
    rf"(?P<operator>=>|=<|~>|!=|[<>]=?|[=~^])?\s*(?P<number>{_NUMBER})"
)
_HYPHEN = re.compile(rf"\s*({_NUMBER})\s+-\s+({_NUMBER})\s*")
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
    def bound(self) -> Version:
        """Return the version at which it begins or ends."""
        major, minor, patch = (*self.numbers, 0, 0, 0)[:3]
        return Version(major, minor, patch, self.prerelease or None)


def admits(wanted: str, version: str) -> bool:
    """Return whether helm accepts a version for a range; False for an invalid range."""
    refuse_long(wanted)
    number = parse(version)
    for group in wanted.split("||"):
        parts = _parts(group)
        if parts and all(_accepts(part, number) for part in parts):
            return True
    return False


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


def _parts(group: str) -> list[_Part]:
    """Return the parts of a range that all have to fit, none for an invalid one."""
    group = _HYPHEN.sub(r">=\1 <=\2", group)
    found = []
    end = 0
    for match in _PART.finditer(group):
        if group[end : match.start()].strip(" ,\t"):
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
    return [] if group[end:].strip(" ,\t") else found


def _accepts(part: _Part, version: Version) -> bool:
    if version.prerelease and not part.prerelease:
        return False
    count = len(part.numbers)
    start = (version.major, version.minor, version.patch)[:count]
    if part.operator == ">":
        return start > part.numbers if count < 3 else version > part.bound
    if part.operator == "<=":
        return start <= part.numbers if count < 3 else version <= part.bound
    if part.operator == "<":
        return version < part.bound
    if part.operator == ">=":
        return version >= part.bound
    if part.operator == "!=":
        return start != part.numbers if count < 3 else version != part.bound
    if part.operator == "=" and count == 3:
        return version == part.bound
    fixed = _fixed(part)
    return version >= part.bound and start[:fixed] == part.numbers[:fixed]


def _fixed(part: _Part) -> int:
    """Return how many leading numbers of an accepted version are those of the range."""
    if part.operator == "~":
        return min(2, len(part.numbers))
    if part.operator == "^":
        for count, number in enumerate(part.numbers, 1):
            if number:
                return count
    return len(part.numbers)
