"""A local PyPI: legacy upload with its rules, simple index, JSON API, files."""

from __future__ import annotations

import math
import re
import secrets
import threading
from collections import Counter
from pathlib import Path

from packaging.utils import canonicalize_name

from release_tasks import endpoints
from release_tasks.rehearsal.clock import Bucket, Clock
from release_tasks.rehearsal.identity import Issuer, NotValid, Publisher
from release_tasks.rehearsal.pypi import index
from release_tasks.rehearsal.pypi.checks import (
    check_form,
    check_history,
    check_new_project,
    check_token,
)
from release_tasks.rehearsal.pypi.dist import check_dist, check_filename
from release_tasks.rehearsal.pypi.form import Form, read_form
from release_tasks.rehearsal.pypi.store import Refused, Store
from release_tasks.rehearsal.pypi.upstream import RealPyPI
from release_tasks.rehearsal.upstream import Unreachable, Upstream
from release_tasks.rehearsal.web import Request, Response

NEW_PROJECTS = (20, 180.0)  # at once, and the seconds until one more is allowed
MINTED_FOR = 900.0  # seconds
UPLOAD = ("/legacy/", "/legacy", "/")
# as warehouse answers (warehouse/oidc/views.py)
NO_PUBLISHER = (
    "valid token, but no corresponding publisher "
    "(Publisher with matching claims was not found)"
)
MINT = ("/_/oidc/mint-token", "/_/oidc/github/mint-token")


