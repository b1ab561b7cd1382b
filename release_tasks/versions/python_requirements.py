"""Requirements of Python packages on siblings, updated with their operators and precision kept.

The rules: PEP 508 (requirements), PEP 440 (version specifiers); Poetry's `^` and `~` are those of
cargo.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from release_tasks.errors import ReleaseError
from release_tasks.versions import requirements
from release_tasks.versions.numbers import parse, pep440, refuse_long

if TYPE_CHECKING:
    from packaging.version import Version

_REQUIREMENT = re.compile(
    r"\s*(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*\(?\s*"
    r"(?P<specifiers>(?:===|[=~!<>]=|[<>])[^;()#]*?)?\s*\)?\s*(?:[;#].*)?",
    re.S,
)
_CLAUSE = re.compile(
    r"\s*(?P<operator>===|[=~!<>]=|[<>]|)\s*(?P<number>[^\s,=~!<>]+)\s*"
)
_EXTRA = re.compile(r"\bextra == \"([^\"]+)\"")
_COPIES = ("===", "==", "~=", "")  # Poetry's plain number is exact


class Requirement(NamedTuple):
    """A requirement on a package, and where its specifiers are in the text."""

    name: str
    specifiers: str  # "" where every version is accepted
    start: int
    end: int


class _Clause(NamedTuple):
    """One part of a specifier, such as `>=0.3`."""

    operator: str
    number: str  # as written

    @property
    def version(self) -> Version:
        from packaging.version import Version

        return Version(self.number.removesuffix(".*"))

    @property
    def numbers(self) -> tuple[int, ...]:
        """Return the numbers of the release, as many as are written."""
        return self.version.release[:3]


def read(text: str) -> Requirement | None:
    """Return a requirement, None for a text that is none, or that has a URL."""
    found = _REQUIREMENT.fullmatch(text)
    if found is None:
        return None
    specifiers = found["specifiers"]
    if specifiers is None:
        return Requirement(
            found["name"], "", found.end("name"), found.end("name")
        )
    return Requirement(found["name"], specifiers, *found.span("specifiers"))


def followed(specifiers: str, version: str, present: str | None) -> str:
    """Return what specifiers become when the sibling that they are on gets a new version.

    `version` and `present` are SemVer. `==`, `===` and `~=` with the whole `present` version
    follow. Others are bounds, and stay as long as they admit the new version. Raises `ReleaseError`
    where specifiers of this form cannot admit it.
    """
    refuse_long(specifiers)
    if specifiers.startswith("^") or re.match(r"~[^=]", specifiers):
        return _followed_like_cargo(specifiers, version, present)
    if not specifiers.strip() or specifiers.strip() == "*":
        return specifiers
    if not _copies(specifiers, present) and admits(specifiers, version):
        return specifiers
    result = _updated(specifiers, version)
    if not admits(result, version):
        raise _not_admitted(specifiers, version)
    return result


def admits(specifiers: str, version: str) -> bool:
    """Return whether a SemVer version satisfies specifiers; False for invalid ones."""
    refuse_long(specifiers)
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    if re.match(r"\s*[0-9]", specifiers):
        specifiers = f"=={specifiers.strip()}"
    try:
        return SpecifierSet(specifiers).contains(
            pep440(version), prereleases=True
        )
    except InvalidSpecifier:
        return False


def is_above(specifiers: str, version: str) -> bool:
    """Return whether specifiers ask for more than a SemVer version; False for invalid ones."""
    from packaging.version import InvalidVersion, Version

    refuse_long(specifiers)
    if specifiers.startswith("^") or re.match(r"~[^=]", specifiers):
        return requirements.is_above(specifiers, version)
    new = Version(pep440(version))
    try:
        return any(
            clause.operator not in ("<", "<=", "!=") and clause.version > new
            for clause in _clauses(specifiers)
        )
    except InvalidVersion:
        return False


def unmet(
    rows: Iterable[str], versions: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield normalized name and specifiers of requirements that none of the `versions` satisfies.

    `rows` are those of Requires-Dist, `versions` are SemVer by normalized name. A package may be
    required several times, under markers: then one of them has to fit, among those without an
    extra, and among those of each extra. Rows that are not valid are left out.
    """
    refused: dict[tuple[str, str], str] = {}
    met = set()
    for name, extra, specifiers in _required(rows):
        new = versions.get(name)
        if not specifiers or new is None or admits(specifiers, new):
            met.add((name, extra))
        else:
            refused.setdefault((name, extra), specifiers)
    for key, specifiers in refused.items():
        if key not in met:
            yield key[0], specifiers


