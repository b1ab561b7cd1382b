"""What a hostile server or network answers ends soon, in an error with a fix."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator

import pytest
from support.waiting import SECONDS

from release_tasks import http
from release_tasks.channels import crates_index, oci_registry
from release_tasks.errors import ReleaseError
from release_tasks.http import Answer
from release_tasks.tools import gh

Script = Callable[[socket.socket, str], None]
OK = b"HTTP/1.1 200 OK\r\n"


class Server:
    """Answers each connection on loopback with what a script sends."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.asked: list[str] = []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self.socket.accept()
            if self.stopped.is_set():
                connection.close()
                return
            threading.Thread(
                target=self._one, args=(connection,), daemon=True
            ).start()

    def _one(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            request = connection.recv(65536).decode()
            self.asked.append(request)
            self.script(connection, request)

    def close(self) -> None:
        """End the thread first: it would accept connections of what has its descriptor next."""
        self.stopped.set()
        socket.create_connection(self.socket.getsockname()).close()
        self.thread.join()
        self.socket.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Script], Server]]:
    servers: list[Server] = []

    def start(script: Script) -> Server:
        servers.append(Server(script))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST", 1 << 20)
    monkeypatch.setattr(http, "MOST_OF_A_FILE", 4 << 20)
    monkeypatch.setattr(http, "BOMB_SIZE", 1 << 19)
    monkeypatch.setattr(http, "PAGES", 5)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a second at most for an answer that never ends."""
    monkeypatch.setattr(http, "TIMEOUT", (1, 1))
    monkeypatch.setattr(http, "LONGEST_ANSWER", 1)


def whole(body: bytes, *headers: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in headers)
    return OK + f"{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


def endless(connection: socket.socket, request: str, head: bytes = OK) -> None:
    connection.sendall(head + b"\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def endless_chunks(connection: socket.socket, request: str) -> None:
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def drop_by_drop(connection: socket.socket, request: str) -> None:
    connection.sendall(OK + b"Content-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.1)


def headers_drop_by_drop(connection: socket.socket, request: str) -> None:
    connection.sendall(OK + b"X: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.1)


def endless_headers(connection: socket.socket, request: str) -> None:
    connection.sendall(OK)
    while True:
        connection.sendall(b"X: y\r\n" * 1000)


def endless_line(connection: socket.socket, request: str) -> None:
    connection.sendall(OK + b"X: ")
    while True:
        connection.sendall(b"y" * 65536)


def bomb(connection: socket.socket, request: str) -> None:
    body = gzip.compress(b"\0" * (16 << 20))
    connection.sendall(whole(body, "Content-Encoding: gzip"))


def deflate_bomb(connection: socket.socket, request: str) -> None:
    body = zlib.compress(b"\0" * (16 << 20))
    connection.sendall(whole(body, "Content-Encoding: deflate"))


def nested_bomb(connection: socket.socket, request: str) -> None:
    body = gzip.compress(gzip.compress(b"\0" * (16 << 20)))
    connection.sendall(whole(body, "Content-Encoding: gzip, gzip"))


def broken_gzip(connection: socket.socket, request: str) -> None:
    connection.sendall(whole(b"no gzip", "Content-Encoding: gzip"))


def cut_off(connection: socket.socket, request: str) -> None:
    connection.sendall(OK + b"Content-Length: 1000\r\n\r\nshort")


def no_http(connection: socket.socket, request: str) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


def bad_chunk(connection: socket.socket, request: str) -> None:
    connection.sendall(
        OK + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffz\r\n"
    )


def nothing(connection: socket.socket, request: str) -> None:
    connection.close()


def silence(connection: socket.socket, request: str) -> None:
    time.sleep(5)


ENDLESS: dict[str, Script] = {
    "a body without an end": endless,
    "chunks without an end": endless_chunks,
    "one byte a moment": drop_by_drop,
    "headers, one byte a moment": headers_drop_by_drop,
    "headers without an end": endless_headers,
    "a header without an end": endless_line,
    "a bomb of gzip": bomb,
    "a bomb of deflate": deflate_bomb,
    "a bomb in a bomb": nested_bomb,
    "a broken gzip": broken_gzip,
    "a body that is cut off": cut_off,
    "another protocol": no_http,
    "a chunk of no size": bad_chunk,
    "a connection that is closed": nothing,
}


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("name", ENDLESS)
def test_an_answer_without_an_end_is_an_error(
    name: str,
    serve: Callable[[Script], Server],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("release_tasks.terminal.pause", lambda *words: None)
    server = serve(ENDLESS[name])
    start = time.monotonic()
    for remember in (True, False):
        with pytest.raises(ReleaseError, match="cannot be read") as raised:
            http.get(f"{server.url}/file", remember=remember)
        assert raised.value.fix
        assert len(raised.value.problem) < 1000
    # the slowest server would take three hours
    assert time.monotonic() - start < SECONDS


def test_a_large_answer_within_the_limits_is_read(
    serve: Callable[[Script], Server],
) -> None:
    body = os.urandom(300_000).hex().encode()
    packed = gzip.compress(body)

    def script(connection: socket.socket, request: str) -> None:
        connection.sendall(whole(packed, "Content-Encoding: gzip"))

    assert http.get(serve(script).url).body == body


def redirect(target: str, body: bytes = b"") -> Script:
    def script(connection: socket.socket, request: str) -> None:
        head = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)

    return script


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "gopher://127.0.0.1/",
        "data:text/plain,x",
        "javascript:x",
        "unix:///var/run/docker.sock",
        "http://",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:1/",
        "//",
        "http://\\x",
        "http://%zz/",
        "/again",
    ],
)
def test_a_redirect_to_a_bad_address_is_an_error(
    target: str,
    serve: Callable[[Script], Server],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("release_tasks.terminal.pause", lambda *words: None)
    with pytest.raises(ReleaseError, match="cannot be read"):
        http.get(f"{serve(redirect(target)).url}/file")


@pytest.mark.usefixtures("hasty")
def test_a_redirect_with_a_body_without_an_end_is_an_error(
    serve: Callable[[Script], Server],
) -> None:
    def script(connection: socket.socket, request: str) -> None:
        endless(connection, request, b"HTTP/1.1 302 Found\r\nLocation: /x\r\n")

    with pytest.raises(ReleaseError, match="cannot be read"):
        http.get(serve(script).url)


@pytest.mark.parametrize(
    "target", ["http://example.org/", "http://127.0.0.1/", "ftp://x"]
)
def test_no_redirect_leads_from_https_to_anything_else(target: str) -> None:
    from requests import Response

    response = Response()
    response.status_code = 302
    response.url = "https://example.org/"
    response.headers["location"] = target
    with pytest.raises(Exception, match="not https"):
        http._check_redirect(response)


def test_a_login_does_not_follow_to_another_host(
    serve: Callable[[Script], Server],
) -> None:
    other = serve(lambda connection, request: connection.sendall(whole(b"{}")))
    first = serve(redirect(f"{other.url}/x"))
    http.get(first.url, {"Authorization": "Bearer hunter2"})
    assert "hunter2" in first.asked[0]
    assert "hunter2" not in "".join(other.asked)


@pytest.mark.parametrize(
    "value",
    [
        "soon",
        "-5",
        "1e5",
        "9" * 5000,
        "Fri, 31 Dec 99999 23:59:59 GMT",
        "Fri, 99 Foo 2000 99:99:99 GMT",
        "\x00",
        "",
        "5, 5",
        "nan",
        "inf",
    ],
)
def test_any_retry_after_is_waited_for_or_an_error(
    value: str,
    serve: Callable[[Script], Server],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(
        "release_tasks.terminal.pause", lambda *words: waits.append(words[0])
    )

    def script(connection: socket.socket, request: str) -> None:
        head = f"HTTP/1.1 503 Busy\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(head.encode())

    with pytest.raises(ReleaseError) as raised:
        http.get(serve(script).url)
    assert len(raised.value.problem) < 300
    assert sum(waits) < http.LONGEST_WAIT


@pytest.mark.usefixtures("hasty")
def test_an_error_with_a_body_without_an_end_is_an_error(
    serve: Callable[[Script], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("release_tasks.terminal.pause", lambda *words: None)

    def script(connection: socket.socket, request: str) -> None:
        endless(connection, request, b"HTTP/1.1 503 Busy\r\n")

    with pytest.raises(ReleaseError):
        http.get(serve(script).url)


@pytest.mark.parametrize(
    "following", ["{url}/next", "https://elsewhere.example/x", "file:///x"]
)
def test_pages_end_and_stay_on_their_host(
    following: str, serve: Callable[[Script], Server]
) -> None:
    servers: list[Server] = []

    def script(connection: socket.socket, request: str) -> None:
        url = following.format(url=servers[0].url) + f"?{len(servers[0].asked)}"
        connection.sendall(whole(b"[]", f'Link: <{url}>; rel="next"'))

    servers.append(serve(script))
    with pytest.raises(ReleaseError, match="pages"):
        http.get_pages(f"{servers[0].url}/first", {"Authorization": "Bearer x"})
    assert len(servers[0].asked) <= 5


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff",
        b"",
        b"NaN" * 9,
        b"9" * 5000,
        b"null",
        b"[]",
    ],
)
def test_any_json_is_an_object_or_an_error(body: bytes) -> None:
    answer = http.Answer("https://example.org/", 200, {}, body)
    with pytest.raises(ReleaseError, match="JSON"):
        answer.json(dict)


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"5", b"[]", b"\xff", b'{"a":' * 100_000]
)
def test_any_line_of_an_index_is_an_object_or_an_error(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = http.Answer("https://example.org/", 200, {}, body)
    monkeypatch.setattr(
        crates_index.http, "get", lambda *words, **named: answer
    )
    with pytest.raises(ReleaseError, match="index"):
        crates_index.lines.__wrapped__("some-crate")


@pytest.mark.parametrize(
    "value",
    ["soon", "-1", "9" * 12, "9" * 5000, "", "1e9", "nan", "\u0661", "0x10"],
)
def test_any_reset_of_a_rate_limit_is_a_time_or_unknown(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = http.Answer(
        "https://api.github.com/x", 403, {"x-ratelimit-reset": value}, b"\xff"
    )
    monkeypatch.setattr(gh.http, "get_pages", lambda *words: [answer])
    with pytest.raises(ReleaseError) as raised:
        gh._read_anonymously("https://api.github.com/x", False)
    assert "an hour has passed" in raised.value.fix


SHAPES: list[object] = [
    {"manifests": 5},
    {"manifests": [5]},
    {"manifests": [{}]},
    {"manifests": [{"platform": 5, "digest": "x"}]},
    {"manifests": [{"platform": {}, "digest": []}]},
    {"config": 5},
    {"config": {}},
    {"config": {"digest": "sha256:0"}},
    {"config": {"digest": "sha256:0", "Labels": 5}},
    {"config": {"digest": "sha256:0", "Labels": ["a"]}},
    {"config": {"digest": "sha256:0", "Labels": {"a": 5, "b": None}}},
    {"tags": 5},
    {"tags": [5]},
    {"tags": [["a"]]},
    {"tags": {"a": 1}},
    {"tags": None},
]


@pytest.mark.parametrize("shape", SHAPES, ids=json.dumps)
def test_an_answer_of_a_registry_in_another_form_is_no_traceback(
    shape: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps(shape).encode()
    monkeypatch.setattr(
        http, "get", lambda url, *words, **named: Answer(url, 200, {}, body)
    )
    for read in (oci_registry.labels, oci_registry.manifest):
        with contextlib.suppress(ReleaseError):
            labels = read("example.org/o/a", "1")
            if read is oci_registry.labels:
                assert all(isinstance(text, str) for text in labels.values())
    with contextlib.suppress(ReleaseError):
        tags = oci_registry.tags("example.org/o/a")
        assert all(isinstance(tag, str) for tag in tags or ())


@pytest.mark.parametrize("text", ["", "x", "{", "[1", "[] x", "[" * 100_000])
def test_what_gh_prints_is_json_or_an_error(text: str) -> None:
    with pytest.raises(ReleaseError, match="did not return valid JSON"):
        gh._one_value(text)
    if text:
        with pytest.raises(ReleaseError, match="did not return valid JSON"):
            gh._values(text)


@pytest.mark.parametrize("value", [5, None, "x", True, {}, {"a": 1}])
def test_a_page_of_another_form_has_no_rows(value: object) -> None:
    assert gh._rows(value) == []
