"""Who may do what in the local OCI registry: the tokens of the docker clients.

A request without a token is refused with the address that gives one and the scope to ask for
(distribution's token authentication specification, as GHCR follows it).
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from release_tasks.rehearsal.oci.store import Refused
from release_tasks.rehearsal.web import Request, Response

Grant = tuple[str, str]  # repository, action
READS = ("GET", "HEAD")


@dataclass
class Tokens:
    """Gives tokens and checks them.

    Any user with the `password`, or one of `others`, may push; everybody may pull what is not
    private.
    """

    password: str
    private_by_default: bool = False
    others: tuple[str, ...] = ()
    public: set[str] = field(default_factory=set)
    _granted: dict[str, frozenset[Grant]] = field(default_factory=dict)

    def give(self, request: Request) -> Response:
        """Answer a request for a token, by GET or as an OAuth2 form."""
        form = parse_qs(request.raw_query)
        if request.method == "POST":
            form = parse_qs(request.body.decode())
        scopes = " ".join(form.get("scope", [])).split()
        secret = _password(request, form)
        if secret is not None and not self._is_password(secret):
            raise Refused(403, "DENIED", "denied")
        granted = frozenset(
            self._allowed(scopes, has_password=secret is not None)
        )
        if scopes and not granted:
            raise Refused(401, "UNAUTHORIZED", "authentication required")
        token = secrets.token_urlsafe(24)
        self._granted[token] = granted
        return Response.of_json(
            {"token": token, "access_token": token, "expires_in": 300}
        )

    def require(self, request: Request, name: str = "") -> None:
        """Raise `Refused` (401) unless the request's token allows it in the repository `name`."""
        if self._is_login(request):
            return
        granted = self._grants(request)
        action, scope = "push", "pull,push"
        if request.method in READS:
            action = scope = "pull"
        if granted is not None and (not name or (name, action) in granted):
            return
        realm = f'Bearer realm="{request.base}/token",service="{request.host}"'
        if name:
            realm += f',scope="repository:{name}:{scope}"'
        if granted is not None:
            realm += ',error="insufficient_scope"'
        raise Refused(
            401,
            "UNAUTHORIZED",
            "authentication required",
            {"WWW-Authenticate": realm},
        )

    def enter_secret_address(self, request: Request) -> str:
        """Let a request below the password at our own address count as one with the password.

        Returns the path of that address, empty for every other request.
        """
        if request.public or not request.target.startswith(
            f"/{self.password}/"
        ):
            return ""
        request.enter(self.password)
        login = base64.b64encode(f":{self.password}".encode()).decode()
        request.headers = {**request.headers, "authorization": f"Basic {login}"}
        return f"/{self.password}"

    def _is_login(self, request: Request) -> bool:
        """Tell whether a request at our own address has the password itself."""
        if request.public or request.authorization.scheme != "basic":
            return False
        return self._is_password(_basic_password(request.authorization.value))

    def _is_password(self, secret: str) -> bool:
        return secret in (self.password, *self.others)

    def _grants(self, request: Request) -> frozenset[Grant] | None:
        """Return what the token of a request allows, None without a valid one."""
        scheme, token = request.authorization
        if scheme != "bearer":
            return None
        return self._granted.get(token)

    def _allowed(
        self, scopes: list[str], has_password: bool
    ) -> Iterator[Grant]:
        """Yield what is granted of scopes like `repository:NAME:pull,push`."""
        for scope in scopes:
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            if kind != "repository":
                continue
            actions = actions.replace("*", "pull,push").replace(
                "delete", "push"
            )
            rights = self._rights(name, has_password)
            for action in rights.intersection(actions.split(",")):
                yield name, action

    def _rights(self, name: str, has_password: bool) -> set[str]:
        if has_password:
            return {"pull", "push"}
        if name in self.public or not self.private_by_default:
            return {"pull"}
        return set()


def _password(request: Request, form: dict[str, list[str]]) -> str | None:
    """Return the password in a request for a token, None in an anonymous one."""
    scheme, value = request.authorization
    if scheme == "basic":
        return _basic_password(value)
    if request.method == "POST":
        for key in ("password", "refresh_token"):
            if key in form:
                return form[key][-1]
    return None


def _basic_password(value: str) -> str:
    """Return the password in the value of a Basic authorization, empty for an invalid one."""
    try:
        text = base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    _user, _, password = text.partition(":")
    return password
