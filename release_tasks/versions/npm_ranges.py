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
_HYPHEN = re.compile(r"([0-9][0-9A-Za-z.*+-]*)\s+-\s+([0-9][0-9A-Za-z.*+-]*)")
_OPERATOR = re.compile(r"([\^~=<>]=?)\s+")
_FULL = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.+-]+)?")
_PART = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def followed(text: str, version: str, present: str | None) -> str:
    """Return what a dependency's range becomes when the sibling gets a new version.

    `1.2.3`, `^1.2.3`, `~1.2.3` with the whole `present` version follow, also behind `workspace:`
    and `npm:NAME@`. Others are bounds, and stay as long as they admit the new version; of several
    ranges (`||`), one has to. Tags, URLs and paths stay. Raises `ReleaseError` where the range
    cannot admit the version.
    """
    refuse_long(text)
    prefix = _PREFIX.match(text)
    start = prefix.end() if prefix else 0
    pieces = re.split(r"(\s+)", text[start:])  # with what is between
    rows = [_as_cargo(piece) for piece in pieces[::2]]
    comparators = [row for row in rows if row is not None]
    if len(comparators) != len(rows):
        _require_one(text[start:].split("||"), version)
        return text
    try:
        new = requirements.followed(",".join(comparators), version, present)
    except ReleaseError as error:
        raise ReleaseError(error.problem.replace(",", " "), error.fix) from None
    for index, after in enumerate(new.split(",")):
        pieces[index * 2] = _as_npm(pieces[index * 2], after)
    return text[:start] + "".join(pieces)


def _require_one(ranges: list[str], version: str) -> None:
    """Raise `ReleaseError` where none of several ranges admits a version."""
    for one in ranges:
        joined = _OPERATOR.sub(r"\1", _HYPHEN.sub(r">=\1 <=\2", one))
        rows = [_as_cargo(piece) for piece in joined.split()]
        known = [row for row in rows if row is not None]
        is_understood = rows and len(known) == len(rows)
        if not is_understood or requirements.admits(",".join(known), version):
            return
    raise ReleaseError(
        f"`{'||'.join(ranges)}` does not admit {version}",
        f'add a range that does: "{"||".join(ranges)} || ^{version}"',
    )


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
