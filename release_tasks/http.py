"""The only door to the network: reads, retried, many at once. Writes go through the clients."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar

from release_tasks import shell, terminal
from release_tasks.errors import ReleaseError
from release_tasks.memo import On, complete, memoized, memoized_on

if TYPE_CHECKING:
    from requests import Session

AT_ONCE = 32
TIMEOUT = (10, 60)  # seconds to connect, seconds without a byte
LONGEST = 600  # seconds that we wait at most when a server says when to come back
_opening = threading.Lock()
T = TypeVar("T")
R = TypeVar("R")


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
            raise ReleaseError(
                f"{self.url} answered no JSON: {shown!r}", "try again later"
            ) from error
        if not isinstance(found, kind):
            raise ReleaseError(f"{self.url} answered something else: {shown!r}", "try again later")
        return found


class _Later(Exception):
    """A server asks to come back in a time that is not worth waiting for."""


@dataclass(frozen=True)
class ProxySettings:
    """Proxies and certificates as the environment had them at one moment.

    A stand-in keeps the way of its start: once its process has taken on the environment of
    a rehearsal's clients, it would ask itself for what it lacks, without end.
    """

    proxies: tuple[tuple[str, str], ...]
    certificates: str | bool

    @classmethod
    @memoized
    def now(cls, url: str) -> ProxySettings:
        """Return the way to `url` that the environment gives now."""
        from requests.utils import get_environ_proxies

        return cls(
            tuple(get_environ_proxies(url).items()),
            os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True,
        )


def get_pages(
    url: str, headers: Mapping[str, str] | None = None, expect: Iterable[int] = (200, 404)
) -> list[Answer]:
    """Read `url` and every page after it that a `Link` header names (RFC 8288, as GitHub's API pages)."""
    answers = [get(url, headers, expect)]
    while follows := re.search(r'<([^>]+)>; rel="next"', answers[-1].headers.get("link", "")):
        answers.append(get(follows[1], headers, (200,)))
    return answers


def get(
    url: str,
    headers: Mapping[str, str] | None = None,
    expect: Iterable[int] = (200, 404),
    method: str = "GET",
    way: ProxySettings | None = None,
    remember: bool = True,
) -> Answer:
    """Read `url`. 429 and 5xx are retried as the server says; raise `ReleaseError` for a status that
    is not in `expect` and for a server that cannot be reached. Without a `way`, the environment counts.
    Without `remember` the answer is not kept: for large bodies, and for what expires."""
    read = _remembered if remember else _get
    return read(url, tuple(sorted((headers or {}).items())), tuple(expect), method, way)


def _get(
    url: str,
    headers: tuple[tuple[str, str], ...],
    expect: tuple[int, ...],
    method: str,
    way: ProxySettings | None,
) -> Answer:
    import requests

    def read() -> tuple[requests.Response, bytes]:
        to = way or ProxySettings.now("/".join(url.split("/")[:3]))
        with _opening:  # or each of many who come at once would have its own
            session = _session()
        how: dict[str, Any] = {
            "timeout": TIMEOUT,
            "verify": to.certificates,
            "proxies": dict(to.proxies),
        }
        question = requests.Request(method, url, {**session.headers, **dict(headers)}).prepare()
        got = session.get_adapter(url).send(
            question, **how
        )  # the session itself would take as long again
        if got.is_redirect:
            *_, got = session.resolve_redirects(got, question, **how)
        return got, got.content

    try:
        got, body = read() if way else _apart(read)  # a stand-in is in a thread of its own
    except _Later as error:
        raise ReleaseError(f"{url} asks to come back in {error}", "run this again then") from error
    except OSError as error:  # requests' own are some, and a file of certificates that is not there
        raise ReleaseError(
            f"{url} cannot be read: {_reason(error)}", _suggest_fix(error)
        ) from error
    if got.status_code not in expect:
        said = body.decode(errors="replace").strip()[:200]
        raise ReleaseError(
            f"{url} answered {got.status_code}{': ' + said if said else ''}", "try again later"
        )
    return Answer(url, got.status_code, {k.lower(): v for k, v in got.headers.items()}, body)


_remembered = memoized_on(On.REMOTE)(_get)


def get_many(work: Callable[[T], R], items: Iterable[T], at_once: int = AT_ONCE) -> list[R]:
    """Call `work` for every item, some at once, and return the results in order."""
    todo = list(items)
    if len(todo) < 2:
        return [copy_context().run(work, item) for item in todo]
    with ThreadPoolExecutor(min(at_once, len(todo))) as pool:
        try:
            running = [pool.submit(copy_context().run, work, item) for item in todo]
            return [_result(one) for one in running]
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            if isinstance(error, KeyboardInterrupt):
                shell.end_children()  # or the pool would wait for them
            raise


def _result(one: Future[R]) -> R:
    while (
        not one.done()
    ):  # a Ctrl-C that comes just before a wait without end would only be seen after it
        wait((one,), 0.1)
    return one.result()


def _apart(read: Callable[[], R]) -> R:
    """Read in a thread that nobody waits for once the release is interrupted: a server may take a minute."""
    done: Future[R] = Future()
    thread = threading.Thread(target=copy_context().run, args=(complete, done, read), daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.1)
        terminal.pause(0)  # raises once the release is interrupted
    return done.result()


@lru_cache
def _session() -> Session:
    """Return what keeps connections open, for all threads; nothing in it changes (cookies are never sent)."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    class Patient(Retry):
        """Waits as the server says, though not for hours, and no longer once the release is interrupted."""

        def sleep(self, response: Any = None) -> None:
            asked = self.get_retry_after(response) if response is not None else None
            if asked and asked > LONGEST:
                raise _Later(f"{asked / 60:.0f} minutes")
            terminal.pause(self.get_backoff_time() if asked is None else asked)

    again = (429, 500, 502, 503, 504)
    retry = Patient(
        total=5,
        backoff_factor=0.3,
        status_forcelist=again,
        allowed_methods=("GET", "HEAD"),
        raise_on_status=False,
    )
    session = requests.Session()
    session.trust_env = False  # a `Way` has said what counts
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=AT_ONCE, max_retries=retry, pool_block=True))
    session.headers["User-Agent"] = f"release-tasks/{version('release-tasks')} (a release tool)"
    return session


def _reason(error: Exception) -> str:
    return str(error).rsplit("Caused by ", 1)[-1].removesuffix(")").replace("\n", " ")[:200]


def _suggest_fix(error: Exception) -> str:
    import requests

    if isinstance(error, requests.exceptions.SSLError) or not isinstance(
        error, requests.RequestException
    ):
        return "set REQUESTS_CA_BUNDLE (and SSL_CERT_FILE for cargo, gh, docker and helm) to a file with your network's CA"
    return "check the network and try again"
