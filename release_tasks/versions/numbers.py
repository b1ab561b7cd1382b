"""Version numbers: SemVer (Cargo, Helm, tags) and their PEP 440 form (PyPI)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from release_tasks.errors import ReleaseError

if TYPE_CHECKING:
    from semver import Version

PRERELEASE_IDS = {
    "alpha": "a",
    "beta": "b",
    "rc": "rc",
}  # SemVer's usual words, and what PEP 440 calls them
COUNTED = re.compile(r"(alpha|beta|rc)\.(0|[1-9][0-9]*)")
_LARGEST = 2**64  # cargo keeps each number in 64 bits


@lru_cache(maxsize=32)  # a pin in every file names the same version
def parse(text: str) -> Version:
    """Return a version from its exact SemVer 2.0 text; raise `ReleaseError` for anything else."""
    from semver import Version

    try:
        version = Version.parse(text)
    except (ValueError, TypeError):
        raise ReleaseError(*_not_a_version(text)) from None
    if max(version.major, version.minor, version.patch) >= _LARGEST or len(text) > 150:
        raise ReleaseError(f"{text[:40]} is larger than crates.io accepts", "--version 0.2.0")
    return version


def as_version(version: str | Version) -> Version:
    """Return a version that may still be text."""
    return parse(version) if isinstance(version, str) else version


def is_prerelease(version: str | Version) -> bool:
    """Tell whether a version comes before its own final release (semver.org 2.0 item 9)."""
    return bool(as_version(version).prerelease)


def pep440(version: str | Version) -> str:
    """Return the PEP 440 form (`1.2.0-rc.1` is `1.2.0rc1`); raise `ReleaseError` where none sorts alike."""
    number = as_version(version)
    core = f"{number.major}.{number.minor}.{number.patch}"
    if number.build:
        reason = "PyPI takes no local versions"
        raise ReleaseError(
            f"{number} has build metadata: {reason}", f"--version {number.replace(build=None)}"
        )
    if not number.prerelease:
        return core
    counted = COUNTED.fullmatch(number.prerelease)
    if counted is None:
        raise ReleaseError(
            f"{number} has no PEP 440 form: {_reason(number.prerelease)}", f"--version {core}-rc.1"
        )
    return f"{core}{PRERELEASE_IDS[counted[1]]}{counted[2]}"


def spellings(version: str) -> tuple[str, ...]:
    """Return the ways to write a version: as SemVer, and in PEP 440 form where it has one that differs."""
    try:
        return tuple(dict.fromkeys((version, pep440(version))))
    except ReleaseError:
        return (version,)


def from_pep440(text: str) -> str:
    """Return the SemVer of a PEP 440 version (`1.2rc1` is `1.2.0-rc.1`); raise `ReleaseError` for none."""
    from packaging.version import InvalidVersion, Version

    try:
        found = Version(text)
    except (InvalidVersion, ValueError, TypeError):
        raise ReleaseError(f"{_shown(text)} is no PEP 440 version", "write it as 0.2.0") from None
    given = {
        "an epoch": found.epoch,
        "a post release": found.is_postrelease,
        "a dev release": found.is_devrelease,
        "a local part": found.local,
    }
    lacking = [what for what, is_there in given.items() if is_there]
    if lacking or len(found.release) > 3:
        raise ReleaseError(
            f"{text} has {(*lacking, 'more than three numbers')[0]}, unlike SemVer",
            "write it as 0.2.0",
        )
    words = {short: word for word, short in PRERELEASE_IDS.items()}
    core = ".".join(str(number) for number in (*found.release, 0, 0)[:3])
    return str(parse(f"{core}-{words[found.pre[0]]}.{found.pre[1]}" if found.pre else core))


def _shown(text: object) -> str:
    return repr(text) if not text or not str(text).isprintable() else str(text)


def _not_a_version(text: str) -> tuple[str, str]:
    from semver import Version

    if not isinstance(text, str) or not text.strip():
        return "the version is empty", "--version 0.2.0"
    numbers = re.fullmatch(
        r"[vV]?([0-9]{1,9})(?:\.([0-9]{1,9}))?(?:\.([0-9]{1,9}))?([-+].*)?", text.strip()
    )
    nearest = ".".join(str(int(number or 0)) for number in numbers.groups()[:3]) if numbers else ""
    rest = (numbers and numbers[4]) or ""
    better = next((one for one in (nearest + rest, nearest) if Version.is_valid(one)), "0.2.0")
    return f"{_shown(text)} is no version (SemVer: three numbers, no v)", f"--version {better}"


def _reason(prerelease: str) -> str:
    for word in ("post", "dev"):
        if prerelease.startswith(word):
            return f"PEP 440 sorts a {word} release elsewhere than SemVer"
    return "only alpha.N, beta.N and rc.N sort alike in both"
