"""What a public registry has from others: read through, with the tokens of an anonymous reader."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlencode, urljoin

from release_tasks.rehearsal.elsewhere import Elsewhere
from release_tasks.rehearsal.upstream import Unreachable
from release_tasks.rehearsal.web import Request, Response

Place = tuple[str, str]  # the host of a registry, and a repository


class Remote:
    """The real registries behind the local one; `ours` is what this release may publish."""

    def __init__(self, elsewhere: Elsewhere, ours: Collection[Place]) -> None:
        self.elsewhere = elsewhere
        self.ours = frozenset(ours)
        self._tokens: dict[Place, str] = {}
        self._foreign: dict[Place, bool] = {}

    def has(self, request: Request, repository: str) -> bool:
        """Tell whether a repository is somebody else's, and read from the real registry."""
        return request.public and (request.host, repository) not in self.ours

    def is_foreign(self, request: Request, repository: str) -> bool:
        """Tell whether the real registry has this repository, in a namespace without any of ours.

        One that cannot be read is none: a push there would fail by itself.
        """
        if not self.has(request, repository):
            return False
        namespace = repository.partition("/")[0]
        if namespace in {name.partition("/")[0] for _host, name in self.ours}:
            return False
        place = request.host, repository
        if place not in self._foreign:
            self._foreign[place] = self._exists(request, repository)
        return self._foreign[place]

    def _exists(self, request: Request, repository: str) -> bool:
        question = Request(
            "GET",
            f"/v2/{repository}/tags/list?n=1",
            {},
            request.base,
            public=True,
        )
        try:
            return self.read(question, repository).status == 200
        except Unreachable:
            return False

    def read(self, request: Request, repository: str) -> Response:
        """Return what the real registry answers to a read. Raises `Unreachable`."""
        place = request.host, repository
        answer = self._read(request, self._tokens.get(place, ""))
        challenge = answer.headers.get("Www-Authenticate", "")
        if answer.status == 401 and challenge.lower().startswith("bearer"):
            token = self._token(request, repository, challenge)
            if token:
                self._tokens[place] = token
                answer = self._read(request, token)
        return answer

    def _read(self, request: Request, token: str) -> Response:
        authorization = f"Bearer {token}" if token else ""
        return self.elsewhere.read(request, {"authorization": authorization})

    def _token(self, request: Request, repository: str, challenge: str) -> str:
        """Return an anonymous reader's token (distribution's token authentication), or ""."""
        parameters = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        query = {
            "service": parameters.get("service", ""),
            "scope": parameters.get("scope") or f"repository:{repository}:pull",
        }
        realm = urljoin(f"https://{request.host}/", parameters.get("realm", ""))
        answer = self.elsewhere.ask(f"{realm}?{urlencode(query)}", {})
        if answer.status != 200:
            return ""
        data = answer.json(dict)
        return str(data.get("token") or data.get("access_token") or "")


class UnknownOurs(Remote):
    """The real registries, where nobody has said what is released: what is pushed here counts.

    `hosts` are the registries to read from. One that cannot be reached has nothing.
    """

    def __init__(self, elsewhere: Elsewhere, hosts: Collection[str]) -> None:
        super().__init__(elsewhere, ())
        self.hosts = frozenset(hosts)

    def has(self, request: Request, repository: str) -> bool:
        """Tell whether a repository may be somebody else's."""
        return request.public and request.host in self.hosts

    def is_foreign(self, request: Request, repository: str) -> bool:
        """Return False: everything can be pushed."""
        return False

    def read(self, request: Request, repository: str) -> Response:
        """Return what the real registry answers to a read, 404 where it cannot be reached."""
        try:
            return super().read(request, repository)
        except Unreachable as error:
            code = {"code": "NAME_UNKNOWN", "message": str(error)}
            return Response.of_json({"errors": [code]}, 404)
