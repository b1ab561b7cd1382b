"""docker's own logins: who we are to a registry, as `docker login` left it."""

from __future__ import annotations

import base64
import binascii
import json
import os
from pathlib import Path
from typing import Any

from release_tasks import endpoints, shell
from release_tasks.errors import ReleaseError

# What the helpers of the cloud registries read; no other program gets to see them.
SECRETS = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AZURE_CLIENT_SECRET",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "DOCKER_AUTH_CONFIG",
)
_HUB = endpoints.DOCKER_HUB_LOGIN
_BY_TOKEN = "<token>"  # the name that stands for an identity token (docker-credential-helpers)

Login = tuple[str, str]  # user, password


def login(registry: str) -> Login | None:
    """Return user and password for a registry, named as in an image reference, or None.

    Raises `ReleaseError` where docker's configuration or a credential helper cannot be read.
    """
    found = _find(registry)
    return found if found and found[0] != _BY_TOKEN else None


def is_known(registry: str) -> bool:
    """Tell whether docker has a login for a registry, if only an identity token."""
    return _find(registry) is not None


def _find(registry: str) -> Login | None:
    config = _config()
    key = _HUB if registry in ("docker.io", "index.docker.io") else registry
    helper = config.get("credHelpers", {}).get(key) or config.get("credsStore")
    found = _ask_helper(helper, key) if helper else None
    return found or _stored(config.get("auths", {}), key)


def _config() -> dict[str, Any]:
    folder = os.environ.get("DOCKER_CONFIG")
    path = (Path(folder) if folder else Path.home() / ".docker") / "config.json"
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ReleaseError(f"{path} is no JSON: {error}", f"mend {path}") from error
    return found


def _ask_helper(helper: str, key: str) -> Login | None:
    program = f"docker-credential-{helper}"
    try:
        said = json.loads(shell.ask([program, "get"], secrets=SECRETS, stdin=key.encode()))
    except shell.Failed as error:
        if "not found" in error.output:
            return None
        raise ReleaseError(
            f"{program} cannot read the login for {key}", f"docker login {key}"
        ) from error
    except ValueError as error:
        raise ReleaseError(f"{program} answered no JSON", f"docker login {key}") from error
    user, password = said.get("Username", ""), said.get("Secret", "")
    return (user, password) if password else None


def _stored(logins: dict[str, Any], key: str) -> Login | None:
    entry = logins.get(key) or logins.get(f"https://{key}") or {}
    if entry.get("identitytoken"):
        return _BY_TOKEN, entry["identitytoken"]
    if entry.get("username") and entry.get("password"):
        return entry["username"], entry["password"]
    try:
        user, _, password = base64.b64decode(entry.get("auth", "")).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ReleaseError(
            f"docker's login for {key} is unreadable", f"docker login {key}"
        ) from error
    return (user, password) if password else None
