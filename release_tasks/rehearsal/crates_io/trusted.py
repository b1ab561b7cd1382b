"""Trusted publishing on the local crates.io: short tokens for jobs of GitHub Actions.

crates.io, src/controllers/trustpub/tokens: a token lives for 30 minutes, updates crates and
creates none; what is refused names the claim that differs.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from release_tasks.rehearsal.clock import Clock
from release_tasks.rehearsal.crates_io.store import Refused
from release_tasks.rehearsal.identity import (
    Claims,
    Issuer,
    NotValid,
    Publisher,
    workflow,
)
from release_tasks.rehearsal.web import Request, Response

AUDIENCE = "crates.io"
LIFETIME = 30 * 60  # seconds
PATH = "/api/v1/trusted_publishing/tokens"
REFUSED_EVENTS = ("pull_request_target", "workflow_run")
NO_NEW_CRATE = "Trusted Publishing tokens do not support creating new crates"


@dataclass
class TrustedPublishing:
    """Gives tokens to the jobs that an owner trusts; without `publishers`, to every job."""

    issuer: Issuer
    clock: Clock
    publishers: tuple[Publisher, ...] = ()
    _tokens: dict[str, float] = field(default_factory=dict)

    def answer(self, request: Request) -> Response:
        """Answer a request for a token (POST), or the end of one (DELETE)."""
        if request.method == "DELETE":
            self._tokens.pop(request.authorization.value, None)
            return Response(204)
        try:
            claims = self.issuer.claims(str(request.json()["jwt"]), AUDIENCE)
        except (NotValid, KeyError, ValueError) as error:
            raise Refused(f"Invalid JWT: {error}", 400) from error
        for reason in self._refusals(claims):
            raise Refused(reason, 400)
        token = f"cio_tp_{secrets.token_hex(16)}"
        self._tokens[token] = self.clock.now() + LIFETIME
        return Response.of_json({"token": token})

    def is_valid(self, token: str) -> bool:
        """Tell whether a token was given here, and is not too old or given back."""
        return self.clock.now() < self._tokens.get(token, 0)

    def _refusals(self, claims: Claims) -> Iterator[str]:
        event = claims["event_name"]
        if event in REFUSED_EVENTS:
            yield f"The `{event}` event is not supported for Trusted Publishing"
        if not self.publishers:
            return
        repository = claims["repository"]
        config = f"The Trusted Publishing config for repository `{repository}`"
        own = [one for one in self.publishers if one.repository == repository]
        if not own:
            yield (
                f"No Trusted Publishing config found for repository `{repository}`."
            )
        own = [one for one in own if one.workflow == workflow(claims)]
        if not own:
            yield (
                f"{config} does not match the workflow filename "
                f"`{workflow(claims)}` in the JWT."
            )
        named = claims.get("environment", "")
        if all(one.environment not in ("", named) for one in own):
            yield f"{config} does not match the environment `{named}` in the JWT."
