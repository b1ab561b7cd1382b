"""Version numbers: SemVer (Cargo, Helm, tags) and their PEP 440 form (PyPI)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from release_tasks.errors import ReleaseError

if TYPE_CHECKING:
    from packaging.version import Version as PythonVersion
    from semver import Version

# the prerelease identifiers that SemVer and PEP 440 sort alike, and their PEP 440 names
PRERELEASE_IDS = {"alpha": "a", "beta": "b", "rc": "rc"}
COUNTED = re.compile(r"(alpha|beta|rc)\.(0|[1-9][0-9]*)")
_NUMBER_LIMIT = 2**64  # cargo stores each number in 64 bits
_LENGTH_LIMIT = 150  # characters that crates.io accepts
_EPOCH = re.compile(r"[0-9]+!")  # PEP 440
_NEARLY = re.compile(
    r"[vV]?(?P<major>[0-9]{1,9})(?:\.(?P<minor>[0-9]{1,9}))?(?:\.(?P<patch>[0-9]{1,9}))?"
    r"(?P<rest>[-+].*)?"
)
_LONGEST_REQUIREMENT = 1000  # characters


@lru_cache(maxsize=32)  # every file of a bump asks for the same version
def parse(text: str) -> Version:
    """Return a version from its exact SemVer 2.0 text. Raises `ReleaseError` for other text."""
    from semver import Version

    try:
        version = Version.parse(text)
    except (ValueError, TypeError):
        raise _invalid(text) from None
    largest = max(version.major, version.minor, version.patch)
    if largest >= _NUMBER_LIMIT or len(text) > _LENGTH_LIMIT:
        raise ReleaseError(
            f"{text[:40]} is larger than crates.io accepts", "--version 0.2.0"
        )
    return version


def refuse_long(requirement: str) -> None:
    """Raise `ReleaseError` for a requirement that is too long to be one.

    The patterns that read them take the square of the time for twice the length.
    """
    if len(requirement) > _LONGEST_REQUIREMENT:
        raise ReleaseError(
            f"{requirement[:40]!r}... is too long for a requirement "
            f"({_LONGEST_REQUIREMENT} characters)",
            "write a requirement like 1.2",
        )


def as_version(version: str | Version) -> Version:
    """Return a version that may be given as text."""
    if isinstance(version, str):
        return parse(version)
    return version


def is_prerelease(version: str | Version) -> bool:
    """Return whether a version is a prerelease (semver.org 2.0, item 9)."""
    return bool(as_version(version).prerelease)


def without_build(version: str) -> str:
    """Return a version without build metadata, which registries and requirements ignore."""
    return version.partition("+")[0]


def pep440(version: str | Version) -> str:
    """Return the PEP 440 form of a version: `1.2.0rc1` for `1.2.0-rc.1`.

    Raises `ReleaseError` where PEP 440 has no form that sorts alike.
    """
    number = as_version(version)
    core = f"{number.major}.{number.minor}.{number.patch}"
    if number.build:
        raise ReleaseError(
            f"{number} has build metadata: PyPI accepts no local versions",
            f"--version {number.replace(build=None)}",
        )
    if not number.prerelease:
        return core
    counted = COUNTED.fullmatch(number.prerelease)
    if counted is None:
        raise ReleaseError(
            f"{number} has no PEP 440 form: {_why_not_pep440(number.prerelease)}",
            f"--version {core}-rc.1",
        )
    return f"{core}{PRERELEASE_IDS[counted[1]]}{counted[2]}"


def spellings(version: str) -> tuple[str, ...]:
    """Return how a version is written: as SemVer, and as PEP 440 where that differs."""
    try:
        return tuple(dict.fromkeys((version, pep440(version))))
    except ReleaseError:
        other = _python_version(version)  # `1.3.0-dev.0` is 1.3.0.dev0
    return (
        (version,)
        if other is None
        else tuple(dict.fromkeys((version, str(other))))
    )


def from_pep440(text: str) -> str:
    """Return the SemVer form of a PEP 440 version: `1.2.0-rc.1` for `1.2rc1`.

    Raises `ReleaseError` for a version that SemVer cannot express.
    """
    from packaging.version import InvalidVersion, Version

    try:
        found = Version(text)
    except (InvalidVersion, ValueError, TypeError):
        raise ReleaseError(
            f"`{_printable(text)}` is not a valid PEP 440 version",
            "write it as 0.2.0",
        ) from None
    extra = _not_in_semver(found)
    if extra:
        raise ReleaseError(
            f"{text} has {extra}, which SemVer does not have",
            f"write it as {_after(found)}",
        )
    major, minor, patch = (*found.release, 0, 0)[:3]
    core = f"{major}.{minor}.{patch}"
    if found.pre is None:
        return str(parse(core))
    names = {short: name for name, short in PRERELEASE_IDS.items()}
    short, count = found.pre
    return str(parse(f"{core}-{names[short]}.{count}"))


def as_semver(text: str, known: Iterable[str] = ()) -> str:
    """Return the SemVer form of a version in a Python manifest, or the text where it has none.

    What a manifest has before a bump is only replaced, so `1.3.0.dev0` need not be understood.
    If `known`, the versions of crates, has `1.3.0-dev`, which PEP 440 reads alike, it is that.
    """
    try:
        return from_pep440(text)
    except ReleaseError:
        own = _python_version(text)
        for version in known:
            if own is not None and _python_version(version) == own:
                return version
        return text


def first_numbers(text: str) -> tuple[int, ...]:
    """Return the first three numbers of a text, fewer where it has fewer."""
    return tuple(int(number) for number in re.findall(r"[0-9]+", text)[:3])


def _python_version(text: str) -> PythonVersion | None:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(text)
    except InvalidVersion:
        return None


def is_lower(version: str, present: str) -> bool:
    """Return whether a version is lower than that of a manifest, which may be any of PEP 440's."""
    try:
        return parse(version) < parse(present)
    except ReleaseError:
        new, old = _python_version(version), _python_version(present)
        return new is not None and old is not None and new < old


