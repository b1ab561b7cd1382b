"""The REST API of the GitHub stand-in: its routes, itself, a repository."""

from __future__ import annotations

import re

from release_tasks.endpoints import host
from release_tasks.rehearsal.github import assets as github_assets
from release_tasks.rehearsal.github import git as github_git
from release_tasks.rehearsal.github import issues as github_issues
from release_tasks.rehearsal.github import refs as github_refs
from release_tasks.rehearsal.github import releases as github_releases
from release_tasks.rehearsal.github import runs as github_runs
from release_tasks.rehearsal.github import workflows as github_workflows
from release_tasks.rehearsal.github.call import Call, Refused, Route, not_found
from release_tasks.rehearsal.github.model import JSON, Urls, user
from release_tasks.rehearsal.web import Response


def answer(call: Call, below: str) -> Response:
    """Answer a request below `/repos/OWNER/NAME`; writing needs the token."""
    method = "GET" if call.request.method == "HEAD" else call.request.method
    if method != "GET" and not call.signed:
        raise Refused(401, "Requires authentication")
    for verb, pattern, work in ROUTES:
        if verb == method and (match := re.fullmatch(pattern, below)):
            with call.repo.lock:
                result = work(call.of(match.groups()))
            return result if isinstance(result, Response) else Response.of_json(result)
    raise not_found()


def general(urls: Urls, path: str, signed: bool) -> Response:
    """Answer what is about no repository: the account, the limits, the server."""
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
    if path == "/user" and not signed:
        raise Refused(401, "Requires authentication")
    if path.startswith("/users/"):
        return Response.of_json(user(urls, path.removeprefix("/users/")))
    if path not in known:
        raise not_found()
    return Response.of_json(known[path])


def _view(call: Call) -> JSON:
    repo = call.repo
    rights = ("admin", "maintain", "push", "triage", "pull") if call.signed else ("pull",)
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
        "default_branch": github_git.default_branch(repo.path),
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
    ("GET", "", _view),
    ("GET", "/immutable-releases", _immutability),
    *github_workflows.ROUTES,
    *github_runs.ROUTES,
    *github_assets.ROUTES,
    *github_releases.ROUTES,
    *github_refs.ROUTES,
    *github_issues.ROUTES,
)
