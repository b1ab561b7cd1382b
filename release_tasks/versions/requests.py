"""Versions: what a request such as `minor` or `core=0.5.0,python=rc` asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_tasks.errors import ReleaseError
from release_tasks.versions.numbers import COUNTED, PRERELEASE_IDS, parse

if TYPE_CHECKING:
    from semver import Version

WORDS = ("major", "minor", "patch", "prerelease", "release")


def next_version(current: str, word: str) -> str:
    """Return the version that `word` means after `current`; a version means itself.

    `major`, `minor` and `patch` finish a prerelease that already stands for them (`1.2.0-rc.1` and
    `minor` is `1.2.0`); `prerelease` counts on, or begins `-rc.1` of the next patch; `alpha`, `beta` and
    `rc` choose the counter; `release` drops the prerelease.
    """
    if word not in WORDS and word not in PRERELEASE_IDS:
        return str(_request(word))
    now = parse(current).replace(build=None)
    if word in PRERELEASE_IDS or word == "prerelease":
        following = _counted(now, None if word == "prerelease" else word)
    elif word == "release":
        if not now.prerelease:
            raise ReleaseError(f"{current} is a release already", "--version patch, minor or major")
        following = now.finalize_version()
    else:
        following = now.finalize_version()
        parts = (now.major, now.minor, now.patch)
        if not now.prerelease or any(parts[WORDS.index(word) + 1 :]):
            following = getattr(following, f"bump_{word}")()
    return str(parse(str(following)))


def matches_level(version: str, word: str) -> bool:
    """Tell whether a word can have given this version, whatever came before it."""
    number = parse(version)
    if number.prerelease:
        return word == "prerelease" or number.prerelease.startswith(f"{word}.")
    return word in ("release", "patch" if number.patch else "minor" if number.minor else "major")


def parse_request(text: str) -> dict[str | None, str]:
    """Return component -> version or word from `core=0.5.0,python=minor`; a single one has the key None."""
    if "=" not in text and "," not in text:
        return {None: _checked(text)}
    wanted: dict[str | None, str] = {}
    for part in text.split(","):
        name, equals, value = part.strip().partition("=")
        if not name or not equals:
            raise ReleaseError(f"{part!r} names no component", "--version core=0.5.0,python=minor")
        if name in wanted:
            raise ReleaseError(f"{name} is named twice in {text}", f"--version {name}={value}")
        wanted[name] = _checked(value)
    return wanted


def _checked(value: str) -> str:
    return value if value in WORDS or value in PRERELEASE_IDS else str(_request(value))


def _request(word: str) -> Version:
    try:
        return parse(word)
    except ReleaseError as error:
        raise ReleaseError(error.problem, f"{error.fix}, or one of {', '.join(WORDS)}") from None


def _counted(now: Version, word: str | None) -> Version:
    counted = COUNTED.fullmatch(now.prerelease or "")
    if now.prerelease and counted is None:
        raise ReleaseError(
            f"{now} has no counter to raise", f"--version {now.finalize_version()}-rc.1, or release"
        )
    if counted is None:
        return now.bump_patch().replace(prerelease=f"{word or 'rc'}.1")
    count = int(counted[2]) + 1 if word in (None, counted[1]) else 1
    following = now.replace(prerelease=f"{word or counted[1]}.{count}")
    if following < now:
        raise ReleaseError(
            f"{following} is lower than {now}", "--version prerelease, rc or release"
        )
    return following
