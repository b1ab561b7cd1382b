"""What a job on GitHub Actions can prove of itself: signed claims (OpenID Connect).

docs.github.com, "OpenID Connect reference"; docs.gitlab.com, "OpenID Connect (OIDC)
authentication using ID tokens"; docs.pypi.org/trusted-publishers;
crates.io/docs/trusted-publishing.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from release_tasks.rehearsal.web import Request, Response

PATH = "/_/idtoken"  # at the local GitHub's own address
VALID_FOR = 300  # seconds
Claims = dict[str, Any]


class NotValid(Exception):
    """A token that the issuer did not sign, for another audience, or used before."""


@dataclass(frozen=True)
class Publisher:
    """Who may publish, as an owner has entered it; no `environment` allows any."""

    repository: str
    workflow: str
    environment: str = ""

    def matches(self, claims: Claims) -> bool:
        """Tell whether this is the job with these claims."""
        named = claims.get("environment", "")
        return (
            self.repository
            in (claims.get("repository"), claims.get("project_path"))
            and self.workflow == workflow(claims)
            and self.environment in ("", named)
        )


@dataclass
class Issuer:
    """Signs what jobs are. A job proves who it is by the token of its request."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _jobs: dict[str, Claims] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def start_job(
        self,
        repository: str,
        workflow: str = "release.yml",
        environment: str = "",
    ) -> str:
        """Let a job begin, and return the token with which it asks for its identity."""
        owner = repository.partition("/")[0]
        claims: Claims = {
            "repository": repository,
            "repository_owner": owner,
            "event_name": "push",
            "workflow_ref": f"{repository}/.github/workflows/{workflow}@refs/heads/main",
        }
        if environment:
            claims["environment"] = environment
        token = f"not-a-secret-of-a-job-{secrets.token_hex(16)}"
        self._jobs[token] = claims
        return token

    def gitlab_job(
        self, project: str, pipeline: str, environment: str, audience: str
    ) -> str:
        """Return what a job of GitLab is given in a variable to prove who it is."""
        claims: Claims = {
            "project_path": project,
            "ci_config_ref_uri": f"gitlab.com/{project}//{pipeline}@refs/tags/v1",
            "environment": environment,
        }
        return self.sign(claims, audience)

    def answer(self, request: Request) -> Response:
        """Answer a job that asks for its identity for an `audience`."""
        claims = self._jobs.get(request.authorization.value)
        audience = request.query.get("audience", "")
        if claims is None or not audience:
            return Response.of_json({"message": "Unauthorized"}, 401)
        return Response.of_json({"value": self.sign(claims, audience)})

    def sign(self, claims: Mapping[str, Any], audience: str) -> str:
        """Return a JSON Web Token with claims (RFC 7519)."""
        now = int(time.time())
        whole = {
            **claims,
            "aud": audience,
            "iat": now,
            "exp": now + VALID_FOR,
            "jti": secrets.token_hex(8),
        }
        head = _encoded({"alg": "HS256", "typ": "JWT"})
        body = f"{head}.{_encoded(whole)}"
        return f"{body}.{self._signature(body)}"

    def claims(self, token: str, audience: str) -> Claims:
        """Return the claims of a token, which counts once. Raises `NotValid`."""
        body, _, signature = token.rpartition(".")
        expected = self._signature(body).encode()
        if not hmac.compare_digest(signature.encode(), expected):
            raise NotValid("invalid signature")
        claims: Claims = json.loads(_decoded(body.partition(".")[2]))
        if claims["aud"] != audience or claims["exp"] < time.time():
            raise NotValid("invalid audience, or expired")
        if claims["jti"] in self._used:
            raise NotValid("JWT has already been used")
        self._used.add(claims["jti"])
        return claims

    def _signature(self, body: str) -> str:
        digest = hmac.digest(self.key, body.encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def workflow(claims: Claims) -> str:
    """Return the file name of the workflow that a job is of; on GitLab the path of its pipeline."""
    if "ci_config_ref_uri" in claims:
        path = str(claims["ci_config_ref_uri"]).partition("//")[2]
        return path.partition("@")[0]
    path = str(claims.get("workflow_ref", "")).partition("@")[0]
    return path.rpartition("/")[2]


def _encoded(data: Mapping[str, Any]) -> str:
    text = json.dumps(data).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
