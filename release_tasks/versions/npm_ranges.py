"""npm's version ranges on siblings, updated with their operators and precision kept.

The rules: docs.npmjs.com/cli/configuring-npm/package-json#dependencies, github.com/npm/node-semver,
pnpm.io/workspaces (`workspace:`).
"""

from __future__ import annotations

import re

from release_tasks.errors import ReleaseError
from release_tasks.versions import requirements
from release_tasks.versions.numbers import refuse_long

_PREFIX = re.compile(r"(?:workspace:|npm:(?:@[^/]+/)?[^@/]+@)?")
_FULL = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.+-]+)?")
_PART = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def followed(text: str, version: str, present: str | None) -> str:
    """Return what a dependency's range becomes when the sibling gets a new version.

    `1.2.3`, `^1.2.3`, `~1.2.3` with the whole `present` version follow, also behind `workspace:`
    and `npm:NAME@`. Others are bounds, and stay as long as they admit the new version. Tags, URLs,
    paths, `||` and `1 - 2` stay. Raises `ReleaseError` where the range cannot admit the version.
    """
    refuse_long(text)
    prefix = _PREFIX.match(text)
    start = prefix.end() if prefix else 0
    pieces = re.split(r"(\s+)", text[start:])  # with what is between
    rows = [_as_cargo(piece) for piece in pieces[::2]]
    comparators = [row for row in rows if row is not None]
    if len(comparators) != len(rows):
        return text
    try:
        new = requirements.followed(",".join(comparators), version, present)
    except ReleaseError as error:
        raise ReleaseError(error.problem.replace(",", " "), error.fix) from None
    for index, after in enumerate(new.split(",")):
        pieces[index * 2] = _as_npm(pieces[index * 2], after)
    return text[:start] + "".join(pieces)


def _as_cargo(comparator: str) -> str | None:
    """Return a comparator as cargo writes it: a plain `1.2.3` is exact for npm, not `^1.2.3`."""
    if _FULL.fullmatch(comparator):
        return f"={comparator}"
    if _PART.fullmatch(comparator):
        return f"{comparator}.*"
    if re.fullmatch(r"(?:[\^~=]|[<>]=?)?[0-9xX*][0-9A-Za-z.*+-]*", comparator):
        return comparator
    return None


def _as_npm(before: str, after: str) -> str:
    if _FULL.fullmatch(before):
        return after.removeprefix("=")
    if _PART.fullmatch(before):
        return after.removesuffix(".*")
    return after
