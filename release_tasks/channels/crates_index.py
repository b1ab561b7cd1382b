"""crates.io's sparse index and its files: the published versions, their bytes and commits."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from release_tasks import http
from release_tasks.endpoints import CRATES_FILES, CRATES_INDEX
from release_tasks.errors import ReleaseError
from release_tasks.formats import unpacking
from release_tasks.memo import On, memoized_on
from release_tasks.versions.numbers import without_build

# the Cargo book, "Index Format": each means that there is no such crate
ABSENT = (404, 410, 451)
FRESH = {"Cache-Control": "no-cache"}


def path(name: str) -> str:
    """Return the path of a crate's file in the index (the Cargo book, "Index Format")."""
    low = name.lower()
    if len(low) <= 2:
        return f"{len(low)}/{low}"
    if len(low) == 3:
        return f"3/{low[0]}/{low}"
    return f"{low[:2]}/{low[2:4]}/{low}"


@memoized_on(On.REMOTE)
def lines(name: str) -> list[dict[str, Any]] | None:
    """Return the index's line for each version, or None when crates.io has no such crate.

    Raises `ReleaseError` when the index answers something else.
    """
    answer = http.get(
        f"{CRATES_INDEX}/{path(name)}", FRESH, expect=(200, *ABSENT)
    )
    if answer.status != 200:
        return None
    try:
        rows = [
            json.loads(line)
            for line in answer.body.splitlines()
            if line.strip()
        ]
    except (ValueError, RecursionError) as error:
        raise _not_an_index(answer.url) from error
    if not all(isinstance(row, dict) for row in rows):
        raise _not_an_index(answer.url)
    return rows


def readme_url(name: str, version: str) -> str:
    """Return the address of a readme as crates.io has rendered it (crates.io, `readme_path`)."""
    file = quote(f"{name}-{version}.html")
    return f"{CRATES_FILES}/readmes/{name}/{file}"


def is_rendered(url: str) -> bool:
    """Tell whether a readme is there; a bucket answers 403 for what it does not have."""
    answer = http.get(url, FRESH, (200, 403, 404), remember=False)
    return answer.status == 200


def _not_an_index(url: str) -> ReleaseError:
    return ReleaseError(
        f"{url} is not a file of the crates.io index", "try again later"
    )


def similar(name: str) -> list[str]:
    """Return the crate of the index whose name differs in case, or in all of its `-` or `_`."""
    spellings = (name, name.replace("-", "_"), name.replace("_", "-"))
    for spelling in dict.fromkeys(spellings):
        for line in lines(spelling) or ():
            known = str(line.get("name"))
            return [known] if known != name else []
    return []


def find(name: str, version: str) -> dict[str, Any] | None:
    """Return the index's line for a version, or None; crates.io ignores build metadata."""
    wanted = without_build(version)
    for line in lines(name) or ():
        if without_build(str(line.get("vers"))) == wanted:
            return line
    return None


def commit_of(name: str, version: str) -> str | None:
    """Return the commit in a published crate (40 hex digits), or None when it names none.

    Raises `ReleaseError` when the file is not a crate.
    """
    url = f"{CRATES_FILES}/crates/{name}/{quote(version)}/download"
    data = http.get(url, expect=(200,), remember=False).body
    try:
        found = unpacking.tar_file(
            data, f"{name}-{version}/.cargo_vcs_info.json"
        )
        if found is None:
            return None  # packed outside of a git repository
        return _commit_in(json.loads(found))
    except (unpacking.Unreadable, ValueError, RecursionError) as error:
        raise ReleaseError(
            f"{url} is not a crate: {error}", "try again later"
        ) from error


def _commit_in(about: Any) -> str | None:
    """Return the commit that a .cargo_vcs_info.json names, None where it names none."""
    about = about.get("git") if isinstance(about, dict) else None
    commit = about.get("sha1") if isinstance(about, dict) else None
    return commit if isinstance(commit, str) else None
