"""Cargo's version requirements, moved to a new version with their operators and precision kept."""

from __future__ import annotations

import re

from semver import Version

from release_tasks.errors import ReleaseError
from release_tasks.project.numbers import parse

_COMPARATOR = re.compile(
    r"\s*(?P<op>[\^~=]|[<>]=?)?\s*"
    r"(?P<number>\*|[xX]|[0-9]{1,19}(?:\.(?:[0-9]{1,19}|[*xX])){0,2}(?P<suffix>(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?))\s*"
)
_WILD = ("*", "x", "X")
Three = tuple[int, int, int]


def moved(requirement: str, version: str) -> str:
    """Return the requirement for a new version of the crate (`^0.1` for 0.2.0 is `^0.2`).

    A range moves as a whole: `>=0.1, <0.2` becomes `>=0.2, <0.3`. Raises `ReleaseError` where the form
    cannot admit the version (doc.rust-lang.org/cargo/reference/specifying-dependencies.html).
    """
    new = parse(version)
    pieces = requirement.split(",")
    found = [_COMPARATOR.fullmatch(piece) for piece in pieces]
    known = [match for match in found if match is not None]
    if len(known) != len(pieces):
        raise ReleaseError(f"{requirement!r} is no requirement that cargo reads", f'write "{version}"')
    low = next((match["number"] for match in known if match["op"] in (">=", ">")), None)
    if new.prerelease and all(match["op"] in ("<", "<=", ">") for match in known):
        raise ReleaseError(f"{requirement!r} admits no prerelease", f'write "{version}" by hand first')
    result = []
    for piece, match in zip(pieces, known, strict=True):
        number = _moved_one(match["op"] or "^", match["number"], match["suffix"] or "", low, new)
        if number is None:
            raise ReleaseError(f"{requirement!r} does not admit {version}", f'write "{version}" by hand first')
        result.append(piece[:match.start("number")] + number + piece[match.end("number"):])
    return ",".join(result)


def admits(requirement: str, version: str) -> bool:
    """Tell whether cargo takes a version for a requirement; one that it cannot read admits nothing."""
    new = parse(version)
    found = [_COMPARATOR.fullmatch(piece) for piece in requirement.split(",")]
    # a prerelease has to be asked for, by one of the same three numbers
    asked = [m for m in found if m and "-" in (m["suffix"] or "") and _three(m["number"]) == (new.major, new.minor, new.patch)]
    return bool(asked or not new.prerelease) and all(m and _takes(m["op"] or "^", m["number"], m["suffix"] or "", new) for m in found)


def at_precision(old: str, new: Version) -> str | None:
    """Return a version with as many numbers as `old` has; a prerelease always has all three.

    `*` stays; the answer is None for a prerelease that a `*` would leave out. Build metadata is left out,
    because cargo ignores it in a requirement.
    """
    parts = old.partition("-")[0].partition("+")[0].split(".")
    if new.prerelease:
        return None if set(parts) & set(_WILD) else str(new.replace(build=None))
    numbers = (str(new.major), str(new.minor), str(new.patch))
    return ".".join(part if part in _WILD else number for part, number in zip(parts, numbers, strict=False))


def _takes(op: str, number: str, suffix: str, new: Version) -> bool:
    if op in ("<", "<=", ">"):
        return _admits(op, number, suffix, new)
    given = tuple(int(part) for part in number.partition("-")[0].partition("+")[0].split(".") if part.isdecimal())
    leading = next((at for at, part in enumerate(given, 1) if part), len(given))
    fixed = {">=": 0, "~": min(2, len(given)), "^": leading}.get(op, len(given))  # how many numbers stay as they are
    bound = _bound(number, suffix)
    is_exact = op == "=" and len(given) == 3
    return (new == bound if is_exact else new >= bound) and (new.major, new.minor, new.patch)[:fixed] == given[:fixed]


def _bound(number: str, suffix: str) -> Version:
    bound = Version(*_three(number))
    return bound.replace(prerelease=suffix[1:].partition("+")[0]) if suffix.startswith("-") else bound


def _moved_one(op: str, number: str, suffix: str, low: str | None, new: Version) -> str | None:
    if op in ("^", "~", "=", ">="):
        return at_precision(number, new)
    step = None if low is None or suffix or op != "<" else _step(_three(low), _three(number), low.count("."))
    if step is not None:
        above = [new.major, new.minor, new.patch]
        above[step:] = [above[step] + 1, 0, 0]
        return ".".join(str(part) for part in above[:number.count(".") + 1])
    return number if _admits(op, number, suffix, new) else None


def _step(low: Three, high: Three, precision: int) -> int | None:
    for step in range(precision + 1):
        if high == (*low[:step], low[step] + 1, 0, 0)[:3]:
            return step
    return None


def _admits(op: str, number: str, suffix: str, new: Version) -> bool:
    bound = _bound(number, suffix)
    precise = number.count(".") == 2
    if op == "<":
        return new < bound
    if op == "<=" and precise:
        return new <= bound
    if op == ">" and precise:
        return new > bound
    ours, theirs = (new.major, new.minor, new.patch), _three(number)
    length = number.count(".") + 1
    return ours[:length] > theirs[:length] if op == ">" else ours[:length] <= theirs[:length]


def _three(number: str) -> Three:
    plain = number.partition("-")[0].partition("+")[0].split(".")
    a, b, c = (int(part) if part.isdecimal() else 0 for part in (*plain, "0", "0")[:3])
    return a, b, c
