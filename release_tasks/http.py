"""Every read over the network: repeated as the server asks, many at once."""

from __future__ import annotations

import json
import os
import re
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit

from release_tasks import endpoints, shell, terminal
from release_tasks.errors import ReleaseError
from release_tasks.memo import On, complete, memoized, memoized_on
from release_tasks.printable import one_line

if TYPE_CHECKING:
    from requests import Response, Session

CONNECTIONS = 32  # at the same time, to one host
TIMEOUT = (10, 60)  # seconds to connect, seconds without a byte
# seconds; a server that asks for more (`Retry-After`) is an error
LONGEST_WAIT = 600
# seconds until the headers of an answer are there, repetitions included
LONGEST_ANSWER = 600
SLOWEST = 100  # bytes per second of a body, on average, after the first minute
# bytes of an answer that is remembered: JSON, an index, a manifest
MOST = 64 << 20
MOST_OF_A_FILE = 8 << 30  # bytes of a file that is downloaded
# bytes, and bytes for each one that was sent
BOMB_SIZE, BOMB_RATIO = (64 << 20, 200)
PAGES = 1000
REDIRECTS = 10
CHUNK = 64 << 10  # bytes
YEAR = 365 * 86400  # seconds
SHOWN = 200  # characters of a body or reason that a message quotes
# how urllib3 shows its own objects, and the class of an error around its text
_OBJECTS = re.compile(r"<urllib3[^>]*>: |HTTPS?Connection(?:Pool)?\([^()]*\): ")
_CLASS = re.compile(r"""(?:\w+\()+(?:1, )?["'](?P<text>.*?)["']\)*""")
_ABORTED = re.compile(r"\('Connection aborted\.', ")
ANY_STATUS = range(100, 600)
# requests hides this while it is imported, which is lost where another thread leaves
# `catch_warnings` at that moment: the filters are those of the whole process (docs.python.org)
warnings.filterwarnings("ignore", message="SOCKS support in urllib3")
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
        except (ValueError, RecursionError) as error:
            fact = f"{self.url} did not return valid JSON: {start!r}"
            raise ReleaseError(fact, "try again later") from error
        if not isinstance(data, kind):
            raise ReleaseError(
                f"{self.url} returned unexpected JSON: {start!r}",
                "try again later",
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


@dataclass(frozen=True)
class Question:
    """What a server is asked, and how many bytes its answer may have."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    most: int


@dataclass
class _Progress:
    """How long a read has waited because a server asked for it, and whether it is answered."""

    paused: float = 0  # seconds
    is_answered: bool = False


_progress: ContextVar[_Progress | None] = ContextVar("progress", default=None)


class _Refused(Exception):
    """An answer that has no end, is too large or slow, or leads to an address of another kind."""


class _WaitTooLong(Exception):
    """A server asks to be called again after a longer time than `LONGEST_WAIT`."""


def get_pages(
    url: str,
    headers: Mapping[str, str] | None = None,
    expect: Iterable[int] = (200, 404),
) -> list[Answer]:
    """Read `url` and every page after it, as the `Link` headers name them (RFC 8288).

    Raises `ReleaseError` for a page on another host, which would get the headers, and for more
    than `PAGES`.
    """
    answers = [get(url, headers, expect)]
    while following := _next_page(answers[-1]):
        if _origin(following) != _origin(url) or len(answers) == PAGES:
            raise ReleaseError(
                f"{url} has more than {PAGES} pages, or one elsewhere: {following[:SHOWN]}",
                "try again later",
            )
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
    memoized and may be large: for files, and for what expires. Raises `ReleaseError` for a status
    that is not in `expect`, for a server that cannot be reached, and for an answer without an end.
    """
    read = _remembered if remember else _get_file
    pairs = tuple(sorted((headers or {}).items()))
    return read(url, pairs, tuple(expect), method, settings)


def send(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    settings: ProxySettings,
) -> Answer:
    """Send a request that is not repeated, and return the answer, of any status.

    Raises `ReleaseError` for a server that cannot be reached.
    """
    question = Question(method, url, headers, body, MOST_OF_A_FILE)
    return _answer(question, tuple(ANY_STATUS), settings)


def get_many(
    work: Callable[[T], R], items: Iterable[T], at_once: int = CONNECTIONS
) -> list[R]:
    """Call `work` for every item, `at_once` at the same time, and return the results in order."""
    todo = list(items)
    if len(todo) < 2:
        return [copy_context().run(work, item) for item in todo]
    with ThreadPoolExecutor(min(at_once, len(todo))) as pool:
        try:
            futures = [
                pool.submit(copy_context().run, work, item) for item in todo
            ]
            return [_result(future) for future in futures]
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            if isinstance(error, KeyboardInterrupt):
                shell.end_children()  # the pool would wait for them
            raise


def _next_page(answer: Answer) -> str | None:
    link = re.search(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
    return link[1] if link else None


@memoized_on(On.REMOTE)
def _remembered(
    url: str,
    headers: tuple[tuple[str, str], ...],
    expect: tuple[int, ...],
    method: str,
    settings: ProxySettings | None,
) -> Answer:
    return _answer(
        Question(method, url, dict(headers), None, MOST), expect, settings
    )


def _get_file(
    url: str,
    headers: tuple[tuple[str, str], ...],
    expect: tuple[int, ...],
    method: str,
    settings: ProxySettings | None,
) -> Answer:
    question = Question(method, url, dict(headers), None, MOST_OF_A_FILE)
    return _answer(question, expect, settings)


def _answer(
    question: Question, expect: tuple[int, ...], settings: ProxySettings | None
) -> Answer:
    url = question.url
    read = partial(_read, question, settings)
    try:
        if settings:  # a local registry's own thread, which no Ctrl-C reaches
            answer = read()
        else:
            answer = _interruptible(read)
    except _WaitTooLong as error:
        raise ReleaseError(
            f"{url} is rate-limited for {error}", "run this again then"
        ) from error
    except _Refused as error:
        fact = f"{url} cannot be read: {error}"
        raise ReleaseError(fact, "try again later") from error
    except (OSError, ValueError) as error:
        # those of requests and urllib3, and a missing file of certificates
        fact = f"{url} cannot be read: {reason(error)}"
        raise ReleaseError(fact, _suggest_fix(error)) from error
    if answer.status not in expect:
        raise _unexpected(answer)
    return answer


def _read(question: Question, settings: ProxySettings | None) -> Answer:
    from requests import Request

    used = settings or ProxySettings.now("/".join(question.url.split("/")[:3]))
    session = _session()
    # `Request.prepare` and `Session.send` (requests: Advanced Usage, Prepared Requests):
    # `Session.request` is slower: it merges settings that are always empty here.
    headers = {**session.headers, **question.headers}
    hooks = {"response": _check_redirect}
    request = Request(
        question.method, question.url, headers, data=question.body, hooks=hooks
    )
    with session.send(
        request.prepare(),
        timeout=TIMEOUT,
        verify=used.certificates,
        proxies=dict(used.proxies),
        stream=True,
    ) as response:
        if progress := _progress.get():
            progress.is_answered = True
        body = _body(response, question.most)
    names = {name.lower(): value for name, value in response.headers.items()}
    return Answer(question.url, response.status_code, names, body)


def _body(response: Response, most: int) -> bytes:
    """Return the body of an answer; raise `_Refused` for one without an end, and for a bomb."""
    if "," in response.headers.get("Content-Encoding", ""):
        raise _Refused("the body is compressed several times")
    chunks = []
    size = 0
    start = time.monotonic()
    while chunk := _next_chunk(response):
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            raise _Refused(f"it has more than {most >> 20} MB")
        sent = response.raw.tell()
        if size > BOMB_SIZE and size > BOMB_RATIO * sent:
            raise _Refused(f"{sent} bytes unpack to more than {size}")
        seconds = time.monotonic() - start
        if seconds > TIMEOUT[1] and sent < seconds * SLOWEST:
            raise _Refused(f"only {sent} bytes came in {seconds:.0f} s")
    return b"".join(chunks)


def _next_chunk(response: Response) -> bytes:
    """Return what has come of a body, unpacked, b"" at its end; it does not wait for more."""
    from requests.exceptions import ConnectionError
    from urllib3.exceptions import HTTPError

    try:
        chunk: bytes | None = response.raw.read1(CHUNK, decode_content=True)
    except HTTPError as error:
        raise ConnectionError(error) from error
    return chunk or b""


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _interruptible(read: Callable[[], R]) -> R:
    """Read in a thread that nobody waits for once the release is interrupted."""
    done: Future[R] = Future()
    started = time.monotonic()
    progress = _Progress()
    _progress.set(progress)
    thread = threading.Thread(
        target=copy_context().run, args=(complete, done, read), daemon=True
    )
    thread.start()
    while thread.is_alive():
        thread.join(0.1)
        terminal.pause(0)  # raises once the release is interrupted
        seconds = time.monotonic() - started - progress.paused
        if not progress.is_answered and seconds > LONGEST_ANSWER:
            raise _Refused(f"no answer in {seconds:.0f} s")
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
    session.max_redirects = REDIRECTS
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
            seconds = _retry_after(self, response)
            if seconds is None:
                seconds = self.get_backoff_time()
            if seconds > LONGEST_WAIT:
                raise _WaitTooLong(_minutes(seconds))
            terminal.pause(seconds)
            if progress := _progress.get():
                progress.paused += seconds

        def increment(self, *words: Any, **named: Any) -> Any:
            new = super().increment(*words, **named)
            response = named.get("response")
            if response is not None:
                # else urllib3 reads the whole body, which may have no end
                response.close()
            return new

    return Retries(
        total=5,
        backoff_factor=0.3,
        status_forcelist=REPEATED,
        allowed_methods=("GET", "HEAD"),
        raise_on_status=False,
    )


def _retry_after(retries: Any, response: Any) -> float | None:
    """Return the seconds that a server asks for, None where it does not, or not readably."""
    if response is None:
        return None
    try:
        found = retries.get_retry_after(response)
        return None if found is None else float(found)
    except Exception:
        # urllib3 passes on whatever its parsers of dates and numbers raise
        return None


def _minutes(seconds: float) -> str:
    return (
        "more than a year" if seconds > YEAR else f"{seconds / 60:.0f} minutes"
    )


def _check_redirect(response: Response, **named: Any) -> None:
    """Raise `_Refused` for a redirect that leaves https, and for one with a large body."""
    if not response.is_redirect:
        return
    target = urljoin(response.url, response.headers["location"])
    scheme = urlsplit(target).scheme
    was_secure = urlsplit(response.url).scheme == "https"
    if scheme != "https" and (was_secure or scheme != "http"):
        raise _Refused(f"it leads to {target[:SHOWN]}, which is not https")
    # requests reads the body of a redirect to its end
    if len(response.raw.read(CHUNK + 1, decode_content=False)) > CHUNK:
        raise _Refused("it leads elsewhere, with a body without an end")


def _unexpected(answer: Answer) -> ReleaseError:
    fact = f"{answer.url} answered {answer.status}"
    body = one_line(answer.body[: SHOWN * 4].decode(errors="replace"))[:SHOWN]
    if body:
        fact += f": {body}"
    page = endpoints.status_page(endpoints.host(answer.url).partition(":")[0])
    if answer.status >= 500 and page:
        return ReleaseError(fact, f"look at {page}, then try again")
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

    is_file = isinstance(error, OSError) and not isinstance(
        error, RequestException
    )
    is_about_certificates = isinstance(error, SSLError) or is_file
    if is_about_certificates:
        return (
            "set REQUESTS_CA_BUNDLE (and SSL_CERT_FILE for cargo, gh, docker and helm)"
            " to a file with your network's CA"
        )
    return "check the network and try again"
