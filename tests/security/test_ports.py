"""Every port that a rehearsal opens, asked without a login, by pages in a browser and others."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
from security.conftest import NOBODY
from security.test_hunt import PROJECT
from security.test_neighbour import listening, started_below
from support.tiny_project import tiny_project
from support.waiting import SECONDS, wait_until

from release_tasks.rehearsal import bodies, peers, visitors
from release_tasks.rehearsal.registries import LocalRegistries

NAMES = ("crates", "pypi", "oci", "github", "proxy")
REGISTRIES = NAMES[:-1]
FOREIGN = [  # hosts that another machine can have, or that are no hosts
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1.evil.example:{port}",
    "localhost.evil.example",
    "evil.example:{port}#127.0.0.1",
    "127.0.0.1@evil.example",
    "evil.example, 127.0.0.1",
    "127.0.0.2",
    "0.0.0.0:{port}",
    "2130706433",
    "pypi.org",
    "ghcr.io",
    "github.com",
    "localhosts",
    "local host",
    "127.0.0.1:{port}x",
    "",
]
OWN = ["127.0.0.1", "localhost:{port}", "LOCALHOST", "a.localhost", "[::1]:1"]
# what is there to read, where the Host header is ours
READABLE = [
    ("crates", "/index/config.json"),
    ("pypi", "/simple/"),
    ("oci", "/token"),
    ("github", "/me/project.git/info/refs?service=git-upload-pack"),
    ("github", "/api/v3/repos/me/project"),
]
BROKEN = {  # the lines between the first one and the body
    "no host": "",
    "two hosts": "Host: localhost\nHost: localhost",
    "a host and a foreign one": "Host: localhost\nHost: evil.example",
    "a word as length": "Host: localhost\nContent-Length: x",
    "a negative length": "Host: localhost\nContent-Length: -5",
    "a signed length": "Host: localhost\nContent-Length: +5",
    "a length with a line below": "Host: localhost\nContent-Length: 1_0",
    "a length of another script": "Host: localhost\nContent-Length: \u00b2",
    "an endless length": "Host: localhost\nContent-Length: " + "9" * 5000,
    "two lengths": "Host: localhost\nContent-Length: 1\nContent-Length: 2",
    "a list of lengths": "Host: localhost\nContent-Length: 1, 2",
    "both framings": "Host: localhost\nContent-Length: 5\nTransfer-Encoding: chunked",
    "another framing": "Host: localhost\nTransfer-Encoding: gzip",
    "two framings": "Host: localhost\nTransfer-Encoding: gzip, chunked",
    "twice chunked": "Host: localhost\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked",
}
CHUNKS = {
    "no number": b"zz\r\n",
    "a negative number": b"-5\r\n",
    "a number with a line below": b"1_0\r\n",
    "an endless number": b"f" * 5000 + b"\r\n",
    "a number without an end": b"1" * 70000,
    "more than it says": b"1\r\nabc\r\n0\r\n\r\n",
    "endless trailers": b"0\r\n" + b"a: b\r\n" * 200,
}
# without a login, each of these reads the whole body before it answers
READING = [
    ("github", "/api/graphql"),
    ("github", "/api/v3/repos/me/project/releases"),
    ("github", "/me/project.git/git-upload-pack"),
    ("oci", "/token"),
]


def port_of(running: LocalRegistries, name: str) -> int:
    return int(running.urls[name].rpartition(":")[2])


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    address = ("127.0.0.1", port)
    with socket.create_connection(address, timeout=SECONDS) as client:
        yield client


def said(client: socket.socket) -> bytes:
    """Return everything that the server sends until it hangs up, or is silent."""
    found = b""
    with suppress(OSError):
        while piece := client.recv(1 << 16):
            found += piece
    return found


def ask(port: int, first: str, headers: str, body: bytes = b"") -> bytes:
    """Return the answer to a request of these lines; the connection ends after it."""
    lines = [f"{first} HTTP/1.1", *headers.split("\n"), "Connection: close"]
    head = "\r\n".join(line for line in lines if line) + "\r\n\r\n"
    with connected(port) as client:
        client.sendall(head.encode("latin-1") + body)
        return said(client)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize(("name", "path"), READABLE)
def test_a_page_that_leads_its_name_here_reads_nothing(
    running: LocalRegistries, name: str, path: str, host: str
) -> None:
    port = port_of(running, name)
    answer = ask(port, f"GET {path}", f"Host: {host.format(port=port)}")
    assert status(answer) == 421
    assert answer.endswith(b"this is no name of a local registry\n")


@pytest.mark.parametrize("host", OWN)
@pytest.mark.parametrize(("name", "path"), READABLE)
def test_names_of_this_machine_are_answered(
    running: LocalRegistries, name: str, path: str, host: str
) -> None:
    port = port_of(running, name)
    headers = f"Host: {host.format(port=port)}\nUser-Agent: test"
    assert status(ask(port, f"GET {path}", headers)) == 200


@pytest.mark.parametrize("name", NAMES)
def test_no_page_is_let_to_read_answers(
    running: LocalRegistries, name: str
) -> None:
    port = port_of(running, name)
    for first in ("GET /", "OPTIONS /", "GET /api/v3/repos/me/project"):
        headers = f"Host: localhost:{port}\nOrigin: https://evil.example"
        answer = ask(port, first, headers).lower()
        assert b"access-control-allow" not in answer, first


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", BROKEN)
def test_a_request_with_two_meanings_is_refused(
    running: LocalRegistries, name: str, case: str
) -> None:
    answer = ask(port_of(running, name), "POST /", BROKEN[case], b"0\r\n\r\n")
    # the proxy takes nothing but CONNECT
    assert status(answer) == (403 if name == "proxy" else 400)
    assert answer.count(b"HTTP/1.1 ") == 1, "the body was taken for a request"


@pytest.mark.parametrize("case", CHUNKS)
@pytest.mark.parametrize(("name", "path"), READING)
def test_a_body_in_broken_pieces_is_refused(
    running: LocalRegistries, name: str, path: str, case: str
) -> None:
    headers = (
        f"Host: localhost\nAuthorization: token {running.tokens.github}\n"
        "Transfer-Encoding: chunked"
    )
    if name == "oci":
        headers = headers.replace("Authorization", "X")
    answer = ask(port_of(running, name), f"POST {path}", headers, CHUNKS[case])
    assert status(answer) == 400


@pytest.mark.parametrize("framing", ["chunked", "length"])
@pytest.mark.parametrize(("name", "path"), READING)
def test_no_body_fills_the_memory(
    running: LocalRegistries, name: str, path: str, framing: str
) -> None:
    piece = b"x" * (1 << 20)
    headers = f"Content-Length: {1 << 40}"
    if framing == "chunked":
        headers = "Transfer-Encoding: chunked"
        piece = b"100000\r\n" + piece + b"\r\n"
    before = memory()
    with connected(port_of(running, name)) as client:
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n"
        client.sendall(head.encode())
        for _ in range((bodies.LARGEST >> 20) + 60):
            client.sendall(piece)
        client.shutdown(socket.SHUT_WR)
        assert status(said(client)) in (401, 413)
    assert memory() - before < 3 * bodies.LARGEST


def memory() -> int:
    """Return the bytes of memory that this process, which has the servers, holds."""
    pages = Path("/proc/self/statm")
    if not pages.exists():
        return 0
    return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# --- who is slow


def is_closed(client: socket.socket) -> bool:
    """Wait until the server hangs up; return False where it never does."""
    try:
        while client.recv(1 << 16):
            pass
    except TimeoutError:
        return False
    except OSError:  # reset
        return True
    return True


class TimerByHand:
    """Stands in for `threading.Timer`; its time comes when a test says so."""

    started: ClassVar[list[TimerByHand]] = []

    def __init__(
        self,
        seconds: float,
        function: Callable[..., None],
        args: tuple[Any, ...],
    ) -> None:
        self.act = partial(function, *args)
        self.is_cancelled = False
        self.daemon = False

    def start(self) -> None:
        self.started.append(self)

    def cancel(self) -> None:
        self.is_cancelled = True

    def fire(self) -> None:
        if not self.is_cancelled:
            self.act()


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> list[TimerByHand]:
    """Return the timers of the connections of others, in the order of their starts."""
    monkeypatch.setattr(TimerByHand, "started", [])
    own = SimpleNamespace(Lock=threading.Lock, Timer=TimerByHand)
    monkeypatch.setattr(visitors, "threading", own)
    return TimerByHand.started


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"\x16"],
)
def test_another_user_holds_no_connection(
    running: LocalRegistries,
    another_user: None,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    begun: bytes,
) -> None:
    monkeypatch.setattr(visitors, "SECONDS", 0.3)
    with connected(port_of(running, name)) as client:
        client.sendall(begun)
        assert is_closed(client)


def test_one_byte_after_the_other_is_no_way_to_stay(
    running: LocalRegistries,
    another_user: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(visitors, "SECONDS", 0.5)
    with connected(port_of(running, "pypi")) as client:

        def is_hung_up() -> bool:
            try:
                client.sendall(b"G")
            except OSError:  # reset, or a broken pipe
                return True
            return False

        wait_until(is_hung_up)


def test_who_shows_a_token_may_stay(
    running: LocalRegistries,
    another_user: None,
    timers: list[TimerByHand],
) -> None:
    request = (
        "GET /api/v3/user HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: token {running.tokens.github}\r\n\r\n"
    ).encode()
    with connected(port_of(running, "github")) as client:
        client.sendall(request)
        assert status(client.recv(1 << 16)) == 200
        [timer] = timers
        timer.fire()
        client.sendall(request)
        assert status(client.recv(1 << 16)) == 200


def test_who_shows_no_token_in_time_does_not_stay(
    running: LocalRegistries,
    another_user: None,
    timers: list[TimerByHand],
) -> None:
    with connected(port_of(running, "github")) as client:
        client.sendall(b"GET /api/v3/user HTTP/1.1\r\n")
        wait_until(lambda: timers)
        timers[0].fire()
        assert is_closed(client)


@pytest.mark.parametrize("name", NAMES)
def test_others_cannot_take_all_connections(
    running: LocalRegistries, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # whom it hangs up on, it refused at once
    monkeypatch.setattr(visitors, "SECONDS", 3600)
    port = port_of(running, name)
    with ExitStack() as stack:
        with monkeypatch.context() as others:
            others.setattr(peers, "owner", lambda theirs, ours: NOBODY)
            for _ in range(visitors.MOST):
                stack.enter_context(connected(port))
            with connected(port) as one_more:
                assert is_closed(one_more)
        assert status(ask(port, "GET /", "Host: localhost")) < 500
    with monkeypatch.context() as others:  # the places are free again
        others.setattr(peers, "owner", lambda theirs, ours: NOBODY)
        wait_until(lambda: ask(port, "GET /", "Host: localhost"))


def test_our_own_clients_may_be_slow(
    running: LocalRegistries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visitors, "SECONDS", 0.2)
    with ExitStack() as stack:
        port = port_of(running, "pypi")
        silent = [
            stack.enter_context(connected(port))
            for _ in range(2 * visitors.MOST)
        ]
        time.sleep(0.6)
        silent[0].sendall(b"GET /simple/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert status(silent[0].recv(1 << 16)) == 200


# --- the commands themselves, and all that they start

WORDS = {
    "serve": ("rehearse", "--serve", "--offline"),
    "version": ("rehearse", "--version", "0.2.0", "--offline"),
}
UNKNOWN = "not-a-secret-for-github"
# a first line, further headers, and the answers that are allowed to who has no token
ASKED = [
    ("GET /", "Host: evil.example", {400, 403, 421}),
    ("GET /simple/", "Host: evil.example", {400, 403, 421}),
    ("GET /", "", {400, 403}),
    ("GET http://pypi.org/simple/", "Host: pypi.org", {301, 403, 421}),
    ("CONNECT evil.example:443", "Host: evil.example:443", {200, 403}),
    ("PUT /api/v1/crates/new", "Host: localhost", {401, 403, 404}),
    ("POST /", "Host: localhost", {401, 403, 404}),
    ("POST /legacy/", "Host: localhost", {401, 403, 404}),
    ("POST /v2/a/b/blobs/uploads/", "Host: localhost", {401, 403, 404}),
    ("DELETE /v2/a/b/manifests/1", "Host: localhost", {401, 403, 404}),
    ("POST /api/graphql", "Host: localhost", {401, 403, 404}),
    ("GET /api/v3/user", "Host: localhost", {401, 403, 404}),
    (
        "GET /api/v3/user",
        f"Host: localhost\nAuthorization: token {UNKNOWN}",
        {401, 403, 404},
    ),
    ("POST /", "Host: localhost\nContent-Length: -1", {400, 403}),
    (
        "POST /",
        "Host: localhost\nContent-Length: 4\nTransfer-Encoding: chunked",
        {400, 403},
    ),
    ("GET /" + "a" * 70000, "Host: localhost", {414}),
    ("GET /", "Host: localhost\nX: " + "a" * 70000, {431}),
    ("GET /", "Host: localhost" + "\nX: a" * 200, {431}),
    ("TRACE /", "Host: localhost", {501}),
]


@contextmanager
def rehearsing(
    words: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[set[int]]:
    """Start a rehearsal; yield the ports of all its processes while it runs."""
    with (
        tiny_project(folder, monkeypatch, PROJECT) as tiny,
        subprocess.Popen(
            [sys.executable, "-m", "invoke", *words],
            cwd=tiny.root,
            env=os.environ | {"RELEASE_TASKS_HUNT": "slow"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        named: set[int] = set()
        if "--serve" in words:
            urls = json.loads(process.stdout.readline())
            named = {urlsplit(urls[name]).port or 0 for name in NAMES}
        else:
            for line in process.stderr:
                if "the backend waits" in line:
                    break
        found = set()
        for pid in with_children(process.pid):
            found |= ports_of(pid)
        try:
            yield found | named
            assert process.poll() is None, "the rehearsal has ended"
        finally:
            process.terminate()
            process.communicate(timeout=SECONDS)


def ports_of(pid: int) -> set[int]:
    """Return the ports that a process listens on, and those in its variables.

    A process with secrets shows both to root alone; what it starts shows the variables.
    """
    found = set()
    with suppress(OSError):
        found |= set(listening(pid))
    if os.geteuid() != 0:
        with suppress(OSError):
            environ = Path(f"/proc/{pid}/environ").read_bytes()
            named = re.findall(rb"(?:127\.0\.0\.1|localhost):([0-9]+)", environ)
            found |= {int(port) for port in named}
    return found


def with_children(pid: int) -> list[int]:
    """Return a process and all that it started (proc_pid_stat(5))."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


