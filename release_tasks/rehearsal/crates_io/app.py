"""A local crates.io: sparse index, files and API, with the server's own checks."""

from __future__ import annotations

import hashlib
import html
import re
import threading
from collections.abc import Callable
from pathlib import Path

from release_tasks import endpoints
from release_tasks.rehearsal.clock import Clock
from release_tasks.rehearsal.crates_io import api
from release_tasks.rehearsal.crates_io.limits import YANK, Limits, TooMany
from release_tasks.rehearsal.crates_io.publish import publish
from release_tasks.rehearsal.crates_io.store import Refused, Store, index_path
from release_tasks.rehearsal.crates_io.trusted import (
    PATH,
    TrustedPublishing,
)
from release_tasks.rehearsal.identity import Issuer
from release_tasks.rehearsal.upstream import Unreachable, Upstream
from release_tasks.rehearsal.web import Request, Response

NO_AGENT = (
    "We require that all requests include a `User-Agent` header.  "
    "To allow us to determine the impact your bot has on our service, "
    "we ask that your user agent actually identify your bot.\n"
)
PUBLIC_FILE = re.compile(r"/crates/([^/]+)/([^/]+)/download")
NAMED_FILE = re.compile(r"/crates/([^/]+)/\1-([^/]+)\.crate")
README = re.compile(r"/readmes/([^/]+)/\1-([^/]+)\.html")
CRATE = r"/api/v1/crates/([^/]+)"


