"""Every read over the network: repeated as the server asks, many at once."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar

from release_tasks import shell, terminal
from release_tasks.errors import ReleaseError
from release_tasks.memo import On, complete, memoized, memoized_on

if TYPE_CHECKING:
    from requests import Response, Session

CONNECTIONS = 32  # at the same time, to one host
TIMEOUT = (10, 60)  # seconds to connect, seconds without a byte
LONGEST_WAIT = 600  # seconds; a server that asks for more (`Retry-After`) is an error
SHOWN = 200  # characters of a body or reason that a message quotes
# how urllib3 shows its own objects, and the class of an error around its text
_OBJECTS = re.compile(r"<urllib3[^>]*>: |HTTPS?Connection(?:Pool)?\([^()]*\): ")
_CLASS = re.compile(r"""(?:\w+\()+(?:1, )?["'](?P<text>.*?)["']\)*""")
_ABORTED = re.compile(r"\('Connection aborted\.', ")
ANY_STATUS = range(100, 600)
REPEATED = (429, 500, 502, 503, 504)  # statuses that can be different next time

_session_lock = threading.Lock()
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Answer:
    """What a server answered: HTTP status, headers (names in lower case), body."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self, kind: type = object) -> Any:
        """Return the body as JSON; raise `ReleaseError` where it is not valid, or not a `kind`."""
        start = self.body[:60].decode(errors="replace")
        try:
            data = json.loads(self.body)
        except ValueError as error:
            fact = f"{self.url} did not return valid JSON: {start!r}"
            raise ReleaseError(fact, "try again later") from error
        if not isinstance(data, kind):
            raise ReleaseError(
                f"{self.url} returned unexpected JSON: {start!r}", "try again later"
            )
        return data


@dataclass(frozen=True)
class ProxySettings:
    """Proxies and certificates, as the environment has them at one moment.

    A local registry keeps those of its start: the environment of a rehearsal has the rehearsal's
    own proxy, which would send every read of the registry back to the registry.
    """

    proxies: tuple[tuple[str, str], ...]
    certificates: str | bool

    @classmethod
    @memoized
    def now(cls, url: str) -> ProxySettings:
        """Return the settings of the current environment for `url`."""
        from requests.utils import get_environ_proxies

        bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get(
            "CURL_CA_BUNDLE"
        )
        return cls(tuple(get_environ_proxies(url).items()), bundle or True)


class _WaitTooLong(Exception):
    """A server asks to be called again after a longer time than `LONGEST_WAIT`."""


def get_pages(
    url: str,
    headers: Mapping[str, str] | None = None,
    expect: Iterable[int] = (200, 404),
) -> list[Answer]:
    """Read `url` and every page after it, as the `Link` headers name them (RFC 8288)."""
    answers = [get(url, headers, expect)]
    while following := _next_page(answers[-1]):
        answers.append(get(following, headers, (200,)))
    return answers


def get(
    url: str,
    headers: Mapping[str, str] | None = None,
    expect: Iterable[int] = (200, 404),
    method: str = "GET",
    settings: ProxySettings | None = None,
    remember: bool = True,
) -> Answer:
    """Read `url`; statuses 429 and 5xx are repeated as the server asks.

    Without `settings`, those of the environment are used. Without `remember`, the answer is not
    memoized: for large bodies, and for what expires. Raises `ReleaseError` for a status that is
    not in `expect`, and for a server that cannot be reached.
    """
    read = _remembered if remember else _get
    pairs = tuple(sorted((headers or {}).items()))
    return read(url, pairs, tuple(expect), method, settings, None)


def ask_by_post(
    url: str, headers: Mapping[str, str], body: bytes, settings: ProxySettings
) -> Answer:
    """Return the answer, of any status, to a question that is asked by POST (git-upload-pack).

    Raises `ReleaseError` for a server that cannot be reached.
    """
    pairs = tuple(sorted(headers.items()))
    return _get(url, pairs, tuple(ANY_STATUS), "POST", settings, body)


def get_many(
    work: Callable[[T], R], items: Iterable[T], at_once: int = CONNECTIONS
) -> list[R]:
    """Call `work` for every item, `at_once` at the same time, and return the results in order."""
    todo = list(items)
    if len(todo) < 2:
        return [copy_context().run(work, item) for item in todo]
    with ThreadPoolExecutor(min(at_once, len(todo))) as pool:
        try:
            futures = [pool.submit(copy_context().run, work, item) for item in todo]
            return [_result(future) for future in futures]
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            if isinstance(error, KeyboardInterrupt):
                shell.end_children()  # the pool would wait for them
            raise


def _next_page(answer: Answer) -> str | None:
    link = re.search(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
    return link[1] if link else None


def _get(
    url: str,
    headers: tuple[tuple[str, str], ...],
    expect: tuple[int, ...],
    method: str,
    settings: ProxySettings | None,
    body: bytes | None,
) -> Answer:
    read = partial(_read, method, url, dict(headers), settings, body)
    try:
        if settings:  # a local registry's own thread, which no Ctrl-C reaches
            response = read()
        else:
            response = _interruptible(read)
    except _WaitTooLong as error:
        raise ReleaseError(
            f"{url} is rate-limited for {error}", "run this again then"
        ) from error
    except OSError as error:  # those of requests, and a missing file of certificates
        fact = f"{url} cannot be read: {reason(error)}"
        raise ReleaseError(fact, _suggest_fix(error)) from error
    if response.status_code not in expect:
        raise _unexpected(url, response)
    names = {name.lower(): value for name, value in response.headers.items()}
    return Answer(url, response.status_code, names, response.content)


_remembered = memoized_on(On.REMOTE)(_get)


def _read(
    method: str,
    url: str,
    headers: Mapping[str, str],
    settings: ProxySettings | None,
    body: bytes | None,
) -> Response:
    from requests import Request

    used = settings or ProxySettings.now("/".join(url.split("/")[:3]))
    session = _session()
    # `Request.prepare` and `Session.send` (requests: Advanced Usage, Prepared Requests):
    # `Session.request` is slower: it merges settings that are always empty here.
    request = Request(method, url, {**session.headers, **headers}, data=body).prepare()
    return session.send(
        request, timeout=TIMEOUT, verify=used.certificates, proxies=dict(used.proxies)
    )


def _interruptible(read: Callable[[], R]) -> R:
    """Read in a thread that nobody waits for once the release is interrupted."""
    done: Future[R] = Future()
    thread = threading.Thread(
        target=copy_context().run, args=(complete, done, read), daemon=True
    )
    thread.start()
    while thread.is_alive():
        thread.join(0.1)
        terminal.pause(0)  # raises once the release is interrupted
    return done.result()


def _result(future: Future[R]) -> R:
    # In slices: a Ctrl-C that comes just before an endless wait is only seen after that wait.
    while not future.done():
        wait((future,), 0.1)
    return future.result()


def _session() -> Session:
    """Return the session that all threads share, so that connections stay open."""
    with _session_lock:  # of many threads at once, the first one makes it
        return _make_session()


@lru_cache
def _make_session() -> Session:
    from http.cookiejar import DefaultCookiePolicy

    from requests import Session
    from requests.adapters import HTTPAdapter

    session = Session()
    session.trust_env = False  # `ProxySettings` has read the environment
    # keep and send none
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = (
        f"release-tasks/{version('release-tasks')} (a release tool)"
    )
    for scheme in ("http://", "https://"):
        adapter = HTTPAdapter(
            pool_maxsize=CONNECTIONS, max_retries=_retries(), pool_block=True
        )
        session.mount(scheme, adapter)
    return session


def _retries() -> Any:
    """Return urllib3's retries, with waits that end when the release is interrupted."""
    from urllib3.util import Retry

    class Retries(Retry):
        def sleep(self, response: Any = None) -> None:
            seconds = None
            if response is not None:
                seconds = self.get_retry_after(response)
            if seconds is None:
                seconds = self.get_backoff_time()
            if seconds > LONGEST_WAIT:
                raise _WaitTooLong(f"{seconds / 60:.0f} minutes")
            terminal.pause(seconds)

    return Retries(
        total=5,
        backoff_factor=0.3,
        status_forcelist=REPEATED,
        allowed_methods=("GET", "HEAD"),
        raise_on_status=False,
    )


def _unexpected(url: str, response: Response) -> ReleaseError:
    fact = f"{url} answered {response.status_code}"
    body = response.content.decode(errors="replace").strip()[:SHOWN]
    if body:
        fact += f": {body}"
    return ReleaseError(fact, "try again later")


def reason(error: Exception) -> str:
    """Return the innermost cause of one of requests' errors, in one line."""
    cause = str(error).rsplit("Caused by ", 1)[-1].replace("\n", " ")
    cause = _ABORTED.sub("", _OBJECTS.sub("", cause))
    while said := _CLASS.fullmatch(cause):
        cause = said["text"]
    return cause[:SHOWN]


def _suggest_fix(error: Exception) -> str:
    """Return what to do: set the certificates, or look at the network."""
    from requests.exceptions import RequestException, SSLError

    is_about_certificates = isinstance(error, SSLError) or not isinstance(
        error, RequestException
    )
    if is_about_certificates:
        return (
            "set REQUESTS_CA_BUNDLE (and SSL_CERT_FILE for cargo, gh, docker and helm)"
            " to a file with your network's CA"
        )
    return "check the network and try again"
