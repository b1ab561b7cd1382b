"""The REST API of the local GitHub: its routes, the server itself, a repository."""

from __future__ import annotations

import re

from release_tasks.endpoints import host
from release_tasks.rehearsal.github import (
    assets,
    git,
    issues,
    pulls,
    refs,
    releases,
    runs,
    settings,
    workflows,
)
from release_tasks.rehearsal.github.call import Call, Refused, Route, not_found
from release_tasks.rehearsal.github.model import JSON, LOGIN, Urls, user
from release_tasks.rehearsal.web import Response


def answer(call: Call, below: str) -> Response:
    """Answer a request for the path `below` `/repos/OWNER/NAME`; writing needs the right."""
    method = call.request.read_method
    if method != "GET":
        call.check_may_write()
    for verb, pattern, handler in ROUTES:
        match = re.fullmatch(pattern, below)
        if verb == method and match:
            with call.repo.lock:
                result = handler(call.with_groups(match.groups()))
            if isinstance(result, Response):
                return result
            return Response.of_json(result)
    raise not_found()


def general(urls: Urls, path: str, authenticated: bool) -> Response:
    """Answer what is about no repository: the account, the limits, the server."""
    if path == "/user" and not authenticated:
        raise Refused(401, "Requires authentication")
    if path.startswith("/users/"):
        account = user(urls, path.removeprefix("/users/"))
        if account["login"] != LOGIN:
            account["type"] = "Organization"
        return Response.of_json(account)
    limit = {"limit": 5000, "remaining": 4999, "reset": 4102444800, "used": 1}
    known: dict[str, JSON] = {
        "": {
            "current_user_url": f"{urls.api}/user",
            "repository_url": f"{urls.api}/repos/{{owner}}/{{repo}}",
        },
        "/user": user(urls),
        "/meta": {"verifiable_password_authentication": False},
        "/rate_limit": {
            "resources": {"core": limit, "graphql": limit, "search": limit},
            "rate": limit,
        },
    }
    if path not in known:
        raise not_found()
    return Response.of_json(known[path])


def _repository(call: Call) -> JSON:
    repo = call.repo
    rights = ["pull"]
    if call.sees_drafts:
        rights = ["admin", "maintain", "push", "triage", "pull"]
    return {
        "id": 1,
        "node_id": f"R_{repo.full}",
        "name": repo.name,
        "full_name": repo.full,
        "owner": user(call.urls, repo.owner),
        "private": False,
        "visibility": "public",
        "fork": False,
        "archived": False,
        "description": None,
        "default_branch": git.default_branch(repo.path),
        "url": call.base,
        "html_url": call.web,
        "clone_url": f"{call.web}.git",
        "has_issues": True,
        "ssh_url": f"git@{host(call.urls.web)}:{repo.full}.git",
        "permissions": dict.fromkeys(rights, True),
    }


def _immutability(call: Call) -> JSON:
    if not call.repo.immutable:
        raise not_found()
    return {"enabled": True, "enforced_by_owner": False}


# In order: of two routes that match, the more special one comes first.
ROUTES: tuple[Route, ...] = (
    ("GET", "", _repository),
    ("GET", "/immutable-releases", _immutability),
    *settings.ROUTES,
    *workflows.ROUTES,
    *runs.ROUTES,
    *assets.ROUTES,
    *releases.ROUTES,
    *refs.ROUTES,
    *issues.ROUTES,
    *pulls.ROUTES,
)