class CratesIo:
    """The registry; `token` is the one that may publish.

    `owned_by_others` are canonical names (`rules.crates_io.canonical`) that this token may not
    publish; `store.lag` (seconds) delays the index.
    """

    name = "crates"
    hosts: tuple[str, ...] = (
        endpoints.host(endpoints.CRATES_INDEX),
        endpoints.host(endpoints.CRATES_FILES),
        endpoints.host(endpoints.CRATES),
    )

    def __init__(
        self,
        folder: Path,
        token: str,
        upstream: Upstream,
        *,
        rate_limits: bool = False,
        clock: Clock | None = None,
        issuer: Issuer | None = None,
    ) -> None:
        self.token = token
        self.trusted = TrustedPublishing(issuer or Issuer(), clock or Clock())
        self.limits = Limits(clock or Clock(), rate_limits)
        self.store = Store(folder, upstream)
        self.owned_by_others: set[str] = set()
        self._publishing = threading.Lock()
        self._routes: tuple[tuple[str, Callable[..., Response]], ...] = (
            ("/api/v1/crates/new", self._publish),
            (f"{CRATE}/([^/]+)/(?:un)?yank", self._yank),
            (f"{CRATE}/owners", self._owners),
            ("/api/v1/crates", self._search),
            ("/api/v1/category_slugs", self._categories),
            (f"{CRATE}/([^/]+)", self._show_version),
            (CRATE, self._show_crate),
        )

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        try:
            return self._answer(request)
        except Unreachable as error:
            return error.response()
        except Refused as error:
            body = {"errors": [{"detail": error.detail}]}
            answer = Response.of_json(body, error.status)
            if isinstance(error, TooMany):
                answer.headers["Retry-After"] = error.date
            return answer

    def _answer(self, request: Request) -> Response:
        if request.path.startswith("/api/"):
            return self._api(request)
        for pattern in (PUBLIC_FILE, NAMED_FILE):
            if found := pattern.fullmatch(request.path):
                return self._file(found[1], found[2])
        if found := README.fullmatch(request.path):
            return self._readme(found[1], found[2])
        return self._index(
            request, request.path.removeprefix("/index").lstrip("/")
        )

    def _index(self, request: Request, path: str) -> Response:
        if path == "config.json":
            return Response.of_json(_config(request))
        name = path.rsplit("/", 1)[-1]
        if not name or index_path(name) != path:
            return Response.of_text("not found\n", 404)
        body = self.store.index(name)
        if body is None:
            return Response.of_text("not found\n", 404)
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"Content-Type": "text/plain", "ETag": etag}
        if etag in request.header("if-none-match"):
            return Response(304, b"", headers | {"Content-Length": "0"})
        return Response(200, body, headers)

    def _file(self, name: str, version: str) -> Response:
        path = self.store.file(name, version)
        if path is None:
            return Response.of_text("not found\n", 404)
        with self.store.lock:
            self.store.downloads[name.lower(), version] += 1
        return Response(200, path, {"Content-Type": "application/gzip"})

    def _readme(self, name: str, version: str) -> Response:
        """Answer a readme as a page; here it is rendered at once, and as plain text."""
        with self.store.lock:
            text = self.store.readmes.get((name.lower(), version))
        if text is None:
            return Response.of_text("AccessDenied\n", 403)
        page = f"<pre>{html.escape(text)}</pre>\n"
        return Response(200, page.encode(), {"Content-Type": "text/html"})

    def _api(self, request: Request) -> Response:
        if not request.header("user-agent"):
            return Response.of_text(NO_AGENT, 403)
        if found := re.fullmatch(rf"{CRATE}/([^/]+)/download", request.path):
            return self._download(request, found[1], found[2])
        if request.path == PATH:
            return self.trusted.answer(request)
        if request.method != "GET":
            self._authenticate(request)
        for pattern, handler in self._routes:
            if found := re.fullmatch(pattern, request.path):
                return handler(request, *found.groups())
        raise Refused("Not Found", 404)

    def _download(self, request: Request, name: str, version: str) -> Response:
        if not request.public:
            return self._file(name, version)
        url = f"{endpoints.CRATES_FILES}/crates/{name}/{version}/download"
        return Response(302, b"", {"Location": url})

    def _authenticate(self, request: Request) -> None:
        sent = _sent_token(request)
        if not sent:
            raise Refused("this action requires authentication", 403)
        if sent != self.token and not self._is_by_job(request):
            raise Refused("authentication failed", 403)

    def _is_by_job(self, request: Request) -> bool:
        """Tell whether a request has the token of a job of GitHub Actions."""
        return self.trusted.is_valid(_sent_token(request))

    def _publish(self, request: Request) -> Response:
        if request.method != "PUT":
            return self._show_crate(request, "new")
        with self._publishing:
            name = publish(
                self.store,
                self.limits,
                self.owned_by_others,
                request.body,
                self._is_by_job(request),
            )
        return Response.of_json(api.published(name))

    def _yank(self, request: Request, name: str, version: str) -> Response:
        if self._is_by_job(request):  # its token is for uploads alone
            raise Refused("authentication failed", 403)
        self.limits.spend(YANK)
        self.store.yank(name, version, yanked=request.method == "DELETE")
        return Response.of_json({"ok": True})

    def _owners(self, request: Request, name: str) -> Response:
        return Response.of_json(api.owners(self.store, request, name))

    def _search(self, request: Request) -> Response:
        return Response.of_json(api.search(self.store, request))

    def _categories(self, request: Request) -> Response:
        return Response.of_json(api.categories())

    def _show_version(
        self, request: Request, name: str, version: str
    ) -> Response:
        return Response.of_json(api.show_version(self.store, name, version))

    def _show_crate(self, request: Request, name: str) -> Response:
        return Response.of_json(api.show_crate(self.store, name))


def _config(request: Request) -> dict[str, str]:
    """Return `config.json` of the index, with the hosts that this client can reach."""
    if request.public:
        return {
            "dl": f"{endpoints.CRATES_FILES}/crates",
            "api": endpoints.CRATES,
        }
    return {"dl": f"{request.base}/crates", "api": request.base}


def _sent_token(request: Request) -> str:
    """Return the token of a request; cargo sends it alone, others after `Bearer`."""
    return request.header("authorization").removeprefix("Bearer ")
