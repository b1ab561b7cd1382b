"""crates.io's sparse index and its files: which versions there are, with which bytes, from which commit."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import Any
from urllib.parse import quote

from release_tasks import http
from release_tasks.endpoints import CRATES_FILES, CRATES_INDEX
from release_tasks.errors import ReleaseError
from release_tasks.memo import On, memoized_on

ABSENT = (404, 410, 451)  # the Cargo book, "Index Format": each says that there is no such crate
FRESH = {"Cache-Control": "no-cache"}


def path(name: str) -> str:
    """Return where the index keeps a crate (the Cargo book, "Index Format")."""
    low = name.lower()
    if len(low) <= 2:
        return f"{len(low)}/{low}"
    return f"3/{low[0]}/{low}" if len(low) == 3 else f"{low[:2]}/{low[2:4]}/{low}"


@memoized_on(On.REMOTE)
def lines(name: str) -> list[dict[str, Any]] | None:
    """Return one line for each version of a crate, or None for a name that crates.io does not have."""
    answer = http.get(f"{CRATES_INDEX}/{path(name)}", FRESH, expect=(200, *ABSENT))
    if answer.status != 200:
        return None
    try:
        return [dict(json.loads(line)) for line in answer.body.splitlines() if line.strip()]
    except (ValueError, TypeError) as error:
        raise ReleaseError(f"{answer.url} is no page of the index", "try again later") from error


def find(name: str, version: str) -> dict[str, Any] | None:
    """Return the index's line for a version, or None; crates.io ignores build metadata."""
    wanted = version.split("+")[0]
    return next(
        (line for line in lines(name) or () if str(line.get("vers")).split("+")[0] == wanted), None
    )


def commit_of(name: str, version: str) -> str | None:
    """Return the commit that a published crate says it was made from, or None where it says none."""
    url = f"{CRATES_FILES}/crates/{name}/{quote(version)}/download"
    data = http.get(url, expect=(200,), remember=False).body
    try:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
            file = archive.extractfile(f"{name}-{version}/.cargo_vcs_info.json")
            return str(json.load(file)["git"]["sha1"]) if file else None
    except KeyError:
        return None  # packed outside of git
    except (OSError, EOFError, ValueError, tarfile.TarError) as error:
        raise ReleaseError(f"{url} is no crate: {error}", "try again later") from error
