"""crates.io for a rehearsal: sparse index, files and API, with the server's own checks."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Collection
from pathlib import Path

from release_tasks import endpoints
from release_tasks.rehearsal.clock import Clock
from release_tasks.rehearsal.crates_io import api
from release_tasks.rehearsal.crates_io.categories import SLUGS
from release_tasks.rehearsal.crates_io.limits import YANK, Limits, TooMany
from release_tasks.rehearsal.crates_io.publish import canonical, publish
from release_tasks.rehearsal.crates_io.store import Refused, Store, index_path
from release_tasks.rehearsal.upstream import Unreachable, Upstream
from release_tasks.rehearsal.web import Request, Response

NO_AGENT = (
    "We require that all requests include a `User-Agent` header.  To allow us to determine the impact "
    "your bot has on our service, we ask that your user agent actually identify your bot.\n"
)
CRATE = r"/api/v1/crates/([^/]+)"


class CratesIo:
    """The registry. `token` is the one that may publish, `foreign` names crates of others,
    `ours` those this release may publish; `lag` (seconds) delays the index."""

    name = "crates"
    hosts = tuple(
        endpoints.host(u)
        for u in (endpoints.CRATES_INDEX, endpoints.CRATES_FILES, endpoints.CRATES)
    )

    def __init__(
        self,
        folder: Path,
        token: str,
        offline: bool = False,
        *,
        cache: Path | None = None,
        lag: float = 0.0,
        ours: Collection[str] | None = None,
        foreign: Collection[str] = (),
        rate_limits: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.token = token
        self.limits = Limits(clock or Clock(), rate_limits)
        self.store = Store(folder, Upstream(cache or folder / "cache", offline, ours), lag)
        self.foreign = {canonical(name) for name in foreign}
        self._publishing = threading.Lock()

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        try:
            if request.path.startswith("/api/"):
                return self._api(request)
            if found := re.fullmatch(r"/crates/([^/]+)/([^/]+)/download", request.path):
                return self._file(found[1], found[2])
            if found := re.fullmatch(r"/crates/([^/]+)/\1-([^/]+)\.crate", request.path):
                return self._file(found[1], found[2])
            return self._index(request, request.path.removeprefix("/index").lstrip("/"))
        except Unreachable as error:
            return error.response()
        except Refused as error:
            answer = Response.of_json({"errors": [{"detail": error.detail}]}, error.status)
            if isinstance(error, TooMany):
                answer.headers["Retry-After"] = error.date
            return answer

    def _index(self, request: Request, path: str) -> Response:
        if path == "config.json":
            public = (endpoints.CRATES_FILES, endpoints.CRATES)
            files, site = public if request.public else (request.base, request.base)
            return Response.of_json({"dl": f"{files}/crates", "api": site})
        name = path.rsplit("/", 1)[-1]
        body = self.store.index(name) if name and index_path(name) == path else None
        if body is None:
            return Response(404, b"not found\n", {"Content-Type": "text/plain"})
        headers = {
            "Content-Type": "text/plain",
            "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        }
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(304, b"", headers | {"Content-Length": "0"})
        return Response(200, body, headers)

    def _file(self, name: str, version: str) -> Response:
        path = self.store.file(name, version)
        if path is None:
            return Response(404, b"not found\n", {"Content-Type": "text/plain"})
        return Response(200, path, {"Content-Type": "application/gzip"})

    def _api(self, request: Request) -> Response:
        path, method, store = request.path, request.method, self.store
        if not request.headers.get("user-agent"):
            return Response(403, NO_AGENT.encode(), {"Content-Type": "text/plain"})
        if found := re.fullmatch(rf"{CRATE}/([^/]+)/download", path):
            if request.public:
                place = f"{endpoints.CRATES_FILES}/crates/{found[1]}/{found[2]}/download"
                return Response(302, b"", {"Location": place})
            return self._file(found[1], found[2])
        if method != "GET":
            self._authenticate(request)
        if (method, path) == ("PUT", "/api/v1/crates/new"):
            body = request.body
            with self._publishing:
                return api.published(publish(store, self.limits, self.foreign, body))
        if found := re.fullmatch(rf"{CRATE}/([^/]+)/(un)?yank", path):
            self.limits.spend(YANK)
            store.yank(found[1], found[2], method == "DELETE")
            return Response.of_json({"ok": True})
        if found := re.fullmatch(rf"{CRATE}/owners", path):
            return Response.of_json(api.owners(store, request, found[1]))
        if path == "/api/v1/crates":
            return Response.of_json(api.search(store, request))
        if path == "/api/v1/category_slugs":
            return Response.of_json(
                {"category_slugs": [{"id": slug, "slug": slug} for slug in sorted(SLUGS)]}
            )
        if found := re.fullmatch(rf"{CRATE}/([^/]+)", path):
            return Response.of_json(api.show_version(store, found[1], found[2]))
        if found := re.fullmatch(CRATE, path):
            return Response.of_json(api.show_crate(store, found[1]))
        raise Refused("Not Found", 404)

    def _authenticate(self, request: Request) -> None:
        sent = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not sent:
            raise Refused("this action requires authentication", 403)
        if sent != self.token:
            raise Refused("authentication failed", 403)
