"""Cargo's version requirements, updated to a new version with their operators and precision kept.

The rules: doc.rust-lang.org/cargo/reference/specifying-dependencies.html.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from semver import Version

from release_tasks.errors import ReleaseError
from release_tasks.versions.numbers import parse, refuse_long

_COMPARATOR = re.compile(
    r"\s*(?P<operator>[\^~=]|[<>]=?)?\s*"
    r"(?P<number>(?P<parts>[*xX]|[0-9]{1,19}(?:\.(?:[0-9]{1,19}|[*xX])){0,2})"
    r"(?:-(?P<prerelease>[0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?)\s*"
)
_WILDCARDS = ("*", "x", "X")
_EXACT = ("^", "~", "=", ">=")  # these operators take the new version as it is


class Comparator(NamedTuple):
    """One part of a requirement, such as `>=0.1`."""

    operator: str
    number: str  # as written
    numbers: tuple[int, ...]  # without wildcards: one to three, none for `*`
    prerelease: str

    @property
    def bound(self) -> Version:
        """Return the version at which it begins or ends."""
        major, minor, patch = _three(self.numbers)
        return Version(major, minor, patch, self.prerelease or None)


# the crates of a workspace need each other in a few forms
@lru_cache(maxsize=1024)
def followed(requirement: str, version: str, present: str | None) -> str:
    """Return what a requirement on a sibling becomes when the sibling gets a new version.

    One that copies the whole `present` version (`1.2.3`, `^1.2.3`, `~1.2.3`, `=1.2.3`) follows. Any
    other is a bound, and stays as long as it admits the new version. Without a `present` version
    every requirement follows. Raises `ReleaseError` where one of this form cannot admit it.
    """
    refuse_long(requirement)
    if (
        present
        and not copies(requirement, present)
        and admits(requirement, version)
    ):
        return requirement
    return updated(requirement, version)


def copies(requirement: str, present: str) -> bool:
    """Return whether a requirement is the whole version that a crate has, not an older bound."""
    refuse_long(requirement)
    one = _read(requirement)
    if (
        one is None
        or one.operator not in ("^", "~", "=")
        or len(one.numbers) < 3
    ):
        return False
    return one.bound == parse(present).replace(build=None)


def updated(requirement: str, version: str) -> str:
    """Return the requirement for a new version of the crate: `^0.2` for `^0.1` and 0.2.0.

    A range moves as a whole: `>=0.1, <0.2` becomes `>=0.2, <0.3`. Raises `ReleaseError` where
    a requirement of this form cannot admit the version.
    """
    refuse_long(requirement)
    new = parse(version)
    pieces = requirement.split(",")
    comparators = [found for found in map(_read, pieces) if found]
    if len(comparators) != len(pieces):
        raise ReleaseError(
            f"`{requirement}` is not a valid requirement for cargo",
            f'write "{version}"',
        )
    if new.prerelease and all(
        one.operator in ("<", "<=", ">") for one in comparators
    ):
        raise ReleaseError(
            f"`{requirement}` admits no prerelease", f'write "{version}"'
        )
    low = _lower_end(comparators)
    result = []
    for piece, comparator in zip(pieces, comparators, strict=True):
        number = _updated_number(comparator, low, new)
        if number is None:
            raise ReleaseError(
                f"`{requirement}` does not admit {version}",
                f'write "{version}"',
            )
        result.append(piece.replace(comparator.number, number, 1))
    return ",".join(result)


def admits(requirement: str, version: str) -> bool:
    """Return whether cargo accepts a version for a requirement; False for an invalid one."""
    refuse_long(requirement)
    new = parse(version)
    comparators = [_read(piece) for piece in requirement.split(",")]
    for comparator in comparators:
        if comparator is None or not _accepts(comparator, new):
            return False
    if not new.prerelease:
        return True
    # cargo accepts a prerelease only where one of the same three numbers is asked for
    return any(
        one
        and one.prerelease
        and one.bound.finalize_version() == new.finalize_version()
        for one in comparators
    )


def is_above(requirement: str, version: str) -> bool:
    """Return whether a requirement asks for more than a version; False for an invalid one."""
    refuse_long(requirement)
    new = parse(version)
    for comparator in map(_read, requirement.split(",")):
        if comparator is None or comparator.operator in ("<", "<="):
            continue
        if comparator.bound > new and not _accepts(comparator, new):
            return True
    return False


def at_precision(old: str, new: Version) -> str | None:
    """Return a version with as many numbers as `old` has; a prerelease always has three.

    A `*` stays, and the result is None for a prerelease, which `*` does not admit. Build metadata
    is left out, because cargo ignores it in a requirement.
    """
    parts = old.partition("-")[0].partition("+")[0].split(".")
    if new.prerelease:
        if set(parts) & set(_WILDCARDS):
            return None
        return str(new.replace(build=None))
    numbers = [str(new.major), str(new.minor), str(new.patch)]
    for index, part in enumerate(parts):
        if part in _WILDCARDS:
            numbers[index] = part
    return ".".join(numbers[: len(parts)])


def _read(piece: str) -> Comparator | None:
    found = _COMPARATOR.fullmatch(piece)
    if found is None:
        return None
    written = found["parts"].split(".")
    parts = [part for part in written if part not in _WILDCARDS]
    # `1.2.*` fixes both numbers, where `1.2` fixes only the first
    plain = "=" if 0 < len(parts) < len(written) else "^"
    return Comparator(
        found["operator"] or plain,
        found["number"],
        tuple(map(int, parts)),
        found["prerelease"] or "",
    )


def _three(numbers: tuple[int, ...]) -> tuple[int, int, int]:
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return major, minor, patch


def _lower_end(comparators: list[Comparator]) -> Comparator | None:
    for comparator in comparators:
        if comparator.operator in (">=", ">"):
            return comparator
    return None


def _accepts(comparator: Comparator, new: Version) -> bool:
    numbers = (new.major, new.minor, new.patch)
    wanted = comparator.numbers
    operator = comparator.operator
    bound = comparator.bound
    if len(wanted) < 3 and operator in (">", "<="):
        is_above = numbers[: len(wanted)] > wanted
        return is_above is (operator == ">")
    if operator == ">":
        return new > bound
    if operator == "<=":
        return new <= bound
    if operator == "<":
        return new < bound
    if operator == "=" and len(wanted) == 3:
        return new == bound
    fixed = _fixed_numbers(comparator)
    return new >= bound and numbers[:fixed] == wanted[:fixed]


def _fixed_numbers(comparator: Comparator) -> int:
    """Return how many leading numbers of an accepted version are those of the comparator."""
    wanted = comparator.numbers
    if comparator.operator == ">=":
        return 0
    if comparator.operator == "~":
        return min(2, len(wanted))
    if comparator.operator == "^":
        for count, number in enumerate(wanted, 1):
            if number:
                return count
    return len(wanted)


def _updated_number(
    comparator: Comparator, low: Comparator | None, new: Version
) -> str | None:
    if comparator.operator in _EXACT:
        return at_precision(comparator.number, new)
    if low and comparator.operator == "<" and not comparator.prerelease:
        step = _step(low, comparator)
        if step is not None:
            above = [new.major, new.minor, new.patch]
            above[step:] = [above[step] + 1, 0, 0]
            return ".".join(map(str, above[: len(comparator.numbers)]))
    if _accepts(comparator, new):
        return comparator.number
    return None


def _step(low: Comparator, high: Comparator) -> int | None:
    """Return which of the three numbers a range counts up by one, None for any other range."""
    begin = _three(low.numbers)
    end = _three(high.numbers)
    for index in range(len(low.numbers)):
        if end == _three((*begin[:index], begin[index] + 1)):
            return index
    return None
