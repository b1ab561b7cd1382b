"""Reads are retried as the server says, and nothing unreadable is ever taken for "not there"."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from release_tasks import http, terminal
from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.faults import Fault
from release_tasks.rehearsal.server import Servers
from release_tasks.rehearsal.web import Request, Response


@dataclass
class Shop:
    """Answers with what is in the queue, then with 200."""

    name: str = "shop"
    hosts: tuple[str, ...] = ("shop.example",)
    queue: list[Response] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    told: list[Mapping[str, str]] = field(default_factory=list)

    def handle(self, request: Request) -> Response:
        self.asked.append(request.target)
        self.told.append(request.headers)
        return self.queue.pop(0) if self.queue else Response(200, b'{"open": true}', {})


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[Shop, str]]:
    app = Shop()
    with Servers([app], tmp_path) as servers:
        yield app, servers.urls["shop"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_asks_to_come_back_is_asked_again(
    shop: tuple[Shop, str], status: int
) -> None:
    app, url = shop
    app.queue += [Response(status, b"", {"Retry-After": "0"})] * 2
    assert http.get(f"{url}/door").json() == {"open": True}
    assert len(app.asked) == 3


def test_a_server_that_never_recovers_is_an_error_and_not_missing(shop: tuple[Shop, str]) -> None:
    app, url = shop
    app.queue += [Response(500, b"out of order", {"Retry-After": "0"})] * 99
    with pytest.raises(ReleaseError, match=r"/door answered 500: out of order") as told:
        http.get(f"{url}/door")
    assert told.value.fix
    assert len(app.asked) == 6


def test_not_found_is_an_answer_unless_it_was_not_expected(shop: tuple[Shop, str]) -> None:
    app, url = shop
    app.queue += [Response(404, b"", {})] * 2
    assert http.get(f"{url}/door").status == 404
    with pytest.raises(ReleaseError, match="answered 404"):
        http.get(f"{url}/door", expect=(200,))


def test_a_page_instead_of_json_is_an_error(shop: tuple[Shop, str]) -> None:
    app, url = shop
    app.queue.append(Response(200, b"<html>Log in to the hotel</html>", {}))
    with pytest.raises(ReleaseError, match="answered no JSON: '<html>Log in"):
        http.get(f"{url}/door").json()


def test_a_server_that_is_not_there_is_an_error_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as taken:  # bound and not listening
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(ReleaseError, match="cannot be read") as told:
            http.get(url)
    assert "\n" not in told.value.problem
    assert told.value.fix


def test_pages_are_followed_to_the_last_one(shop: tuple[Shop, str]) -> None:
    app, url = shop
    app.queue += [
        Response(
            200,
            b"[1]",
            {"Link": f'<{url}/list?page=2>; rel="next", <{url}/list?page=3>; rel="last"'},
        ),
        Response(200, b"[2]", {"Link": f'<{url}/list?page=3>; rel="next"'}),
        Response(200, b"[3]", {"Link": f'<{url}/list?page=1>; rel="first"'}),
    ]
    assert [answer.json() for answer in http.get_pages(f"{url}/list")] == [[1], [2], [3]]
    assert app.asked == ["/list", "/list?page=2", "/list?page=3"]


def test_many_reads_come_back_in_order_and_the_first_error_is_raised() -> None:
    assert http.get_many(lambda n: n * n, range(100)) == [n * n for n in range(100)]
    prefix = terminal.prefix.set("step")
    assert http.get_many(lambda _: terminal.prefix.get(), range(3)) == ["step"] * 3
    terminal.prefix.reset(prefix)

    begun: list[int] = []

    def work(n: int) -> int:
        begun.append(n)
        time.sleep(0.001)
        if n in (3, 40):
            raise ReleaseError(f"{n} cannot be read")
        return n

    with pytest.raises(ReleaseError, match="3 cannot be read"):
        http.get_many(work, range(1000), 4)
    assert len(begun) < 100


def test_a_server_that_asks_to_come_back_much_later_is_not_waited_for(
    shop: tuple[Shop, str],
) -> None:
    app, url = shop
    app.queue += [Response(429, b"", {"Retry-After": "3600"})]
    with pytest.raises(ReleaseError, match="/door asks to come back in 60 minutes") as told:
        http.get(f"{url}/door")
    assert told.value.fix == "run this again then"


def test_a_redirect_is_followed_and_no_other_server_gets_the_token(
    shop: tuple[Shop, str], tmp_path: Path
) -> None:
    (first, url), other = shop, Shop()
    (tmp_path / "other").mkdir()
    with Servers([other], tmp_path / "other") as servers:
        first.queue.append(Response(302, b"", {"Location": f"{servers.urls['shop']}/file"}))
        assert http.get(f"{url}/door", {"Authorization": "Bearer tok"}).json() == {"open": True}
    assert (
        other.asked,
        [headers.get("authorization") for headers in (*first.told, *other.told)],
    ) == (["/file"], ["Bearer tok", None])


def test_a_proxy_gets_the_name_and_password_of_its_address(
    shop: tuple[Shop, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, url = shop
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, url.replace("//", "//me:p%40ss@"))
    assert http.get("http://shop.example/door").json() == {"open": True}
    assert app.asked == ["http://shop.example/door"]
    assert app.told[0]["proxy-authorization"] == f"Basic {b64encode(b'me:p@ss').decode()}"


def test_a_file_of_certificates_that_is_not_there_is_an_error(
    shop: tuple[Shop, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file.pem")
    with pytest.raises(ReleaseError, match=r"cannot be read: .*/no/such/file.pem") as told:
        http.get(f"{shop[1].replace('http', 'https')}/door")
    assert "REQUESTS_CA_BUNDLE" in told.value.fix


def test_more_reads_at_once_than_connections_wait_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = Shop()
    with Servers([app], tmp_path) as servers:
        servers.faults.add(Fault(".", ".", delay=0.1, times=10**9))
        http.get_many(lambda number: http.get(f"{servers.urls['shop']}/{number}"), range(100), 100)
    assert len(app.asked) == 100
    assert caplog.records == []


def test_an_unknown_ca_is_named_with_the_variables_that_trust_it(
    shop: tuple[Shop, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    with Servers([Shop()], tmp_path / "other") as servers:
        monkeypatch.setenv("HTTPS_PROXY", servers.proxy)
        monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
        monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
        with pytest.raises(
            ReleaseError, match=r"cannot be read: .*CERTIFICATE_VERIFY_FAILED"
        ) as told:
            http.get("https://shop.example/door")
    assert "REQUESTS_CA_BUNDLE" in told.value.fix
    assert "SSL_CERT_FILE" in told.value.fix


HANGS = """
import sys
from release_tasks import http
http.get_many(http.get, ["{url}/slow"] * {times})
"""


@pytest.mark.parametrize("times", [1, 40])
def test_ctrl_c_does_not_wait_for_reads_in_flight(tmp_path: Path, times: int) -> None:
    app = Slow()
    with Servers([app], tmp_path) as servers:
        try:
            code = HANGS.format(url=servers.urls["shop"], times=times)
            process = subprocess.Popen(
                [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True
            )
            assert app.reached.wait(60)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)
        finally:
            app.answers.set()
    assert said.rstrip().endswith("KeyboardInterrupt"), said


class Slow(Shop):
    """Answers only when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.answers = threading.Event(), threading.Event()

    def handle(self, request: Request) -> Response:
        self.reached.set()
        self.answers.wait(120)
        return super().handle(request)


def test_an_interrupted_release_does_not_wait_for_the_server(
    shop: tuple[Shop, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, url = shop
    app.queue += [Response(429, b"", {"Retry-After": "300"})]
    stopping = threading.Event()
    stopping.set()
    monkeypatch.setattr(terminal, "stopping", stopping)
    with pytest.raises(ReleaseError, match="interrupted"):
        http.get(f"{url}/door")


def test_a_test_itself_reaches_nothing_but_this_machine() -> None:
    with pytest.raises(OSError, match="a test wanted to reach"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
