"""One request to the GitHub stand-in's API, and the answers its parts share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from release_tasks.endpoints import GITHUB_DOCS
from release_tasks.rehearsal.github.model import JSON, Release, Repository, Urls
from release_tasks.rehearsal.web import Request, Response


class Refused(Exception):
    """An error answer: HTTP status, a message, and what is wrong with which field."""

    def __init__(self, status: int, message: str, *errors: JSON) -> None:
        super().__init__(message)
        self.status, self.message, self.errors = status, message, errors

    def response(self) -> Response:
        """Return the answer in the shape of the real API."""
        body: JSON = {"message": self.message, "documentation_url": GITHUB_DOCS}
        if self.errors:
            body["errors"] = list(self.errors)
        return Response.of_json(body, self.status)


def not_found() -> Refused:
    """Return the error for what is not there, or not for this caller."""
    return Refused(404, "Not Found")


def invalid(resource: str, code: str, name: str = "", message: str = "") -> Refused:
    """Return the error for one field (or, with a message, a rule) that is not met."""
    error = {"resource": resource, "code": code, "field": name, "message": message}
    return Refused(422, "Validation Failed", {key: value for key, value in error.items() if value})


@dataclass(frozen=True)
class Call:
    """One request to the API: whom it concerns, and whether it carries the token."""

    request: Request
    path: str  # below the API's root, without the query
    urls: Urls
    repo: Repository
    signed: bool
    words: tuple[str, ...] = ()  # what the route's groups matched

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

    def of(self, words: tuple[str, ...]) -> Call:
        """Return the same call with what its route matched."""
        return replace(self, words=words)

    def release(self) -> Release:
        """Return the release whose id the route names; drafts need the token."""
        release = self.repo.releases.get(int(self.words[0]))
        if release is None or (release.draft and not self.signed):
            raise not_found()
        return release

    def json(self) -> JSON:
        """Return the body, which has to be a JSON object; raise `Refused` otherwise."""
        try:
            data = self.request.json()
        except ValueError:
            raise Refused(400, "Problems parsing JSON") from None
        if not isinstance(data, dict):
            raise Refused(400, "Body should be a JSON object")
        return data


Handler = Callable[[Call], Any]
Route = tuple[str, str, Handler]  # method, regular expression below /repos/OWNER/NAME, work


def paged(call: Call, items: Sequence[Any], key: str = "") -> Response:
    """Answer one page of `items` with its Link header, under `key` if given."""
    size = max(1, min(int(call.query.get("per_page", 30)), 100))
    page, last = max(1, int(call.query.get("page", 1))), max(1, -(-len(items) // size))
    part = list(items[(page - 1) * size : page * size])
    wanted = {"next": page + 1, "last": last} if page < last else {}
    wanted |= {"prev": page - 1, "first": 1} if page > 1 else {}
    links = []
    for rel, number in wanted.items():
        query = urlencode({**call.query, "page": number})
        links.append(f'<{call.urls.api}{call.path}?{query}>; rel="{rel}"')
    answer = Response.of_json({"total_count": len(items), key: part} if key else part)
    return Response(
        200, answer.body, answer.headers | ({"Link": ", ".join(links)} if links else {})
    )
