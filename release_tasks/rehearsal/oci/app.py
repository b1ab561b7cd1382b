"""An OCI registry for a rehearsal: the OCI distribution specification 1.1, with GHCR's token dance."""

from __future__ import annotations

import re
from pathlib import Path

from release_tasks import endpoints
from release_tasks.rehearsal.oci import blobs as oci_blobs
from release_tasks.rehearsal.oci import manifests as oci_manifests
from release_tasks.rehearsal.oci.auth import Tokens
from release_tasks.rehearsal.oci.store import NAME, Refused, Store
from release_tasks.rehearsal.web import Request, Response

LONGEST_NAME = 255
ROUTE = re.compile(r"/v2/(.+)/(blobs/uploads|blobs|manifests|tags|referrers)/([^/]*)")
HANDLERS = {
    "blobs": {"GET": oci_blobs.fetch, "DELETE": oci_blobs.remove},
    "blobs/uploads": {
        "POST": oci_blobs.begin,
        "PATCH": oci_blobs.append,
        "GET": oci_blobs.status,
        "PUT": oci_blobs.finish,
        "DELETE": oci_blobs.cancel,
    },
    "manifests": {
        "GET": oci_manifests.fetch,
        "PUT": oci_manifests.push,
        "DELETE": oci_manifests.remove,
    },
    "tags": {"GET": oci_manifests.list_tags},
    "referrers": {"GET": oci_manifests.list_referrers},
}


class Oci:
    """The registry. Under a public name it demands tokens, at its own address it does not."""

    name = "oci"

    def __init__(
        self,
        folder: Path,
        password: str,
        hosts: tuple[str, ...] = (endpoints.host(endpoints.GHCR),),
        private_by_default: bool = False,
    ) -> None:
        self.hosts = hosts
        self.store = Store(folder)
        self.tokens = Tokens(password, private_by_default)

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        try:
            answer = self._answer(request)
        except Refused as refused:
            answer = refused.response()
        answer.headers["Docker-Distribution-API-Version"] = "registry/2.0"
        return answer

    def _answer(self, request: Request) -> Response:
        if request.path == "/token":
            return self.tokens.give(request)
        if request.path in ("/v2", "/v2/"):
            if request.public:
                self.tokens.demand(request)
            return Response.of_json({})
        route = ROUTE.fullmatch(request.path)
        if route is None:
            raise Refused(404, "UNSUPPORTED", f"there is nothing at {request.path}")
        name, kind, reference = route.groups()
        if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
            raise Refused(400, "NAME_INVALID", f"{name!r} is no name of a repository")
        if request.public:
            self.tokens.demand(request, name)
        handler = HANDLERS[kind].get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            raise Refused(405, "UNSUPPORTED", f"{request.method} is not supported here")
        return handler(self.store, request, name, reference)
