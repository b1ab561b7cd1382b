"""What every local registry is made of: a request, a response, and a log of both."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol
from urllib.parse import parse_qs, unquote

from release_tasks.rehearsal import bodies

WRITES = ("POST", "PUT", "PATCH", "DELETE")
# questions that are sent by POST
READS = ("/git-upload-pack", "/graphql", "/token", "/generate-notes")
ELSEWHERE = "elsewhere"  # the name of the app that reads from other hosts


class App(Protocol):
    """A local registry: it answers the requests for its hosts."""

    name: str
    hosts: tuple[str, ...]

    def handle(self, request: Request) -> Response:
        """Answer one request; called from many threads at once."""
        ...


class Authorization(NamedTuple):
    """The parts of an Authorization header: its scheme in lower case, and the rest."""

    scheme: str
    value: str


@dataclass
class Request:
    """One request.

    `base` is the scheme and host that the client used (and the first part of the path, for a
    registry that is below one), `public` whether it came through the proxy under a public name.
    """

    method: str
    target: str  # as sent: path and query, percent-encoded
    headers: Mapping[str, str]  # names in lower case
    base: str
    public: bool = False
    stream: BinaryIO | None = None

    @property
    def host(self) -> str:
        """Return the host (and port) that the client used."""
        address = self.base.split("://", 1)[1]
        return address.split("/", 1)[0]

    @property
    def read_method(self) -> str:
        """Return the method, GET for HEAD: the server leaves out the body of its answer."""
        if self.method == "HEAD":
            return "GET"
        return self.method

    @property
    def authorization(self) -> Authorization:
        """Return the Authorization header, empty where there is none."""
        scheme, _, value = self.header("authorization").partition(" ")
        return Authorization(scheme.lower(), value.strip())

    @property
    def length(self) -> int:
        """Return the declared size of the body in bytes."""
        return int(self.header("content-length") or 0)

    @property
    def path(self) -> str:
        """Return the decoded path, without the query."""
        return unquote(self.target.split("?", 1)[0])

    @property
    def raw_query(self) -> str:
        """Return the query as sent, empty where there is none."""
        return self.target.partition("?")[2]

    @cached_property
    def query(self) -> dict[str, str]:
        """Return the query; of a repeated key the last value counts."""
        parsed = parse_qs(self.raw_query, keep_blank_values=True)
        return {key: values[-1] for key, values in parsed.items()}

    @cached_property
    def body(self) -> bytes:
        """Return the whole body. Raises `bodies.TooLarge` for more than 64 MiB."""
        return self.read_body(bodies.LARGEST)

    def read_body(self, largest: int) -> bytes:
        """Return what was not read of the body. Raises `bodies.TooLarge` for more bytes."""
        return bodies.joined(self.chunks(), largest)

    def header(self, name: str) -> str:
        """Return a header by its name in lower case, empty where it was not sent."""
        return self.headers.get(name, "")

    def enter(self, name: str) -> None:
        """Move the first part of the path, `name`, to the base."""
        self.target = self.target.removeprefix(f"/{name}")
        self.base += f"/{name}"

    def chunks(self) -> Iterator[bytes]:
        """Yield the pieces (bytes) of the body that were not read yet, chunked or of known length.

        Raises `ConnectionError` where the client hangs up before the end, and `bodies.Malformed`.
        """
        while (piece := next(self._pieces, None)) is not None:
            yield piece

    @cached_property
    def _pieces(self) -> Iterator[bytes]:
        if self.stream is None:
            return iter(())
        return bodies.pieces(self.stream, self.headers)

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
    def of_json(
        cls, data: Any, status: int = 200, kind: str = "application/json"
    ) -> Response:
        """Answer with JSON of this content type."""
        return cls(status, json.dumps(data).encode(), {"Content-Type": kind})

    @classmethod
    def of_text(cls, text: str, status: int = 200) -> Response:
        """Answer with plain text."""
        return cls(status, text.encode(), {"Content-Type": "text/plain"})

    @classmethod
    def of_file(
        cls, path: Path, wanted: str, headers: Mapping[str, str]
    ) -> Response:
        """Answer with a file, or with the part that a `Range` header asks for.

        `wanted` is that header: one range of bytes counts, `FIRST-LAST`, `FIRST-` or `-COUNT`
        (RFC 9110 section 14.1.2), everything else is ignored. A range outside of the file is 416.
        """
        headers = {"Accept-Ranges": "bytes", **headers}
        match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", wanted)
        if match is None or wanted == "bytes=-":
            return cls(200, path, headers)
        size = path.stat().st_size
        start, end = _range(match[1], match[2], size)
        if start >= end:
            return cls(416, b"", headers | {"Content-Range": f"bytes */{size}"})
        with path.open("rb") as file:
            file.seek(start)
            body = file.read(end - start)
        return cls(
            206,
            body,
            headers | {"Content-Range": f"bytes {start}-{end - 1}/{size}"},
        )

    @property
    def length(self) -> int:
        """Return the size of the body in bytes."""
        if isinstance(self.body, Path):
            return self.body.stat().st_size
        return len(self.body)


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

    @property
    def is_refused(self) -> bool:
        """Return whether the proxy refused its host, or a change on a host that it only reads."""
        if self.app != ELSEWHERE:
            return self.method == "CONNECT"
        is_change = self.method in WRITES and not self.target.endswith(READS)
        return is_change and self.status == 403

    @property
    def is_write(self) -> bool:
        """Return whether the request changed something and was accepted."""
        if self.target.endswith(READS):
            return False
        return self.method in WRITES and 200 <= self.status < 300


class Log:
    """Every request of a rehearsal, in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Append one entry; called from many threads."""
        with self._lock:
            self._entries.append(entry)

    def entries(self) -> tuple[Entry, ...]:
        """Return what was logged so far."""
        with self._lock:
            return tuple(self._entries)

    def refused(self) -> tuple[str, ...]:
        """Return the hosts that clients wanted to reach or change and could not, each once."""
        hosts = [entry.host for entry in self.entries() if entry.is_refused]
        return tuple(dict.fromkeys(hosts))

    def writes(self) -> tuple[Entry, ...]:
        """Return the accepted requests that changed something."""
        return tuple(entry for entry in self.entries() if entry.is_write)


def _range(first: str, last: str, size: int) -> tuple[int, int]:
    """Return where a range of bytes starts and ends (exclusive); one of both may be empty."""
    if not first:
        return max(0, size - int(last)), size
    if not last:
        return int(first), size
    return int(first), min(int(last) + 1, size)
