"""Version requests: `0.2.0`, a level such as `minor`, or `core=0.5.0,python=rc`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_tasks.errors import ReleaseError
from release_tasks.versions.numbers import COUNTED, PRERELEASE_IDS, parse

if TYPE_CHECKING:
    from semver import Version

AUTO = "auto"  # the level that `inv next` suggests
LEVELS = ("major", "minor", "patch", "prerelease", "release")


def next_version(current: str, request: str) -> str:
    """Return the version that a request means after `current`. A version means itself.

    - `major`, `minor` and `patch` finish a prerelease that was made for them: `minor` after
      `1.2.0-rc.1` is `1.2.0`.
    - `prerelease` counts up, or starts `-rc.1` of the next patch.
    - `alpha`, `beta` and `rc` do the same with that identifier.
    - `release` drops the prerelease.
    """
    if not is_level(request):
        return str(_parse(request))
    now = parse(current).replace(build=None)
    if request == "release":
        following = _finished(now)
    elif request == "prerelease":
        following = _counted(now, None)
    elif request in PRERELEASE_IDS:
        following = _counted(now, request)
    else:
        following = _raised(now, request)
    return str(parse(str(following)))


def matches_level(version: str, level: str) -> bool:
    """Return whether a level can have given this version, whatever the version before it was."""
    number = parse(version)
    if number.prerelease:
        return level == "prerelease" or number.prerelease.startswith(
            f"{level}."
        )
    if level == "release":
        return True
    if number.patch:
        return level == "patch"
    if number.minor:
        return level == "minor"
    return level == "major"


def parse_request(text: str) -> dict[str | None, str]:
    """Return the version or level of each component in `core=0.5.0,python=minor`.

    A request without components has the key None.
    """
    if "=" not in text and "," not in text:
        return {None: _checked(text)}
    requests: dict[str | None, str] = {}
    for part in text.split(","):
        name, equals, value = part.strip().partition("=")
        if not name or not equals:
            raise ReleaseError(
                f"`{part}` has no component name",
                "--version core=0.5.0,python=minor",
            )
        if name in requests:
            raise ReleaseError(
                f"{name} appears twice in {text}", f"--version {name}={value}"
            )
        requests[name] = _checked(value)
    return requests


def is_level(request: str) -> bool:
    """Tell whether a request is a word, such as `minor`, that counts from what is public."""
    return request in LEVELS or request in PRERELEASE_IDS


def _checked(value: str) -> str:
    if is_level(value) or value == AUTO:
        return value
    return str(_parse(value))


def _parse(text: str) -> Version:
    try:
        return parse(text)
    except ReleaseError as error:
        levels = ", ".join((*LEVELS, AUTO))
        raise ReleaseError(
            error.problem, f"{error.fix}, or a level: {levels}"
        ) from None


def _finished(now: Version) -> Version:
    if not now.prerelease:
        raise ReleaseError(
            f"{now} is not a prerelease", "--version patch, minor or major"
        )
    return now.finalize_version()


def _raised(now: Version, level: str) -> Version:
    finished = now.finalize_version()
    numbers = (now.major, now.minor, now.patch)
    below = numbers[LEVELS.index(level) + 1 :]
    if now.prerelease and not any(below):
        return finished
    raised: Version = getattr(finished, f"bump_{level}")()
    return raised


def _counted(now: Version, identifier: str | None) -> Version:
    """Return the next prerelease; None for `identifier` keeps the present one."""
    if not now.prerelease:
        return now.bump_patch().replace(prerelease=f"{identifier or 'rc'}.1")
    counted = COUNTED.fullmatch(now.prerelease)
    if counted is None:
        raise ReleaseError(
            f"{now} has no counter to raise",
            f"--version {now.finalize_version()}-rc.1, or release",
        )
    present, count = counted.groups()
    if identifier in (None, present):
        return now.replace(prerelease=f"{present}.{int(count) + 1}")
    following = now.replace(prerelease=f"{identifier}.1")
    if following < now:
        raise ReleaseError(
            f"{following} is lower than {now}",
            "--version prerelease, rc or release",
        )
    return following
