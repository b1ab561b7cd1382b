"""Bodies of requests, as RFC 9112 frames them, and what is too much of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

LARGEST = (
    1 << 26
)  # bytes of a body that is held in memory, where nobody logged in
# of a push or a file; GitHub takes 2 GiB of a push
# (docs.github.com, "Repository limits")
LARGEST_UPLOAD = 2 << 30
_PIECE = 1 << 16  # bytes
_LONGEST_LINE = 1 << 12  # bytes of a chunk's size, or of a trailer
_MOST_TRAILERS = 100


class Malformed(Exception):
    """A body that is not framed as HTTP says; the answer is 400."""


class TooLarge(Exception):
    """A body that is larger than what asks for it can be; the answer is 413."""


def check_framing(lengths: list[str], encodings: list[str]) -> None:
    """Raise `Malformed` unless a body has one end that everybody finds.

    `lengths` are the values of the Content-Length headers, `encodings` those of Transfer-Encoding
    (RFC 9112 section 6.3).
    """
    if len(lengths) > 1 or len(encodings) > 1 or (lengths and encodings):
        raise Malformed("the body has two lengths")
    if lengths and not re.fullmatch("[0-9]{1,18}", lengths[0].strip()):
        raise Malformed("Content-Length is not a number")
    if encodings and encodings[0].strip().lower() != "chunked":
        raise Malformed("Transfer-Encoding is not chunked")


def pieces(stream: BinaryIO, headers: Mapping[str, str]) -> Iterator[bytes]:
    """Yield the pieces (bytes) of a body, chunked or of known length.

    `headers` have names in lower case. Raises `ConnectionError` where the client hangs up before
    the end, and `Malformed`.
    """
    if "transfer-encoding" in headers:
        return _dechunk(stream)
    return _counted(stream, int(headers.get("content-length") or 0))


def joined(found: Iterator[bytes], largest: int) -> bytes:
    """Return a whole body. Raises `TooLarge` for more than `largest` bytes."""
    parts = []
    size = 0
    for part in found:
        size += len(part)
        if size > largest:
            raise TooLarge(f"the body has more than {largest} bytes")
        parts.append(part)
    return b"".join(parts)


def _counted(stream: BinaryIO, left: int) -> Iterator[bytes]:
    while left > 0:
        data = _complete(stream.read(min(_PIECE, left)))
        left -= len(data)
        yield data


def _dechunk(stream: BinaryIO) -> Iterator[bytes]:
    while size := _chunk_size(stream):
        yield from _counted(stream, size)
        if _line(stream).strip():
            raise Malformed("a chunk is longer than it says")
    for _ in range(_MOST_TRAILERS):
        if not _line(stream).strip():
            return
    raise Malformed("there are too many trailers")


def _chunk_size(stream: BinaryIO) -> int:
    digits = _line(stream).split(b";")[0].strip()
    if not re.fullmatch(rb"[0-9a-fA-F]{1,15}", digits):
        raise Malformed("the size of a chunk is not a number")
    return int(digits, 16)


def _line(stream: BinaryIO) -> bytes:
    line = _complete(stream.readline(_LONGEST_LINE))
    if not line.endswith(b"\n"):
        raise Malformed("a line between chunks is too long")
    return line


def _complete(data: bytes) -> bytes:
    if not data:
        raise ConnectionError("the body ended early")
    return data
