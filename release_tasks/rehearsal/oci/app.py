"""A local OCI registry: the OCI distribution specification 1.1, with GHCR's tokens."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from release_tasks import endpoints
from release_tasks.rehearsal.oci import blobs, manifests
from release_tasks.rehearsal.oci.auth import Tokens
from release_tasks.rehearsal.oci.call import Call
from release_tasks.rehearsal.oci.remote import Remote
from release_tasks.rehearsal.oci.store import Refused, Store
from release_tasks.rehearsal.upstream import Unreachable
from release_tasks.rehearsal.web import Request, Response
from release_tasks.rules import oci

ROUTE = re.compile(
    r"/v2/(.+)/(blobs/uploads|blobs|manifests|tags|referrers)/([^/]*)"
)
HANDLERS = {
    "blobs": {"GET": blobs.fetch, "DELETE": blobs.remove},
    "blobs/uploads": {
        "POST": blobs.begin,
        "PATCH": blobs.append,
        "GET": blobs.status,
        "PUT": blobs.finish,
        "DELETE": blobs.cancel,
    },
    "manifests": {
        "GET": manifests.fetch,
        "PUT": manifests.push,
        "DELETE": manifests.remove,
    },
    "tags": {"GET": manifests.list_tags},
    "referrers": {"GET": manifests.list_referrers},
}
HUB = endpoints.host(endpoints.DOCKER_HUB_PAGES)
HUB_REPOSITORY = re.compile(r"/v2/repositories/([^/]+/[^/]+)/?")


class Oci:
    """The registry. At its own address everybody reads without a token.

    Below its password (`http://127.0.0.1:PORT/PASSWORD`) scripts push without a token.
    Each of its hosts has repositories of its own; its own address shows those of all.
    """

    name = "oci"

    def __init__(
        self,
        folder: Path,
        password: str,
        hosts: tuple[str, ...] = (endpoints.host(endpoints.GHCR),),
        private_by_default: bool = False,
        remote: Remote | None = None,
    ) -> None:
        self.hosts = hosts
        if endpoints.host(endpoints.DOCKER_HUB) in hosts:
            self.hosts = (*hosts, HUB)
        self.pulls: Counter[str] = Counter()  # by repository, on Docker Hub
        self.store = Store(folder)  # of the first host
        self.remote = remote
        self.tokens = Tokens(password, private_by_default)
        self._stores = {
            host: Store(folder / host.replace(":", "-")) for host in hosts[1:]
        }

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        first = self.tokens.enter_secret_address(request)
        try:
            answer = self._answer(request)
        except Refused as refused:
            answer = refused.response()
        if "Location" in answer.headers:
            answer.headers["Location"] = first + answer.headers["Location"]
        answer.headers["Docker-Distribution-API-Version"] = "registry/2.0"
        return answer

    def _answer(self, request: Request) -> Response:
        if request.host == HUB:
            return self._page(request)
        if request.path == "/token":
            return self.tokens.give(request)
        if request.path in ("/v2", "/v2/"):
            # the answer tells clients how to log in; skopeo asks for it nowhere else
            self.tokens.require(request)
            return Response.of_json({})
        route = ROUTE.fullmatch(request.path)
        if route is None:
            raise Refused(
                404, "UNSUPPORTED", f"there is nothing at {request.path}"
            )
        return self._answer_about(request, *route.groups())

    def _answer_about(
        self, request: Request, name: str, kind: str, reference: str
    ) -> Response:
        """Answer a request about a repository."""
        refusals = oci.repository(name)
        if request.public:
            refusals = oci.in_registry(request.host, name)
        if refusals:
            raise Refused(400, "NAME_INVALID", refusals[0])
        if request.public or request.read_method != "GET":
            self.tokens.require(request, name)
        handler = HANDLERS[kind].get(request.read_method)
        if handler is None:
            raise Refused(
                405, "UNSUPPORTED", f"{request.method} is not supported here"
            )
        store = self._store(request, name)
        is_read = request.read_method == "GET" and kind != "blobs/uploads"
        answer = None
        if not is_read:
            self._check_namespace(request, name)
        if is_read and name not in store.repositories:
            answer = self._of_others(request, name)
        if answer is not None:
            return answer
        is_pull = kind == "manifests" and request.method == "GET"
        if is_pull and request.host == endpoints.host(endpoints.DOCKER_HUB):
            self.pulls[name] += 1
        return handler(Call(store, request, name, reference))

    def _page(self, request: Request) -> Response:
        """Answer what the pages of Docker Hub show of a repository."""
        found = HUB_REPOSITORY.fullmatch(request.path)
        if found is None:
            raise Refused(404, "NOT_FOUND", "object not found")
        name = found[1]
        body = {"name": name, "pull_count": self.pulls[name]}
        return Response.of_json(body)

    def _store(self, request: Request, name: str) -> Store:
        """Return what holds a repository: that of the host, else of any that has the name."""
        if request.host in self._stores:
            return self._stores[request.host]
        if not request.public and name not in self.store.repositories:
            for store in self._stores.values():
                if name in store.repositories:
                    return store
        return self.store

    def _check_namespace(self, request: Request, name: str) -> None:
        """Raise `Refused` (403) for a push that would hide what somebody else has published."""
        if request.host == endpoints.host(endpoints.DOCKER_HUB):
            for refusal in oci.docker_hub_owner(name):
                raise Refused(403, "DENIED", refusal)
        if self.remote is None or not self.remote.is_foreign(request, name):
            return
        raise Refused(403, "DENIED", f"{name} belongs to somebody else")

    def _of_others(self, request: Request, name: str) -> Response | None:
        """Return what the real registry has of somebody else's repository, None for ours."""
        if self.remote is None or not self.remote.has(request, name):
            return None
        try:
            return self.remote.read(request, name)
        except Unreachable as error:
            return error.response()
