"""Files of any size from elsewhere: fetched once, in pieces, and only with the bytes that are expected."""

from __future__ import annotations

import re
from pathlib import Path

from release_tasks import files, http, terminal
from release_tasks.errors import ReleaseError

PIECE = 16 << 20  # bytes asked for at a time (RFC 9110, range requests)
TRIES = 3  # for a piece that is cut in the middle


def fetch(url: str, sha256: str, path: Path) -> Path:
    """Bring a file to `path` and return that; what an earlier run has fetched is kept and gone on with.

    `sha256` are 64 hex digits. Raises `ReleaseError` for other bytes, which are removed, and where the server gives no more.
    """
    if path.exists() and files.sha256(path) == sha256:
        return path
    half = path.with_name(f"{path.name}.part")
    while not _grow(url, half):
        terminal.pause(0)  # raises once the release is interrupted
    if (there := files.sha256(half)) != sha256:
        files.remove(half)
        raise ReleaseError(
            f"{url} has the sha256 {there}, not {sha256}",
            "look who changed it; the settings take what is right",
        )
    files.move(half, path)
    return path


def _grow(url: str, half: Path) -> bool:
    """Fetch one more piece, and tell whether that was the last."""
    size = half.stat().st_size if half.exists() else 0
    answer = _piece(url, size)
    if answer.status == 200:  # a server that knows no ranges sends all
        files.write_bytes(half, answer.body)
        return True
    if answer.status == 416:  # nothing is left
        files.append(half, b"")
        return True
    total = re.fullmatch(r"bytes \d+-\d+/(\d+)", answer.headers.get("content-range", ""))
    if not size:
        terminal.say(f"{url} is fetched{f', {int(total[1]) / 1e6:.1f} MB' if total else ''}")
    files.append(half, answer.body)
    return total is not None and half.stat().st_size >= int(total[1])


def _piece(url: str, start: int) -> http.Answer:
    headers = {"Range": f"bytes={start}-{start + PIECE - 1}", "Accept-Encoding": "identity"}
    for _ in range(TRIES - 1):
        try:
            return http.get(url, headers, (200, 206, 416), remember=False)
        except ReleaseError:
            terminal.pause(0.3)
    return http.get(url, headers, (200, 206, 416), remember=False)