@pytest.mark.tools("git", "gh")
@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.parametrize("command", WORDS)
def test_every_port_of_a_rehearsal_is_closed_to_who_has_no_token(
    command: str,
    tmp_path: Path,
    temporary_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = WORDS[command]
    with (
        rehearsing(words, tmp_path, monkeypatch) as ports,
        ExitStack() as stack,
    ):
        # who is not root finds the ports that clients are told
        if os.geteuid() == 0:
            assert len(ports) == len(NAMES)
        assert ports
        for port in ports:
            on_loopback_only(port)
            for _ in range(50):  # silent ones beside
                stack.enter_context(connected(port))
            for first, headers, allowed in ASKED:
                answer = ask(port, first, headers)
                shown = f"{port} {first[:60]} {headers[:60]}: {answer[:200]!r}"
                assert status(answer) in allowed, shown
                assert b"Traceback" not in answer, shown
                assert b"not-a-secret" not in answer, shown
    # it was ended by SIGTERM
    assert list(temporary_folder.iterdir()) == []
    assert started_below(temporary_folder) == []


def on_loopback_only(port: int) -> None:
    """Assert that a port is at no address that other machines reach (proc_pid_net(5))."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        address, _, number = fields[1].partition(":")
        if fields[3] == "0A" and int(number, 16) == port:
            assert address == "0100007F"


def test_a_client_that_wants_tls_gets_it_for_localhost_alone(
    running: LocalRegistries,
) -> None:
    context = ssl.create_default_context(cafile=running.env["SSL_CERT_FILE"])
    port = port_of(running, "github")
    request = (
        "GET /api/v3/repos/me/project HTTP/1.1\r\n"
        "Host: evil.example\r\nConnection: close\r\n\r\n"
    )
    with (
        connected(port) as client,
        context.wrap_socket(client, server_hostname="localhost") as secure,
    ):
        secure.sendall(request.encode())
        assert status(said(secure)) == 421
    with connected(port) as client, pytest.raises(ssl.SSLError):
        context.wrap_socket(client, server_hostname="evil.example")
