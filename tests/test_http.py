"""Reads are repeated as the server asks, and an unreadable server is never taken for "missing"."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.waiting import SECONDS

from release_tasks import http, terminal
from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.faults import Fault
from release_tasks.rehearsal.server import Servers
from release_tasks.rehearsal.web import Request, Response


@dataclass
class Scripted:
    """A server that returns the responses of its queue, then 200."""

    name: str = "scripted"
    hosts: tuple[str, ...] = ("scripted.example",)
    queue: list[Response] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)

    def handle(self, request: Request) -> Response:
        self.asked.append(request.target)
        self.headers.append(request.headers)
        return (
            self.queue.pop(0)
            if self.queue
            else Response(200, b'{"ok": true}', {})
        )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Scripted, str]]:
    app = Scripted()
    with Servers([app], tmp_path) as servers:
        yield app, servers.urls["scripted"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_read_is_repeated_when_the_server_asks_for_it(
    server: tuple[Scripted, str], status: int
) -> None:
    app, url = server
    app.queue += [Response(status, b"", {"Retry-After": "0"})] * 2
    assert http.get(f"{url}/file").json() == {"ok": True}
    assert len(app.asked) == 3


def test_a_server_that_never_recovers_is_an_error_and_not_missing(
    server: tuple[Scripted, str],
) -> None:
    app, url = server
    app.queue += [Response(500, b"out of order", {"Retry-After": "0"})] * 99
    with pytest.raises(
        ReleaseError, match=r"/file answered 500: out of order"
    ) as raised:
        http.get(f"{url}/file")
    assert raised.value.fix
    assert len(app.asked) == 6


def test_404_is_an_answer_unless_it_was_not_expected(
    server: tuple[Scripted, str],
) -> None:
    app, url = server
    app.queue += [Response(404, b"", {})] * 2
    assert http.get(f"{url}/file").status == 404
    with pytest.raises(ReleaseError, match="answered 404"):
        http.get(f"{url}/file", expect=(200,))


def test_an_html_page_instead_of_json_is_an_error(
    server: tuple[Scripted, str],
) -> None:
    app, url = server
    app.queue.append(Response(200, b"<html>Log in to the hotel</html>", {}))
    with pytest.raises(
        ReleaseError, match="did not return valid JSON: '<html>Log in"
    ):
        http.get(f"{url}/file").json()


def test_an_unreachable_server_is_an_error_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(terminal, "pause", pauses.append)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as taken:  # bound and not listening
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(ReleaseError, match="cannot be read") as raised:
            http.get(url)
    assert "\n" not in raised.value.problem
    assert raised.value.fix
    assert 5 < sum(pauses) < 10  # seconds


def test_pages_are_followed_to_the_last_one(
    server: tuple[Scripted, str],
) -> None:
    app, url = server
    app.queue += [
        Response(
            200,
            b"[1]",
            {
                "Link": f'<{url}/list?page=2>; rel="next", <{url}/list?page=3>; rel="last"'
            },
        ),
        Response(200, b"[2]", {"Link": f'<{url}/list?page=3>; rel="next"'}),
        Response(200, b"[3]", {"Link": f'<{url}/list?page=1>; rel="first"'}),
    ]
    assert [answer.json() for answer in http.get_pages(f"{url}/list")] == [
        [1],
        [2],
        [3],
    ]
    assert app.asked == ["/list", "/list?page=2", "/list?page=3"]


def test_many_reads_come_back_in_order_and_the_first_error_is_raised() -> None:
    assert http.get_many(lambda n: n * n, range(100)) == [
        n * n for n in range(100)
    ]
    prefix = terminal.prefix.set("step")
    assert (
        http.get_many(lambda _: terminal.prefix.get(), range(3)) == ["step"] * 3
    )
    terminal.prefix.reset(prefix)


def test_after_an_error_nothing_more_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error of the first in order is raised, which here is not the first in time."""
    begun: list[int] = []
    later_failed, given_up = threading.Event(), threading.Event()

    class Pool(ThreadPoolExecutor):
        def shutdown(
            self, wait: bool = True, *, cancel_futures: bool = False
        ) -> None:
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            given_up.set()
            super().shutdown(wait=wait)

    def work(n: int) -> int:
        begun.append(n)
        if n == 3:
            later_failed.wait()
            raise ReleaseError("3 cannot be read")
        if n == 5:
            later_failed.set()
            raise ReleaseError("5 cannot be read")
        if n > 5:
            given_up.wait()
        return n

    monkeypatch.setattr(http, "ThreadPoolExecutor", Pool)
    with pytest.raises(ReleaseError, match="3 cannot be read"):
        http.get_many(work, range(1000), 4)
    # of four threads one has read 3, and each began one more at most
    assert len(begun) <= 10


def test_a_server_that_asks_for_a_long_wait_is_not_waited_for(
    server: tuple[Scripted, str],
) -> None:
    app, url = server
    app.queue += [Response(429, b"", {"Retry-After": "3600"})]
    with pytest.raises(
        ReleaseError, match="/file is rate-limited for 60 minutes"
    ) as raised:
        http.get(f"{url}/file")
    assert raised.value.fix == "run this again then"


def test_a_redirect_to_another_server_is_followed_without_the_token(
    server: tuple[Scripted, str], tmp_path: Path
) -> None:
    (first, url), other = server, Scripted()
    (tmp_path / "other").mkdir()
    with Servers([other], tmp_path / "other") as servers:
        first.queue.append(
            Response(302, b"", {"Location": f"{servers.urls['scripted']}/file"})
        )
        assert http.get(
            f"{url}/file", {"Authorization": "Bearer tok"}
        ).json() == {"ok": True}
    assert (
        other.asked,
        [
            headers.get("authorization")
            for headers in (*first.headers, *other.headers)
        ],
    ) == (["/file"], ["Bearer tok", None])


