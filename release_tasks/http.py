"""The only door to the network: reads, retried, many at once. Writes go through the clients."""

from __future__ import annotations

import json
import os
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from release_tasks import shell
from release_tasks.errors import ReleaseError
from release_tasks.once import once, settle

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

AT_ONCE = 32
TIMEOUT = (10, 60)  # seconds to connect, seconds without a byte
LONGEST = 600  # seconds that we wait at most when a server says when to come back
T = TypeVar("T")
R = TypeVar("R")
_opening = threading.Lock()


@dataclass(frozen=True)
class Answer:
    """What a server said: HTTP status, headers (names in lower case), body."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self, kind: type = object) -> Any:
        """Return the body as JSON; raise `ReleaseError` where it is none, or nothing of that kind."""
        shown = self.body[:60].decode(errors="replace")
        try:
            found = json.loads(self.body)
        except ValueError as error:
            raise ReleaseError(f"{self.url} answered no JSON: {shown!r}", "try again later") from error
        if not isinstance(found, kind):
            raise ReleaseError(f"{self.url} answered something else: {shown!r}", "try again later")
        return found


class _Later(Exception):
    """A server asks to come back in a time that is not worth waiting for."""


@dataclass(frozen=True)
class Way:
    """The proxy (or none) and the certificates to one server, as the environment had them at one moment.

    A stand-in keeps the way of its start: once its process has taken on the environment of
    a rehearsal's clients, it would ask itself for what it lacks, without end.
    """

    proxy: str | None
    certificates: str

    @classmethod
    @once
    def now(cls, url: str) -> Way:
        """Return the way to `url` that the environment gives now."""
        from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, select_proxy

        proxy = select_proxy(url, get_environ_proxies(url))
        trusted = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH
        return cls(proxy if not proxy or "://" in proxy else f"http://{proxy}", str(trusted))


def get_pages(url: str, headers: Mapping[str, str] | None = None, expect: Iterable[int] = (200, 404)) -> list[Answer]:
    """Read `url` and every page after it that a `Link` header names (RFC 8288, as GitHub's API pages)."""
    answers = [get(url, headers, expect)]
    while follows := re.search(r'<([^>]+)>; rel="next"', answers[-1].headers.get("link", "")):
        answers.append(get(follows[1], headers, (200,)))
    return answers


def get(
    url: str, headers: Mapping[str, str] | None = None, expect: Iterable[int] = (200, 404),
    method: str = "GET", way: Way | None = None,
) -> Answer:
    """Read `url`. 429 and 5xx are retried as the server says; raise `ReleaseError` for a status that
    is not in `expect` and for a server that cannot be reached. Without a `way`, the environment counts."""
    return _get(url, tuple(sorted((headers or {}).items())), tuple(expect), method, way)


@once
def _get(url: str, headers: tuple[tuple[str, str], ...], expect: tuple[int, ...], method: str, way: Way | None) -> Answer:
    from urllib3 import Timeout
    from urllib3.exceptions import HTTPError

    def read() -> BaseHTTPResponse:
        to = way or Way.now("/".join(url.split("/")[:3]))
        with _opening:  # or each of many who come at once would have its own
            pool = _pool(to)
        return pool.request(method, url, headers={**pool.headers, **dict(headers)}, timeout=Timeout(*TIMEOUT))

    try:
        got = read() if way else _apart(read)  # a stand-in is in a thread of its own
    except _Later as error:
        raise ReleaseError(f"{url} asks to come back in {error}", "run this again then") from error
    except (HTTPError, OSError) as error:
        raise ReleaseError(f"{url} cannot be read: {_reason(error)}", _way_out(error)) from error
    if got.status not in expect:
        said = got.data.decode(errors="replace").strip()[:200]
        raise ReleaseError(f"{url} answered {got.status}{': ' + said if said else ''}", "try again later")
    return Answer(url, got.status, {name.lower(): got.headers[name] for name in got.headers}, got.data)


def get_many(work: Callable[[T], R], items: Iterable[T], at_once: int = AT_ONCE) -> list[R]:
    """Call `work` for every item, some at once, and return the results in order."""
    todo = list(items)
    if len(todo) < 2:
        return [copy_context().run(work, item) for item in todo]
    found: list[Future[R]] = [Future() for _ in todo]
    left, threads = deque(zip(found, todo, strict=True)), min(at_once, len(todo))

    def some() -> None:  # until none is left: for what is remembered the first thread is enough
        with suppress(IndexError):
            while True:
                one, item = left.popleft()
                settle(one, partial(copy_context().run, work, item))
                if one.exception():
                    left.clear()

    with ThreadPoolExecutor(threads) as pool:
        try:
            wait([pool.submit(copy_context().run, some) for _ in range(threads)])
        except KeyboardInterrupt:
            left.clear()
            shell.end_children()  # or the pool would wait for them
            raise
    return [one.result() for one in found]  # those after an error may never have begun


def _apart(read: Callable[[], R]) -> R:
    """Read in a thread that nobody waits for once the release is interrupted: a server may take a minute."""
    done: Future[R] = Future()
    thread = threading.Thread(target=copy_context().run, args=(settle, done, read), daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.1)
        shell.pause(0)  # raises once the release is interrupted
    return done.result()


@lru_cache
def _pool(way: Way) -> PoolManager:
    """Return what keeps connections open, for all threads; requests' own sessions take three times the time for a read."""
    from urllib3 import PoolManager, ProxyManager
    from urllib3.util import Retry, create_urllib3_context, make_headers, parse_url

    class Patient(Retry):
        """Waits as the server says, though not for hours, and no longer once the release is interrupted."""

        def sleep(self, response: Any = None) -> None:
            asked = self.get_retry_after(response) if response is not None else None
            if asked and asked > LONGEST:
                raise _Later(f"{asked / 60:.0f} minutes")
            shell.pause(self.get_backoff_time() if asked is None else asked)

    trusted = create_urllib3_context()
    trusted.load_verify_locations(**{"capath" if os.path.isdir(way.certificates) else "cafile": way.certificates})
    retry = Patient(
        total=5, backoff_factor=0.3, status_forcelist=(429, 500, 502, 503, 504), allowed_methods=("GET", "HEAD"), raise_on_status=False
    )
    agent = f"release-tasks/{version('release-tasks')} (a release tool)"
    headers = make_headers(accept_encoding="gzip,deflate", user_agent=agent)
    how: dict[str, Any] = {"headers": headers, "retries": retry, "maxsize": AT_ONCE, "block": True, "ssl_context": trusted}
    if not way.proxy:
        return PoolManager(**how)
    login = parse_url(way.proxy).auth
    asked = make_headers(proxy_basic_auth=unquote(login)) if login else None
    return ProxyManager(way.proxy, proxy_headers=asked, proxy_ssl_context=trusted, **how)


def _reason(error: Exception) -> str:
    return str(error).rsplit("Caused by ", 1)[-1].rstrip(")").replace("\n", " ")[:200]


def _way_out(error: Exception) -> str:
    from urllib3.exceptions import SSLError

    if isinstance(getattr(error, "reason", error), (SSLError, OSError)):
        return "set REQUESTS_CA_BUNDLE (and SSL_CERT_FILE for cargo, gh, docker and helm) to a file with your network's CA"
    return "check the network and try again"