def _after(version: PythonVersion) -> str:
    """Return the SemVer version that is next to one that SemVer does not have."""
    major, minor, patch = (*version.release, 0, 0)[:3]
    if version.is_postrelease or len(version.release) > 3:
        patch += 1
    return f"{major}.{minor}.{patch}"


def _not_in_semver(version: PythonVersion) -> str:
    if version.epoch:
        return "an epoch"
    if version.is_postrelease:
        return "a post release"
    if version.is_devrelease:
        return "a dev release"
    if version.local:
        return "a local part"
    if len(version.release) > 3:
        return "more than three numbers"
    return ""


def _why_not_pep440(prerelease: str) -> str:
    for name in ("post", "dev"):
        if prerelease.startswith(name):
            return f"PEP 440 sorts a {name} release differently"
    return "only alpha.N, beta.N and rc.N sort alike in both"


def _invalid(text: Any) -> ReleaseError:
    if not isinstance(text, str) or not text.strip():
        return ReleaseError("no version given", "--version 0.2.0")
    nearest = _nearest(text.strip())
    reason = "SemVer has three numbers, as in 0.2.0"
    if text[:1] in "vV" and nearest == text[1:]:
        reason = "drop the `v`"
    epoch = _EPOCH.match(text.strip())
    if epoch:
        reason = "SemVer has no epochs"
        nearest = _nearest(text.strip()[epoch.end() :])
    return ReleaseError(
        f"`{_printable(text)}` is not a valid version: {reason}",
        f"--version {nearest}",
    )


def _nearest(text: str) -> str:
    """Return the valid version that is nearest to a text, or an example."""
    from semver import Version

    example = "0.2.0"
    found = _NEARLY.fullmatch(text)
    if found is None:
        return example
    numbers = found.group("major", "minor", "patch")
    core = ".".join(str(int(number or 0)) for number in numbers)
    for candidate in (core + (found["rest"] or ""), core):
        if Version.is_valid(candidate):
            return candidate
    return example


def _printable(text: object) -> str:
    shown = str(text)
    if shown.isprintable() and shown:
        return shown
    return repr(text)
