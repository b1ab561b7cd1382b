"""What every stand-in is made of: a request, a response, a log of both, and faults on demand."""

from __future__ import annotations

import json
import re
import threading
import time
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

    def chunks(self, size: int = 1 << 16) -> Iterator[bytes]:
        """Yield the body piece by piece (bytes), once, whether chunked or of a known length."""
        stream, self.stream = self.stream, None
        if stream is None:
            return
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            yield from _dechunk(stream)
            return
        left = int(self.headers.get("content-length") or 0)
        while left > 0:
            data = stream.read(min(size, left))
            if not data:
                raise ConnectionError("the body ended early")
            left -= len(data)
            yield data

    def json(self) -> Any:
        """Return the body as JSON, an empty one as an empty object."""
        return json.loads(self.body or b"{}")


@dataclass
class Response:
    """One answer; a body that is a `Path` is sent from that file."""

    status: int = 200
    body: bytes | Path = b""
    headers: dict[str, str] = field(default_factory=dict)

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
        return tuple(e for e in self.entries() if e.method in WRITES and 200 <= e.status < 300)


WRITES = ("POST", "PUT", "PATCH", "DELETE")


@dataclass
class Fault:
    """A misbehaviour for the next `times` requests whose method and target match."""

    method: str  # regular expressions, matched from the start
    target: str
    status: int = 0  # answer this instead of handling the request
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0  # seconds before the request is handled
    cut: bool = False  # close the connection instead of handling the request
    lose: bool = False  # handle the request, then close the connection without an answer
    times: int = 1

    def matches(self, request: Request) -> bool:
        """Tell whether this fault is for that request."""
        wanted = re.match(self.method, request.method) and re.match(self.target, request.target)
        return self.times > 0 and bool(wanted)


class Lost(Exception):
    """The connection is to be closed without an answer."""


class Faults:
    """The faults of one rehearsal, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._lock, self._faults = threading.Lock(), list[Fault]()

    def add(self, fault: Fault) -> None:
        """Let the next matching requests go wrong."""
        with self._lock:
            self._faults.append(fault)

    def answer(self, app: App, request: Request) -> Response:
        """Let `app` answer, unless a fault comes first; raise `Lost` for a cut connection."""
        fault = self._take(request)
        if fault is None:
            return app.handle(request)
        time.sleep(fault.delay)
        if fault.cut:
            raise Lost
        if fault.status:
            return Response(fault.status, fault.body, dict(fault.headers))
        answer = app.handle(request)
        if fault.lose:
            raise Lost
        return answer

    def _take(self, request: Request) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.matches(request):
                    fault.times -= 1
                    return fault
        return None


def _dechunk(stream: BinaryIO) -> Iterator[bytes]:
    while size := int(stream.readline().split(b";")[0] or b"0", 16):
        yield stream.read(size)
        stream.readline()
    while stream.readline().strip():
        continue
