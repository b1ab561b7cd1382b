"""docker's logins: user and password for a registry, as `docker login` has stored them."""

from __future__ import annotations

import base64
import binascii
import json
import os
from pathlib import Path
from typing import Any

from release_tasks import endpoints, shell
from release_tasks.errors import ReleaseError
from release_tasks.printable import word

# What the credential helpers of cloud registries read; no other program sees these variables.
SECRETS = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AZURE_CLIENT_SECRET",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "DOCKER_AUTH_CONFIG",
)
# the user of an identity token (docker-credential-helpers)
_IDENTITY_TOKEN = "<token>"

Login = tuple[str, str]  # user, password


def login(registry: str) -> Login | None:
    """Return user and password for a registry, or None; `registry` is as in an image reference.

    An identity token is no password. Raises `ReleaseError` where docker's configuration or a
    credential helper cannot be read.
    """
    found = _find(registry)
    if found is None or found[0] == _IDENTITY_TOKEN:
        return None
    return found


def is_known(registry: str) -> bool:
    """Tell whether docker has a login for a registry, even if it is an identity token."""
    return _find(registry) is not None


def _find(registry: str) -> Login | None:
    config = _config()
    key = registry
    if registry in ("docker.io", "index.docker.io"):
        key = endpoints.DOCKER_HUB_LOGIN
    helper = config.get("credHelpers", {}).get(key) or config.get("credsStore")
    if helper and (found := _ask_helper(helper, key)):
        return found
    return _stored(config.get("auths", {}), key)


def _config() -> dict[str, Any]:
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    path = folder / "config.json"
    try:
        data: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ReleaseError(
            f"{path} is not valid JSON: {error}", f"fix {path}"
        ) from error
    return data


def _ask_helper(helper: str, key: str) -> Login | None:
    """Ask a credential helper, in the protocol of docker-credential-helpers."""
    program = f"docker-credential-{helper}"
    fix = f"docker login {word(key)}"
    try:
        answer = json.loads(
            shell.ask([program, "get"], secrets=SECRETS, stdin=key.encode())
        )
    except shell.Failed as error:
        if "not found" in error.output:
            return None
        raise ReleaseError(
            f"{program} cannot read the login for {key}", fix
        ) from error
    except ValueError as error:
        raise ReleaseError(
            f"{program} did not return valid JSON", fix
        ) from error
    password = answer.get("Secret", "")
    if not password:
        return None
    return answer.get("Username", ""), password


def _stored(logins: dict[str, Any], key: str) -> Login | None:
    """Return the login in docker's config.json (`auths`)."""
    entry = logins.get(key) or logins.get(f"https://{key}") or {}
    if entry.get("identitytoken"):
        return _IDENTITY_TOKEN, entry["identitytoken"]
    if entry.get("username") and entry.get("password"):
        return entry["username"], entry["password"]
    try:
        user, _, password = (
            base64.b64decode(entry.get("auth", "")).decode().partition(":")
        )
    except (binascii.Error, UnicodeDecodeError) as error:
        fact = f"docker's login for {key} is not readable"
        raise ReleaseError(fact, f"docker login {word(key)}") from error
    return (user, password) if password else None
