"""A bump from the request to its report, while cargo already reads the workspace."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from release_tasks import terminal
from release_tasks.project import discovery
from release_tasks.tools import git
from release_tasks.tools.git import known_tags

if TYPE_CHECKING:
    from release_tasks.bumping.bump import Bumped


def set_version(
    c: Context, request: str, component: str | None, shows: bool = False
) -> dict[str, Any]:
    """Edit every file that contains the version, and return the report that `--json` prints.

    With `shows` the versions that the files have then are read again, and printed.

    Nothing is edited when the tag exists. Where origin cannot be read, the tags that are here
    count, and that is said. Raises `ReleaseError` for a bad request, and before
    anything is written when a file cannot be edited.
    """
    discovery.prefetch(git.top(Path.cwd()))  # as slow as the imports below
    with known_tags.accept_local():
        done = _write(c, request, component)
        versions = _present(c, request, component) if shows else []
    gc.freeze()  # else Python scans the metadata of every crate three more times before it ends
    return _report(done, versions)


def _write(c: Context, request: str, component: str | None) -> Bumped:
    from release_tasks.bumping import bump
    from release_tasks.project.version_levels import resolve
    from release_tasks.release import Release
    from release_tasks.versions import requests

    wanted = resolve(request, component)
    release = Release.at(c, wanted, component)
    if release.is_tagged:
        place = f"{release.parts[0].tag} is at {release.commit[:7]}"
        terminal.say(f"nothing to do, {place}")
        if requests.is_level(request):
            terminal.say(
                f"for the next {request} commit first, or give its version"
            )
        return bump.Bumped()
    return bump.write(c, release)


def _present(
    c: Context, request: str, component: str | None
) -> list[dict[str, Any]]:
    """Print each version in the files of the checkout, and return these for `--json`."""
    from release_tasks.bumping import bump
    from release_tasks.project.version_levels import resolve
    from release_tasks.release import Release

    release = Release.at(c, resolve(request, component), component)
    rows = []
    for path, (line, what, version) in bump.present_versions(release):
        terminal.notice(f"{path}:{line}: {what} is {version}")
        rows.append(
            {"file": path, "line": line, "what": what, "version": version}
        )
    return rows


def _report(done: Bumped, versions: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what was done, in the shape that docs/json.md describes."""
    mismatches = [
        {
            "file": copy.path,
            "line": copy.line,
            "found": copy.found,
            "expected": copy.expected,
        }
        for copy in done.mismatches
    ]
    stale = [
        {"file": line.path, "line": line.line, "text": line.text}
        for line in done.stale
    ]
    return {
        "files": list(done.files),
        "mismatches": mismatches,
        "stale": stale,
        "versions": versions,
    }
