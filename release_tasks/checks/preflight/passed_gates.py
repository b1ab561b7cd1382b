"""Which gates have passed for a commit: `dist/<tag>/gates.json`, read when a release is resumed."""

from __future__ import annotations

import json
from collections.abc import Iterable

from release_tasks import dist, files, terminal
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import git


def record(release: Release, names: Iterable[str]) -> None:
    """Write that gates have passed for the commit of a release."""
    for part in release.parts:
        _write(part, release.commit, sorted(names))


def have_passed(release: Release, names: Iterable[str]) -> bool:
    """Tell whether all of these gates have passed for the commit of a release, on this machine."""
    wanted = set(names)
    for part in release.parts:
        commit, passed = _read(part)
        if commit != release.commit or not wanted <= set(passed):
            return False
    return True


def carry_over(release: Release) -> None:
    """Let the release commit have the gates of the commit that it was made from.

    `release` is the one before the commit, which changes nothing but what the bump wrote.
    """
    head = git.head(release.checkout)
    for part in release.parts:
        commit, passed = _read(part)
        if commit == release.commit != head:
            _write(part, head, passed)


def _write(part: ComponentRelease, commit: str, names: list[str]) -> None:
    text = json.dumps({"commit": commit, "gates": names}, indent=1) + "\n"
    files.write_bytes(dist.folder(part) / dist.GATES, text.encode())


def _read(part: ComponentRelease) -> tuple[str, list[str]]:
    """Return the commit and the gates that have passed for it, an empty text without a record."""
    path = part.dist / dist.GATES
    if not path.exists():
        return "", []
    try:
        found = json.loads(path.read_bytes())
        return str(found["commit"]), [str(name) for name in found["gates"]]
    except (ValueError, KeyError, TypeError):
        terminal.say(f"{path} cannot be read: the gates run again")
        return "", []
