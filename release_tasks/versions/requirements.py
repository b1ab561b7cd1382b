"""Cargo's version requirements, moved to a new version with their operators and precision kept."""

from __future__ import annotations

import re
from typing import NamedTuple

from semver import Version

from release_tasks.errors import ReleaseError
from release_tasks.versions.numbers import parse

_COMPARATOR = re.compile(
    r"\s*(?P<op>[\^~=]|[<>]=?)?\s*(?P<number>(?P<parts>[*xX]|[0-9]{1,19}(?:\.(?:[0-9]{1,19}|[*xX])){0,2})"
    r"(?:-(?P<prerelease>[0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?)\s*"
)
_WILD = ("*", "x", "X")


class Comparator(NamedTuple):
    """One part of a requirement: its operator, its number as written, and what that gives."""

    op: str
    number: str
    given: tuple[int, ...]
    prerelease: str

    @property
    def bound(self) -> Version:
        """Return the version at which it begins or ends."""
        major, minor, patch = (*self.given, 0, 0, 0)[:3]
        return Version(major, minor, patch, self.prerelease or None)


def moved(requirement: str, version: str) -> str:
    """Return the requirement for a new version of the crate (`^0.1` for 0.2.0 is `^0.2`).

    A range moves as a whole: `>=0.1, <0.2` becomes `>=0.2, <0.3`. Raises `ReleaseError` where the form
    cannot admit the version (doc.rust-lang.org/cargo/reference/specifying-dependencies.html).
    """
    new, pieces = parse(version), requirement.split(",")
    known = [one for one in map(_read, pieces) if one is not None]
    if len(known) != len(pieces):
        raise ReleaseError(
            f"{requirement!r} is no requirement that cargo reads", f'write "{version}"'
        )
    if new.prerelease and all(one.op in ("<", "<=", ">") for one in known):
        raise ReleaseError(
            f"{requirement!r} admits no prerelease", f'write "{version}" by hand first'
        )
    low = next((one for one in known if one.op in (">=", ">")), None)
    numbers = [_moved_one(one, low, new) for one in known]
    if None in numbers:
        raise ReleaseError(
            f"{requirement!r} does not admit {version}", f'write "{version}" by hand first'
        )
    rows = zip(pieces, known, numbers, strict=True)
    return ",".join(piece.replace(one.number, str(number), 1) for piece, one, number in rows)


def admits(requirement: str, version: str) -> bool:
    """Tell whether cargo takes a version for a requirement; one that it cannot read admits nothing."""
    new, found = parse(version), [_read(piece) for piece in requirement.split(",")]
    # a prerelease has to be asked for, by one of the same three numbers
    is_asked = any(
        one and one.prerelease and one.bound.finalize_version() == new.finalize_version()
        for one in found
    )
    return (is_asked or not new.prerelease) and all(
        one is not None and _takes(one, new) for one in found
    )


def at_precision(old: str, new: Version) -> str | None:
    """Return a version with as many numbers as `old` has; a prerelease always has all three.

    `*` stays; the answer is None for a prerelease that a `*` would leave out. Build metadata is left out,
    because cargo ignores it in a requirement.
    """
    parts = old.partition("-")[0].partition("+")[0].split(".")
    if new.prerelease:
        return None if set(parts) & set(_WILD) else str(new.replace(build=None))
    numbers = (str(new.major), str(new.minor), str(new.patch))
    return ".".join(
        part if part in _WILD else number for part, number in zip(parts, numbers, strict=False)
    )


def _read(piece: str) -> Comparator | None:
    found = _COMPARATOR.fullmatch(piece)
    if found is None:
        return None
    given = tuple(int(part) for part in found["parts"].split(".") if part not in _WILD)
    return Comparator(found["op"] or "^", found["number"], given, found["prerelease"] or "")


def _takes(one: Comparator, new: Version) -> bool:
    ours, given, bound = (new.major, new.minor, new.patch), one.given, one.bound
    if one.op in (">", "<=") and len(given) < 3:
        return (ours[: len(given)] > given) is (one.op == ">")
    if one.op in ("<", "<=", ">"):
        return {"<": new < bound, "<=": new <= bound, ">": new > bound}[one.op]
    if one.op == "=" and len(given) == 3:
        return new == bound
    leading = next((at for at, part in enumerate(given, 1) if part), len(given))
    fixed = {">=": 0, "~": min(2, len(given)), "^": leading}.get(
        one.op, len(given)
    )  # how many numbers stay as they are
    return new >= bound and ours[:fixed] == given[:fixed]


def _moved_one(one: Comparator, low: Comparator | None, new: Version) -> str | None:
    if one.op in ("^", "~", "=", ">="):
        return at_precision(one.number, new)
    step = None if low is None or one.prerelease or one.op != "<" else _step(low, one)
    if step is not None:
        above = [new.major, new.minor, new.patch]
        above[step:] = [above[step] + 1, 0, 0]
        return ".".join(str(part) for part in above[: len(one.given)])
    return one.number if _takes(one, new) else None


def _step(low: Comparator, high: Comparator) -> int | None:
    """Return which of the three numbers a range counts up by one, None for any other range."""
    begin, end = ((*one.given, 0, 0, 0)[:3] for one in (low, high))
    return next(
        (at for at in range(len(low.given)) if end == (*begin[:at], begin[at] + 1, 0, 0)[:3]), None
    )
