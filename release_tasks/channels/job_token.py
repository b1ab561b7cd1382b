"""A token for crates.io that lives for half an hour, for a job that crates.io trusts.

crates.io/docs/trusted-publishing: a job of GitHub Actions proves who it is, and gets a token that
updates the crates whose owners trust its repository and workflow.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from release_tasks import http, terminal
from release_tasks.endpoints import CRATES
from release_tasks.errors import ReleaseError
from release_tasks.http import ProxySettings
from release_tasks.printable import one_line
from release_tasks.tools import ci
from release_tasks.tools.cargo.publish import TOKEN

AUDIENCE = "crates.io"
RENEW_AFTER = 20 * 60  # seconds; a token lives for 30 minutes
REQUEST_URL = "ACTIONS_ID_TOKEN_REQUEST_URL"
REQUEST_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
ADDRESS = f"{CRATES}/api/v1/trusted_publishing/tokens"


def is_available() -> bool:
    """Tell whether this is a job that may prove who it is (`permissions: id-token: write`)."""
    return bool(os.environ.get(REQUEST_URL) and os.environ.get(REQUEST_TOKEN))


class JobToken:
    """The token of this job in `CARGO_REGISTRY_TOKEN`, where cargo looks for it."""

    def __init__(self) -> None:
        self._made_at = 0.0
        self._token = ""

    def renew(self) -> bool:
        """Get a token where there is none or an old one, and tell whether it did.

        Raises `ReleaseError` where crates.io gives none.
        """
        if self._token and time.monotonic() - self._made_at < RENEW_AFTER:
            return False
        self.give_back()
        self._token = _mint(identity(AUDIENCE))
        self._made_at = time.monotonic()
        ci.mask(self._token)
        os.environ[TOKEN] = self._token
        return True

    def give_back(self) -> None:
        """Revoke the token; one that cannot be revoked ends by itself."""
        if not self._token:
            return
        headers = {"Authorization": f"Bearer {self._token}"}
        os.environ.pop(TOKEN, None)
        self._token = ""
        try:
            _send("DELETE", ADDRESS, headers)
        except ReleaseError as error:
            terminal.say(f"the token of this job was not revoked: {error}")


@contextmanager
def of_job() -> Iterator[JobToken]:
    """Give a token for the length of the block, and revoke it."""
    token = JobToken()
    try:
        yield token
    finally:
        token.give_back()


def explain(claims: dict[str, Any]) -> str:
    """Return what an owner enters at a registry, for the job with these claims."""
    if "project_path" in claims:
        namespace, _, name = str(claims["project_path"]).rpartition("/")
        pipeline = str(claims.get("ci_config_ref_uri", "")).partition("//")[2]
        words = [
            f"namespace {namespace}",
            f"project {name}",
            f"top-level pipeline file {pipeline.partition('@')[0]}",
        ]
    else:
        path = str(claims.get("workflow_ref", "")).partition("@")[0]
        words = [
            f"repository {claims.get('repository', '')}",
            f"workflow {path.rpartition('/')[2]}",
        ]
    if claims.get("environment"):
        words.append(f"environment {claims['environment']}")
    return ", ".join(words)


def identity(audience: str) -> str:
    """Return what proves to a registry who this job is: a JSON Web Token, for one use.

    Raises `ReleaseError` where GitHub gives none.
    """
    separator = "&" if "?" in os.environ[REQUEST_URL] else "?"
    url = f"{os.environ[REQUEST_URL]}{separator}audience={audience}"
    headers = {"Authorization": f"Bearer {os.environ[REQUEST_TOKEN]}"}
    answer = http.get(url, headers, (200,), remember=False)
    value = answer.json(dict).get("value")
    if not isinstance(value, str):
        raise ReleaseError(
            "GitHub gave this job no identity token",
            "give the job `permissions: id-token: write`",
        )
    return value


def _mint(identity: str) -> str:
    body = json.dumps({"jwt": identity}).encode()
    headers = {"Content-Type": "application/json"}
    answer = _send("POST", ADDRESS, headers, body)
    token = ""
    if answer.status == 200:
        token = str(answer.json(dict).get("token", ""))
    if token:
        return token
    raise ReleaseError(
        f"crates.io gives this job no token: {_detail(answer)}",
        f"as an owner, enter under {CRATES}/crates/NAME/settings of each crate: "
        f"{explain(claims(identity))}",
    )


def _send(
    method: str, url: str, headers: dict[str, str], body: bytes = b""
) -> http.Answer:
    return http.send(method, url, headers, body, ProxySettings.now(url))


def _detail(answer: http.Answer) -> str:
    """Return what crates.io says, or the status."""
    try:
        errors = answer.json(dict)["errors"]
        return one_line(str(errors[0]["detail"]))
    except (ReleaseError, LookupError, TypeError):
        return f"status {answer.status}"


def claims(identity: str) -> dict[str, Any]:
    """Return what a JSON Web Token says, which only its receiver can check."""
    _, _, rest = identity.partition(".")
    payload = rest.partition(".")[0]
    try:
        data = json.loads(base64.urlsafe_b64decode(payload + "=="))
    except (binascii.Error, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
