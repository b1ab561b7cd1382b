"""Who may do what in the OCI registry: the token dance of the docker clients.

A request without a token is refused with the address that gives one and the scope to ask for
(distribution's token authentication specification, as GHCR follows it).
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from release_tasks.rehearsal.oci.store import Refused
from release_tasks.rehearsal.web import Request, Response

Grant = tuple[str, str]  # repository, action
READS = ("GET", "HEAD")


@dataclass
class Tokens:
    """Gives tokens and checks them. Any user may push who has the `password`; everybody may
    pull what is not private."""

    password: str
    private_by_default: bool = False
    public: set[str] = field(default_factory=set)
    _granted: dict[str, frozenset[Grant]] = field(default_factory=dict)

    def give(self, request: Request) -> Response:
        """Answer a request for a token, by GET or as an OAuth2 form."""
        raw = (
            request.body.decode() if request.method == "POST" else request.target.partition("?")[2]
        )
        asked = parse_qs(raw)
        scopes = " ".join(asked.get("scope", [])).split()
        secret = _password(request, asked)
        if secret is not None and secret != self.password:
            raise Refused(403, "DENIED", "denied")
        granted = frozenset(self._allowed(scopes, known=secret is not None))
        if scopes and not granted:
            raise Refused(401, "UNAUTHORIZED", "authentication required")
        token = secrets.token_urlsafe(24)
        self._granted[token] = granted
        return Response.of_json({"token": token, "access_token": token, "expires_in": 300})

    def demand(self, request: Request, name: str = "") -> None:
        """Raise `Refused` (401) unless the request's token allows it in the repository `name`."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        granted = self._granted.get(token.strip()) if scheme.lower() == "bearer" else None
        action = "pull" if request.method in READS else "push"
        if granted is not None and (not name or (name, action) in granted):
            return
        realm = f'Bearer realm="{request.base}/token",service="{request.host}"'
        if name:
            realm += f',scope="repository:{name}:{"pull" if action == "pull" else "pull,push"}"'
        if granted is not None:
            realm += ',error="insufficient_scope"'
        raise Refused(401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": realm})

    def _allowed(self, scopes: Iterable[str], known: bool) -> Iterable[Grant]:
        """Yield what is granted of scopes like `repository:NAME:pull,push`."""
        for scope in scopes:
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            asked = set(actions.replace("*", "pull,push").replace("delete", "push").split(","))
            if kind == "repository" and (
                known or name in self.public or not self.private_by_default
            ):
                may = {"pull", "push"} if known else {"pull"}
                yield from ((name, action) for action in asked & may)


def _password(request: Request, form: dict[str, list[str]]) -> str | None:
    """Return the password that a request for a token brings, None for an anonymous one."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return (
        form.get("password", form.get("refresh_token", [None]))[-1]
        if request.method == "POST"
        else None
    )
