"""PyPI for a rehearsal: legacy upload with its rules, simple index, JSON API, files."""

from __future__ import annotations

import math
import re
import secrets
import threading
from collections.abc import Collection
from pathlib import Path

from packaging.utils import canonicalize_name

from release_tasks import endpoints
from release_tasks.rehearsal.clock import Bucket, Clock
from release_tasks.rehearsal.pypi import index
from release_tasks.rehearsal.pypi.checks import check_form, check_history, check_token
from release_tasks.rehearsal.pypi.dist import check_dist, check_filename
from release_tasks.rehearsal.pypi.form import Form, read_form
from release_tasks.rehearsal.pypi.store import Refused, Store
from release_tasks.rehearsal.pypi.upstream import RealPyPI
from release_tasks.rehearsal.upstream import Unreachable
from release_tasks.rehearsal.web import Request, Response

NEW_PROJECTS = (20, 180.0)  # at once, then one more every so many seconds
MINTED_FOR = 900.0  # seconds


class PyPI:
    """The index. `token` is the one that may upload, `foreign` names projects of others, `ours`
    those this release may upload; a release is as old as `clock` says."""

    name = "pypi"
    hosts = tuple(
        endpoints.host(url)
        for url in (
            endpoints.PYPI,
            endpoints.PYPI_FILES,
            endpoints.PYPI_UPLOAD,
            endpoints.PYPI_LEGACY,
        )
    )

    def __init__(
        self,
        folder: Path,
        token: str,
        offline: bool = False,
        *,
        cache: Path | None = None,
        ours: Collection[str] | None = None,
        foreign: Collection[str] = (),
        rate_limits: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self._tokens = {token: math.inf}  # and those that were minted: until when (stand-in's time)
        self._seen_jwts: set[str] = set()
        self.foreign = {canonicalize_name(name) for name in foreign}
        known = None if ours is None else [canonicalize_name(name) for name in ours]
        self.store = Store(folder, RealPyPI(cache or folder / "cache", offline, known), self.clock)
        self.new_projects = Bucket(self.clock, *NEW_PROJECTS) if rate_limits else None
        self._uploading = threading.Lock()

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        try:
            return self._answer(request)
        except Unreachable as error:
            return error.response()
        except Refused as error:
            said = f"{error.status} {error.reason}\n\n{error.reason}\n".encode()
            return Response(
                error.status, said, {"Content-Type": "text/plain; charset=UTF-8"}, error.reason
            )

    def yank(self, name: str, version: str, reason: str = "") -> None:
        """Yank a release, as an owner does in the browser."""
        self.store.yank(name, version, reason)

    def unyank(self, name: str, version: str) -> None:
        """Put a yanked release back."""
        self.store.yank(name, version, None)

    def delete_file(self, filename: str) -> None:
        """Delete a file, as an owner does in the browser; its name can never be used again."""
        self.store.delete(filename)

    def _answer(self, request: Request) -> Response:
        path = request.path
        if request.method == "POST" and path in ("/legacy/", "/legacy", "/"):
            check_token(request.headers.get("authorization", ""), self._valid_tokens())
            form = read_form(request)
            with self._uploading:
                self._take(form)
            return Response(200)
        if path == "/simple/":
            return index.answer_simple(request, index.project_list(self.store))
        if found := re.fullmatch(r"/simple/([^/]+)/?", path):
            return self._project(request, found[1])
        if found := re.fullmatch(r"/pypi/([^/]+)/(?:([^/]+)/)?json/?", path):
            shown = index.project_json(
                request, self.store, canonicalize_name(found[1]), found[2] or ""
            )
            return (
                Response.of_json(shown)
                if shown
                else Response.of_json({"message": "Not Found"}, 404)
            )
        if path.startswith("/packages/"):
            return self._file(request)
        if path.startswith("/_/oidc/"):
            return self._trusted(request)
        return Response(404, b"not found\n")

    def _project(self, request: Request, name: str) -> Response:
        normal = canonicalize_name(name)
        if request.path != f"/simple/{normal}/":
            return Response(301, b"", {"Location": f"/simple/{normal}/"})
        files = self.store.files(normal)
        if files is None:
            return Response(404, b"404 Not Found\n", {"Content-Type": "text/plain"})
        return index.answer_simple(request, index.project_page(request, normal, files))

    def _file(self, request: Request) -> Response:
        place = request.path
        upload = self.store.uploads.get(place.rsplit("/", 1)[-1].removesuffix(".metadata"))
        if upload is None or upload.listed.place != place.removesuffix(".metadata"):
            found = self.store.real.file(place)
            return ranged(request, found) if found else Response(404, b"not found\n")
        if place.endswith(".metadata"):
            return (
                Response(200, upload.metadata, {})
                if upload.metadata
                else Response(404, b"not found\n")
            )
        return ranged(request, upload.path)

    def _take(self, form: Form) -> None:
        check_form(form)
        name, filename = canonicalize_name(form.get("name")), form.filename or ""
        check_filename(filename)
        if name in self.foreign:
            raise Refused(
                f"The user 'rehearsal' isn't allowed to upload to project {form.get('name')!r}. "
                f"See {endpoints.PYPI}/help/#project-name for more information.",
                403,
            )
        if self.new_projects and self.store.files(name) is None and self.new_projects.take():
            raise Refused("Too many new projects created", 429)
        if not check_history(self.store, form, filename):
            self.store.add(form, filename, check_dist(form, filename))

    def _trusted(self, request: Request) -> Response:
        if request.path == "/_/oidc/audience":
            return Response.of_json({"audience": "pypi"})
        if (
            request.path in ("/_/oidc/mint-token", "/_/oidc/github/mint-token")
            and request.method == "POST"
        ):
            return self._mint(request)
        return Response.of_json({"message": "Not Found"}, 404)

    def _mint(self, request: Request) -> Response:
        """Give a token for a JWT, once and for 15 minutes, without a look at the claims."""
        jwt = str(request.json().get("token", ""))
        if not jwt or jwt in self._seen_jwts:
            error = {"code": "invalid-reuse-token", "description": "invalid token: already used"}
            return Response.of_json({"message": "Token request failed", "errors": [error]}, 422)
        self._seen_jwts.add(jwt)
        token, until = f"pypi-minted-{secrets.token_hex(16)}", self.clock.now() + MINTED_FOR
        self._tokens[token] = until
        return Response.of_json({"success": True, "token": token, "expires": int(until)})

    def _valid_tokens(self) -> list[str]:
        return [token for token, until in self._tokens.items() if self.clock.now() < until]


def ranged(request: Request, path: Path) -> Response:
    """Answer with a file, or with the one range of bytes that was asked for (RFC 9110, 14)."""
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
    wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
    if wanted is None or wanted[0] == "bytes=-":
        return Response(200, path, headers)
    size = path.stat().st_size
    first = int(wanted[1]) if wanted[1] else max(0, size - int(wanted[2]))
    last = min(int(wanted[2]), size - 1) if wanted[1] and wanted[2] else size - 1
    if first > last:
        return Response(416, b"", headers | {"Content-Range": f"bytes */{size}"})
    with path.open("rb") as file:
        file.seek(first)
        part = file.read(last - first + 1)
    return Response(206, part, headers | {"Content-Range": f"bytes {first}-{last}/{size}"})
