"""Files of any size are downloaded once, in pieces, and checked by their sha256."""

from __future__ import annotations

import re
from pathlib import Path

from release_tasks import files, http, terminal
from release_tasks.errors import ReleaseError

PIECE = 16 << 20  # bytes asked for at a time (RFC 9110, range requests)
TRIES = 3  # for each piece


def fetch(url: str, sha256: str, path: Path) -> Path:
    """Download a file to `path` and return that; an interrupted download is continued.

    `sha256` is 64 hex digits. Raises `ReleaseError` for other bytes, which are removed, and when
    the server does not answer.
    """
    if path.exists() and files.sha256(path) == sha256:
        return path
    partial = path.with_name(f"{path.name}.part")
    while not _download_piece(url, partial):
        terminal.pause(0)  # raises when the release is interrupted
    downloaded = files.sha256(partial)
    if downloaded != sha256:
        files.remove(partial)
        raise ReleaseError(
            f"{url} has the sha256 {downloaded}, expected {sha256}",
            "find out who changed the file; if it is right, put its sha256 into release-tasks.toml",
        )
    files.move(partial, path)
    return path


def _download_piece(url: str, partial: Path) -> bool:
    """Append one more piece to a partial download, and return True when that was the last."""
    size = partial.stat().st_size if partial.exists() else 0
    answer = _request(url, size)
    if answer.status == 200:  # a server without ranges sends everything
        files.write_bytes(partial, answer.body)
        return True
    if answer.status == 416:  # there is no more
        files.append(partial, b"")
        return True
    total = _total(answer)
    if size == 0:
        _say_download(url, total)
    files.append(partial, answer.body)
    return total is not None and partial.stat().st_size >= total


def _request(url: str, start: int) -> http.Answer:
    headers = {
        "Range": f"bytes={start}-{start + PIECE - 1}",
        "Accept-Encoding": "identity",
    }
    for _ in range(TRIES - 1):
        try:
            return http.get(url, headers, (200, 206, 416), remember=False)
        except ReleaseError:
            terminal.pause(0.3)
    return http.get(url, headers, (200, 206, 416), remember=False)


def _total(answer: http.Answer) -> int | None:
    """Return the size of the whole file in bytes, None when the server does not know it."""
    match = re.fullmatch(
        r"bytes \d+-\d+/(\d+)", answer.headers.get("content-range", "")
    )
    if match is None:
        return None
    return int(match[1])


def _say_download(url: str, total: int | None) -> None:
    if total is None:
        terminal.say(f"downloading {url}")
    else:
        terminal.say(f"downloading {url} ({total / 1e6:.1f} MB)")