def test_a_proxy_gets_the_user_and_password_of_its_address(
    server: tuple[Scripted, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, url = server
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, url.replace("//", "//me:p%40ss@"))
    assert http.get("http://scripted.localhost/file").json() == {"ok": True}
    assert app.asked == ["http://scripted.localhost/file"]
    assert (
        app.headers[0]["proxy-authorization"]
        == f"Basic {b64encode(b'me:p@ss').decode()}"
    )


def test_a_missing_file_of_certificates_is_an_error(
    server: tuple[Scripted, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file.pem")
    with pytest.raises(
        ReleaseError, match=r"cannot be read: .*/no/such/file.pem"
    ) as raised:
        http.get(f"{server[1].replace('http', 'https')}/file")
    assert "REQUESTS_CA_BUNDLE" in raised.value.fix


def test_more_reads_than_connections_wait_without_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = Scripted()
    with Servers([app], tmp_path) as servers:
        servers.faults.add(Fault(".", ".", delay=0.1, times=10**9))
        http.get_many(
            lambda number: http.get(f"{servers.urls['scripted']}/{number}"),
            range(100),
            100,
        )
    assert len(app.asked) == 100
    assert caplog.records == []


def test_an_unknown_ca_is_an_error_that_names_the_variables_to_set(
    server: tuple[Scripted, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(terminal, "pause", lambda *words: None)
    (tmp_path / "other").mkdir()
    with Servers([Scripted()], tmp_path / "other") as servers:
        monkeypatch.setenv("HTTPS_PROXY", servers.proxy)
        monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
        monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
        with pytest.raises(
            ReleaseError, match=r"cannot be read: .*CERTIFICATE_VERIFY_FAILED"
        ) as raised:
            http.get("https://scripted.example/file")
    assert "REQUESTS_CA_BUNDLE" in raised.value.fix
    assert "SSL_CERT_FILE" in raised.value.fix


WITHOUT_SOCKS = """
import sys, warnings
from release_tasks import http
sys.modules["socks"] = None
# what a thread does to it that leaves `catch_warnings` while requests is imported
warnings.simplefilter = lambda *words, **named: None
http._make_session()
"""


def test_a_library_that_nobody_needs_is_not_warned_of() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SOCKS],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""


READS_A_SLOW_SERVER = """
import sys
from release_tasks import http
http.get_many(http.get, ["{url}/slow"] * {times})
"""


@pytest.mark.parametrize("times", [1, 40])
def test_ctrl_c_does_not_wait_for_reads_in_flight(
    tmp_path: Path, times: int
) -> None:
    app = Slow()
    with Servers([app], tmp_path) as servers:
        try:
            code = READS_A_SLOW_SERVER.format(
                url=servers.urls["scripted"], times=times
            )
            process = subprocess.Popen(
                [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True
            )
            assert app.reached.wait(SECONDS)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=SECONDS)
        finally:
            app.answers.set()
    assert said.rstrip().endswith("KeyboardInterrupt"), said


class Slow(Scripted):
    """A server that answers once `answers` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.answers = threading.Event(), threading.Event()

    def handle(self, request: Request) -> Response:
        self.reached.set()
        self.answers.wait()
        return super().handle(request)


def test_an_interrupted_release_does_not_wait_for_the_server(
    server: tuple[Scripted, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, url = server
    app.queue += [Response(429, b"", {"Retry-After": "300"})]
    stopping = threading.Event()
    stopping.set()
    monkeypatch.setattr(terminal, "stopping", stopping)
    with pytest.raises(ReleaseError, match="interrupted"):
        http.get(f"{url}/file")


def test_tests_can_only_connect_to_this_machine() -> None:
    with pytest.raises(OSError, match="a test wanted to reach"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            "HTTPSConnectionPool(host='a.b', port=443): Max retries exceeded with url: /v2 "
            "(Caused by NameResolutionError(\"HTTPSConnection(host='a.b', port=443): Failed to "
            "resolve 'a.b' ([Errno -2] Name or service not known)\"))",
            "Failed to resolve 'a.b' ([Errno -2] Name or service not known)",
        ),
        (
            "HTTPConnectionPool(host='a.b', port=1): Max retries exceeded with url: / (Caused by "
            "NewConnectionError('<urllib3.connection.HTTPConnection object at 0x7f>: Failed to "
            "establish a new connection: [Errno 111] Connection refused'))",
            "Failed to establish a new connection: [Errno 111] Connection refused",
        ),
        (
            "('Connection aborted.', RemoteDisconnected('Remote end closed connection without "
            "response'))",
            "Remote end closed connection without response",
        ),
        (
            "HTTPSConnectionPool(host='x', port=443): Max retries exceeded with url: / (Caused by "
            "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate "
            "verify failed: self-signed certificate (_ssl.c:1006)')))",
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate "
            "(_ssl.c:1006)",
        ),
        (
            "HTTPConnectionPool(host='127.0.0.1', port=34341): Read timed out. (read timeout=30)",
            "Read timed out. (read timeout=30)",
        ),
    ],
)
def test_the_reason_is_what_is_wrong_and_not_the_objects_of_a_library(
    error: str, reason: str
) -> None:
    assert http.reason(OSError(error)) == reason
