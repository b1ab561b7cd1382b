"""One request to the API of the local GitHub, and the answers that its parts share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from release_tasks.endpoints import GITHUB_DOCS
from release_tasks.rehearsal.github.model import JSON, Release, Repository, Urls
from release_tasks.rehearsal.github.rights import Rights
from release_tasks.rehearsal.web import Request, Response


class Refused(Exception):
    """An error response: HTTP status, a message, and what is wrong with which field."""

    def __init__(self, status: int, message: str, *errors: JSON) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors

    def response(self) -> Response:
        """Return the answer in the shape of the real API."""
        body: JSON = {"message": self.message, "documentation_url": GITHUB_DOCS}
        if self.errors:
            body["errors"] = list(self.errors)
        return Response.of_json(body, self.status)


def not_found() -> Refused:
    """Return the error for what is not there, or not for this caller."""
    return Refused(404, "Not Found")


def invalid(
    resource: str, code: str, name: str = "", message: str = ""
) -> Refused:
    """Return the error for one field (or, with a message, a rule) that is not met."""
    error = {"resource": resource, "code": code}
    if name:
        error["field"] = name
    if message:
        error["message"] = message
    return Refused(422, "Validation Failed", error)


@dataclass(frozen=True)
class Call:
    """One request to the API: which repository it is about, and what its token may do."""

    request: Request
    path: str  # below the API's root, without the query
    urls: Urls
    repo: Repository
    rights: Rights
    # what the groups of the route's pattern matched
    groups: tuple[str, ...] = ()

    def check_may_write(self) -> None:
        """Raise `Refused` (401, 403) unless the token may write."""
        if not self.rights:
            raise Refused(401, "Requires authentication")
        if self.rights < Rights.WRITE:
            raise Refused(403, "Resource not accessible by integration")

    @property
    def sees_drafts(self) -> bool:
        """Tell whether drafts are shown: only to those who may write."""
        return self.rights >= Rights.WRITE

    @property
    def base(self) -> str:
        """Return the API's address of the repository."""
        return f"{self.urls.api}/repos/{self.repo.full}"

    @property
    def web(self) -> str:
        """Return the address of the repository's page."""
        return f"{self.urls.web}/{self.repo.full}"

    @property
    def query(self) -> dict[str, str]:
        """Return the query of the request."""
        return self.request.query

    def with_groups(self, groups: tuple[str, ...]) -> Call:
        """Return the same call with what its route matched."""
        return replace(self, groups=groups)

    def release(self) -> Release:
        """Return the release whose id the route names; drafts need the right to write."""
        release = self.repo.releases.get(int(self.groups[0]))
        if release is None or (release.draft and not self.sees_drafts):
            raise not_found()
        return release

    def json(self) -> JSON:
        """Return the body, which has to be a JSON object.

        Raises `Refused` (400) for anything else.
        """
        try:
            data = self.request.json()
        except ValueError:
            raise Refused(400, "Problems parsing JSON") from None
        if not isinstance(data, dict):
            raise Refused(400, "Body should be a JSON object")
        return data


Handler = Callable[[Call], Any]
# method, regular expression below /repos/OWNER/NAME, handler
Route = tuple[str, str, Handler]


def paged(call: Call, items: Sequence[Any], key: str = "") -> Response:
    """Answer one page of `items` with its Link header, under `key` if given."""
    size = int(call.query.get("per_page", 30))
    size = max(1, min(size, 100))
    page = max(1, int(call.query.get("page", 1)))
    last = max(1, math.ceil(len(items) / size))
    end = page * size
    part = list(items[end - size : end])
    if key:
        answer = Response.of_json({"total_count": len(items), key: part})
    else:
        answer = Response.of_json(part)
    links = _links(call, page, last)
    if links:
        answer.headers["Link"] = ", ".join(links)
    return answer


def _links(call: Call, page: int, last: int) -> list[str]:
    wanted: dict[str, int] = {}
    if page < last:
        wanted |= {"next": page + 1, "last": last}
    if page > 1:
        wanted |= {"prev": page - 1, "first": 1}
    links = []
    for rel, number in wanted.items():
        query = urlencode({**call.query, "page": number})
        links.append(f'<{call.urls.api}{call.path}?{query}>; rel="{rel}"')
    return links