class PyPI:
    """The index; `token` is the one that may upload.

    `owned_by_others` are normalized names of projects that this token may not upload to; the age
    of a release is measured by `clock`.
    """

    name = "pypi"
    hosts: tuple[str, ...] = (
        endpoints.host(endpoints.PYPI),
        endpoints.host(endpoints.PYPI_FILES),
        endpoints.host(endpoints.PYPI_UPLOAD),
        endpoints.host(endpoints.PYPI_LEGACY),
        endpoints.host(endpoints.PYPI_STATS),
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
        self.clock = clock or Clock()
        self.issuer = issuer or Issuer()
        # without any, every job gets a token
        self.publishers: tuple[Publisher, ...] = ()
        self.store = Store(folder, RealPyPI(upstream), self.clock)
        self.owned_by_others: set[str] = set()
        self.new_projects: Bucket | None = None
        if rate_limits:
            self.new_projects = Bucket(self.clock, *NEW_PROJECTS)
        # minted ones too: until when, in the time of `clock`
        self._tokens = {token: math.inf}
        self._seen_jwts: set[str] = set()
        self._uploading = threading.Lock()
        self._downloads: Counter[str] = Counter()  # by normalized name

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        try:
            return self._answer(request)
        except Unreachable as error:
            return error.response()
        except Refused as error:
            text = f"{error.status} {error.reason}\n\n{error.reason}\n"
            headers = {"Content-Type": "text/plain; charset=UTF-8"}
            return Response(error.status, text.encode(), headers, error.reason)

    def yank(self, name: str, version: str, reason: str = "") -> None:
        """Yank a release, as an owner does in the browser."""
        self.store.yank(name, version, reason)

    def unyank(self, name: str, version: str) -> None:
        """Undo the yank of a release."""
        self.store.yank(name, version, None)

    def delete_file(self, filename: str) -> None:
        """Delete a file, as an owner does in the browser; its name can never be used again."""
        self.store.delete(filename)

    def _answer(self, request: Request) -> Response:
        path = request.path
        if request.method == "POST" and path in UPLOAD:
            return self._upload(request)
        if path == "/simple/":
            return index.answer_simple(request, index.project_list(self.store))
        if found := re.fullmatch(r"/simple/([^/]+)/?", path):
            return self._project(request, found[1])
        if found := re.fullmatch(r"/pypi/([^/]+)/(?:([^/]+)/)?json/?", path):
            name, version = found.groups()
            return self._json(request, canonicalize_name(name), version or "")
        if path.startswith("/packages/"):
            return self._file(request)
        if found := re.fullmatch(r"/api/packages/([^/]+)/recent", path):
            return self._recent(found[1])
        if path == "/_/oidc/audience":
            return Response.of_json({"audience": "pypi"})
        # anybody may ask at our own address, but only our clients at the public one
        if request.method == "POST" and path in MINT and request.public:
            return self._mint(request)
        if path.startswith("/_/oidc/"):
            return _no_json()
        return _no_file()

    def _upload(self, request: Request) -> Response:
        check_token(request.header("authorization"), self._valid_tokens())
        form = read_form(request)
        with self._uploading:
            self._store(form)
        return Response(200)

    def _store(self, form: Form) -> None:
        check_form(form)
        filename = form.filename or ""
        check_filename(form)
        if form.project in self.owned_by_others or self.store.is_foreign(
            form.project
        ):
            raise Refused(
                f"The user 'rehearsal' isn't allowed to upload to project {form.get('name')!r}. "
                f"See {endpoints.PYPI}/help/#project-name for more information.",
                403,
            )
        self._open_project(form)
        if not check_history(self.store, form, filename):
            self.store.add(form, filename, check_dist(form))

    def _open_project(self, form: Form) -> None:
        """Raise `Refused` where a project is new and cannot be made."""
        if self.store.files(form.project) is not None:
            return
        check_new_project(self.store, form)
        if (
            self.new_projects is not None
            and self.new_projects.take() is not None
        ):
            raise Refused("Too many new projects created", 429)

    def _project(self, request: Request, name: str) -> Response:
        normal = canonicalize_name(name)
        if request.path != f"/simple/{normal}/":
            return Response(301, b"", {"Location": f"/simple/{normal}/"})
        files = self.store.files(normal)
        if files is None:
            return Response.of_text("404 Not Found\n", 404)
        return index.answer_simple(
            request, index.project_page(request, normal, files)
        )

    def _json(self, request: Request, name: str, version: str) -> Response:
        data = index.project_json(request, self.store, name, version)
        if not data:
            return _no_json()
        return Response.of_json(data)

    def _file(self, request: Request) -> Response:
        path = request.path.removesuffix(".metadata")
        *_folders, filename = path.split("/")
        upload = self.store.uploads.get(filename)
        if upload is None or upload.listed.path != path:
            return _ranged(request, self.store.real.file(request.path))
        if path == request.path:
            with self.store.lock:
                self._downloads[upload.form.project] += 1
            return _ranged(request, upload.path)
        if not upload.metadata:
            return _no_file()
        return Response(200, upload.metadata)

    def _recent(self, name: str) -> Response:
        """Answer what pypistats.org counts; everything here is of today."""
        if self.store.files(name) is None:
            return Response.of_text("404\n", 404)
        count = self._downloads[name]
        data = dict.fromkeys(("last_day", "last_week", "last_month"), count)
        body = {"data": data, "package": name, "type": "recent_downloads"}
        return Response.of_json(body)

    def _mint(self, request: Request) -> Response:
        """Give a token for a JWT, once and for 15 minutes, to the jobs that owners trust."""
        jwt = str(request.json().get("token", ""))
        if not jwt or jwt in self._seen_jwts:
            return _no_token(
                "invalid-reuse-token", "invalid token: already used"
            )
        self._seen_jwts.add(jwt)
        if self.publishers:
            try:
                claims = self.issuer.claims(jwt, "pypi")
            except (NotValid, KeyError, ValueError):
                return _no_token("invalid-token", "malformed or invalid token")
            if not any(one.matches(claims) for one in self.publishers):
                return _no_token("invalid-publisher", NO_PUBLISHER)
        token = f"pypi-minted-{secrets.token_hex(16)}"
        until = self.clock.now() + MINTED_FOR
        self._tokens[token] = until
        body = {"success": True, "token": token, "expires": int(until)}
        return Response.of_json(body)

    def _valid_tokens(self) -> list[str]:
        now = self.clock.now()
        return [token for token, until in self._tokens.items() if now < until]


def _no_token(code: str, description: str) -> Response:
    error = {"code": code, "description": description}
    return Response.of_json(
        {"message": "Token request failed", "errors": [error]}, 422
    )


def _ranged(request: Request, path: Path | None) -> Response:
    if path is None:
        return _no_file()
    headers = {"Content-Type": "application/octet-stream"}
    return Response.of_file(path, request.header("range"), headers)


def _no_file() -> Response:
    return Response(404, b"not found\n")


def _no_json() -> Response:
    return Response.of_json({"message": "Not Found"}, 404)