def _required(rows: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Yield normalized name, extra and specifiers of each row that is valid."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    for row in rows:
        try:
            found = Requirement(row)
        except InvalidRequirement:
            continue
        extra = _EXTRA.search(str(found.marker or ""))
        name = str(canonicalize_name(found.name))
        yield name, extra[1] if extra else "", str(found.specifier)


def _followed_like_cargo(
    specifiers: str, version: str, present: str | None
) -> str:
    """Return Poetry's `^1.2` for a new version; a prerelease is written as PEP 440 has it."""
    plain = requirements.followed(specifiers, version, present)
    if plain != specifiers and parse(version).prerelease:
        return plain.replace(version, pep440(version))
    return plain


def _copies(specifiers: str, present: str | None) -> bool:
    from packaging.version import InvalidVersion, Version

    clauses = _clauses(specifiers)
    if (
        present is None
        or len(clauses) != 1
        or clauses[0].operator not in _COPIES
    ):
        return False
    [clause] = clauses
    try:
        is_whole = not clause.number.endswith("*") and len(clause.numbers) == 3
        return is_whole and clause.version == Version(pep440(present))
    except (InvalidVersion, ReleaseError):
        return False


def _clauses(specifiers: str) -> list[_Clause]:
    found = []
    for piece in specifiers.split(","):
        clause = _CLAUSE.fullmatch(piece)
        if clause is None:
            return []
        found.append(_Clause(clause["operator"], clause["number"]))
    return found


def _updated(specifiers: str, version: str) -> str:
    from packaging.version import InvalidVersion

    clauses = _clauses(specifiers)
    low = next((one for one in clauses if one.operator in (">=", ">")), None)
    result = []
    try:
        for piece, clause in zip(specifiers.split(","), clauses, strict=False):
            number = _updated_number(clause, low, version)
            result.append(piece.replace(clause.number, number, 1))
    except (InvalidVersion, ValueError):
        raise _not_admitted(specifiers, version) from None
    return ",".join(result)


def _updated_number(clause: _Clause, low: _Clause | None, version: str) -> str:
    new = parse(version)
    numbers = (new.major, new.minor, new.patch)
    length = len(clause.numbers)
    if clause.operator in _COPIES and clause.number.endswith(".*"):
        return ".".join(map(str, numbers[:length])) + ".*"
    if clause.operator in ("==", "===", ""):
        return pep440(version)
    if clause.operator in ("~=", ">="):
        if new.prerelease or (clause.operator == "~=" and length < 2):
            return pep440(version)
        return ".".join(map(str, numbers[:length]))
    if (
        clause.operator == "<"
        and low
        and not admits(f"<{clause.number}", version)
    ):
        return _moved_end(low, clause, numbers)
    return clause.number


def _moved_end(
    low: _Clause, high: _Clause, numbers: tuple[int, int, int]
) -> str:
    """Return the end of a range that counts up by one: `<0.5` for `>=0.3,<0.4` and 0.4.0."""
    begin = (*low.numbers, 0, 0, 0)[:3]
    end = (*high.numbers, 0, 0, 0)[:3]
    for index in range(3):
        step = (*begin[:index], begin[index] + 1, 0, 0)[:3]
        if end == step:
            moved = (*numbers[:index], numbers[index] + 1, 0, 0)
            length = max(len(high.numbers), index + 1)
            return ".".join(map(str, moved[:length]))
    return high.number


def _not_admitted(specifiers: str, version: str) -> ReleaseError:
    wanted = pep440(version)
    return ReleaseError(
        f"`{specifiers.strip()}` does not admit {wanted}", f'write "=={wanted}"'
    )
