"""What every stand-in is made of: a request, a response, and a log of both."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import parse_qs, unquote


class App(Protocol):
    """A stand-in: it answers requests for the hosts that it stands for."""

    name: str
    hosts: tuple[str, ...]

    def handle(self, request: Request) -> Response:
        """Answer one request; called from many threads at once."""
        ...


@dataclass
class Request:
    """One request. `base` is the scheme and host that the client used, `public` tells
    whether it came through the proxy under a public name."""

    method: str
    target: str  # as sent: path and query, percent-encoded
    headers: Mapping[str, str]  # names in lower case
    base: str
    public: bool = False
    stream: BinaryIO | None = None

    @property
    def host(self) -> str:
        """Return the host (and port) that the client used."""
        return self.base.split("://", 1)[1]

    @property
    def path(self) -> str:
        """Return the decoded path, without the query."""
        return unquote(self.target.split("?", 1)[0])

    @cached_property
    def query(self) -> dict[str, str]:
        """Return the query; of a repeated key the last value counts."""
        raw = self.target.partition("?")[2]
        return {key: values[-1] for key, values in parse_qs(raw, keep_blank_values=True).items()}

    @cached_property
    def body(self) -> bytes:
        """Return the whole body."""
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Yield the pieces (bytes) of the body that nobody took yet, whether chunked or of a known length.

        Raises `ConnectionError` where the client hangs up before the end.
        """
        while (piece := next(self._pieces, None)) is not None:
            yield piece

    @cached_property
    def _pieces(self) -> Iterator[bytes]:
        if self.stream is None:
            return iter(())
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return _dechunk(self.stream)
        return _counted(self.stream, int(self.headers.get("content-length") or 0))

    def json(self) -> Any:
        """Return the body as JSON, an empty one as an empty object."""
        return json.loads(self.body or b"{}")


@dataclass
class Response:
    """One answer; a body that is a `Path` is sent from that file."""

    status: int = 200
    body: bytes | Path = b""
    headers: dict[str, str] = field(default_factory=dict)
    reason: str = ""  # instead of the standard phrase of the status line

    @classmethod
    def of_json(cls, data: Any, status: int = 200, **headers: str) -> Response:
        """Answer with JSON; `content_type=` and other headers as keywords, `_` for `-`."""
        named = {"Content-Type": "application/json"}
        named |= {key.replace("_", "-").title(): value for key, value in headers.items()}
        return cls(status, json.dumps(data).encode(), named)

    @property
    def length(self) -> int:
        """Return the size of the body in bytes."""
        return len(self.body) if isinstance(self.body, bytes) else self.body.stat().st_size


@dataclass(frozen=True)
class Entry:
    """One line of a rehearsal's log; status 0 is a connection that was refused or cut."""

    app: str
    method: str
    host: str
    target: str
    status: int
    agent: str
    sent: int  # bytes of the request's body


class Log:
    """Every request of a rehearsal, in order."""

    def __init__(self) -> None:
        self._lock, self._entries = threading.Lock(), list[Entry]()

    def add(self, entry: Entry) -> None:
        """Append one entry; called from many threads."""
        with self._lock:
            self._entries.append(entry)

    def entries(self) -> tuple[Entry, ...]:
        """Return what was logged so far."""
        with self._lock:
            return tuple(self._entries)

    def refused(self) -> tuple[str, ...]:
        """Return the hosts that clients wanted to reach and the proxy refused, each once."""
        return tuple(dict.fromkeys(e.host for e in self.entries() if e.method == "CONNECT"))

    def writes(self) -> tuple[Entry, ...]:
        """Return the accepted requests that changed something."""
        accepted = (e for e in self.entries() if e.method in WRITES and 200 <= e.status < 300)
        return tuple(e for e in accepted if not e.target.endswith(READS))


WRITES = ("POST", "PUT", "PATCH", "DELETE")
READS = ("/git-upload-pack", "/graphql", "/token")  # questions that come as a POST
_PIECE = 1 << 16  # bytes


def _counted(stream: BinaryIO, left: int) -> Iterator[bytes]:
    while left > 0:
        data = _some(stream, min(_PIECE, left))
        left -= len(data)
        yield data


def _dechunk(stream: BinaryIO) -> Iterator[bytes]:
    while left := int(_some(stream, 0).split(b";")[0], 16):
        yield from _counted(stream, left)
        stream.readline()
    while stream.readline().strip():  # trailers
        continue


def _some(stream: BinaryIO, size: int) -> bytes:
    """Read at most `size` bytes, or a line for 0."""
    data = stream.read(size) if size else stream.readline()
    if not data:
        raise ConnectionError("the body ended early")
    return data
