"""Hosts that are not rehearsed: what a client reads from them is read from the real ones.

Base images, git dependencies and other registries come from there, as in a release. Nothing is
changed there.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from pathlib import Path

from release_tasks import endpoints, files, http
from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.mirrors import Mirrors
from release_tasks.rehearsal.upstream import Unreachable
from release_tasks.rehearsal.web import ELSEWHERE, READS, Request, Response

ASKED = (  # headers of a client that the real host gets
    "accept",
    "authorization",
    "content-encoding",
    "content-type",
    "git-protocol",
    "if-modified-since",
    "if-none-match",
    "range",
    "user-agent",
)
ANSWERED = (  # headers of the real host that a client gets
    "accept-ranges",
    "cache-control",
    "content-range",
    "content-type",
    "docker-content-digest",
    "docker-distribution-api-version",
    "etag",
    "last-modified",
    "link",
    "location",
    "retry-after",
    "www-authenticate",
)
_BLOB = re.compile(r"/v2/.+/blobs/(sha256:[0-9a-f]{64})")


class Elsewhere:
    """Reads from real hosts, and repositories of git from their `mirrors`.

    `unreachable` has the reason for each host that did not answer.
    """

    name = ELSEWHERE
    hosts: tuple[str, ...] = ()

    def __init__(
        self, cache: Path, offline: bool = False, mirrors: Mirrors | None = None
    ) -> None:
        self.cache = cache
        self.offline = offline
        self.mirrors = mirrors
        self.unreachable: dict[str, str] = {}
        self._lock = threading.Lock()
        self._settings = http.ProxySettings.now(endpoints.CRATES_INDEX)

    def handle(self, request: Request) -> Response:
        """Answer one request: with what the real host answers, or 403 for a change."""
        copied = self.mirrors.answer(request) if self.mirrors else None
        if copied is not None:
            return copied
        is_question = request.path.endswith(READS)
        if request.method not in ("GET", "HEAD") and not is_question:
            message = f"{request.host} is not part of the rehearsal: it is only read\n"
            return Response.of_text(message, 403)
        try:
            return self.read(request, {})
        except Unreachable as error:
            return error.response()

    def read(self, request: Request, headers: Mapping[str, str]) -> Response:
        """Return what the real host answers; `headers` are used instead of the client's.

        A blob is kept for later rehearsals. Raises `Unreachable`.
        """
        blob = _BLOB.fullmatch(request.path)
        if blob is None or request.method != "GET" or request.header("range"):
            return self._ask(request, headers)
        path = self.cache / blob[1].replace(":", "-")
        if not path.exists():
            answer = self._ask(request, headers)
            if answer.status != 200 or isinstance(answer.body, Path):
                return answer
            files.write_bytes(path, answer.body)
        kind = {"Content-Type": "application/octet-stream"}
        return Response(200, path, {**kind, "Docker-Content-Digest": blob[1]})

    def ask(self, url: str, headers: Mapping[str, str]) -> http.Answer:
        """Return the answer to a GET. Raises `Unreachable`."""
        return self._get(url, headers, "GET")

    def _ask(self, request: Request, headers: Mapping[str, str]) -> Response:
        sent = {
            name: request.header(name) for name in ASKED if request.header(name)
        }
        sent |= {"accept-encoding": "identity", **headers}
        sent = {name: value for name, value in sent.items() if value}
        url = f"https://{request.host}{request.target}"
        answer = self._get(url, sent, request.method, request.body)
        kept = {
            name.title(): answer.headers[name]
            for name in ANSWERED
            if name in answer.headers
        }
        if request.method == "HEAD" and "content-length" in answer.headers:
            kept["Content-Length"] = answer.headers["content-length"]
        return Response(answer.status, answer.body, kept)

    def _get(
        self,
        url: str,
        headers: Mapping[str, str],
        method: str,
        body: bytes = b"",
    ) -> http.Answer:
        host = endpoints.host(url)
        if self.offline:
            raise Unreachable(
                f"the rehearsal is offline, and {host} is not read"
            )
        if host in self.unreachable:
            raise Unreachable(
                f"{host} cannot be reached: {self.unreachable[host]}"
            )
        try:
            if method == "POST":
                return http.send("POST", url, headers, body, self._settings)
            return http.get(
                url,
                headers,
                http.ANY_STATUS,
                method,
                self._settings,
                remember=False,
            )
        except ReleaseError as error:
            with self._lock:
                self.unreachable[host] = error.problem
            raise Unreachable(error.problem) from error
