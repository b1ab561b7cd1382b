"""Workflows, checks and commit statuses of the local GitHub."""

from __future__ import annotations

import re
import zlib

from release_tasks.rehearsal.github import git
from release_tasks.rehearsal.github.call import (
    Call,
    Route,
    invalid,
    not_found,
    paged,
)
from release_tasks.rehearsal.github.model import JSON
from release_tasks.rehearsal.github.refs import commit_json
from release_tasks.rehearsal.web import Response

FOLDER = ".github/workflows"
STATES = ("error", "failure", "pending", "success")


def workflow_json(call: Call, path: str) -> JSON:
    """Return a workflow file of the default branch as the API shows it."""
    number = zlib.crc32(path.encode())
    return {
        "id": number,
        "node_id": f"W_{number}",
        "name": _name(call, path),
        "path": path,
        "state": "active",
        "url": f"{call.base}/actions/workflows/{number}",
        "html_url": f"{call.web}/blob/HEAD/{path}",
    }


def find(call: Call) -> JSON:
    """Return the workflow whose id or file name the route has; raise `Refused` for no such one."""
    wanted = call.groups[0]
    for workflow in _workflows(call):
        if wanted in (str(workflow["id"]), file_name(workflow)):
            return workflow
    raise not_found()


def file_name(workflow: JSON) -> str:
    """Return the name of a workflow's file, without its folder."""
    name: str = workflow["path"].rsplit("/", 1)[-1]
    return name


def _name(call: Call, path: str) -> str:
    """Return the `name:` of a workflow file, its path where it has none."""
    head = git.commit_of(call.repo.path, "HEAD")
    data = git.show(call.repo.path, head, path) or b""
    match = re.search(
        r"^name:\s*['\"]?(.+?)['\"]?\s*$", data.decode(errors="replace"), re.M
    )
    if match is None:
        return path
    return match[1]


def _workflows(call: Call) -> list[JSON]:
    """Return the workflows of the default branch, and those of the runs that were set."""
    repo = call.repo
    paths = {f"{FOLDER}/{run['workflow']}" for run in repo.runs.values()}
    head = git.commit_of(repo.path, "HEAD")
    if head:
        listed = git.run(
            repo.path, "ls-tree", "--name-only", head, f"{FOLDER}/"
        )
        for path in listed.splitlines():
            if path.endswith((".yml", ".yaml")):
                paths.add(path)
    return [workflow_json(call, path) for path in sorted(paths)]


def _checks(call: Call) -> list[JSON]:
    """Return the check runs that were set for a commit, else the jobs of its runs."""
    sha = commit_json(call, call.groups[0])["sha"]
    checks = call.repo.checks
    found = checks.get(sha, checks.get(""))
    if found is None:
        found = _jobs(call, sha)
    shown = []
    for number, check in enumerate(found, 1):
        shown.append(_check_json(call, sha, check, number))
    return shown


def _jobs(call: Call, sha: str) -> list[JSON]:
    jobs = []
    for run in call.repo.runs.values():
        if run["head_sha"] == sha:
            jobs += run["jobs"]
    return jobs


def _check_json(call: Call, sha: str, check: JSON, number: int) -> JSON:
    shown: JSON = {
        "id": number,
        "name": "ci",
        "head_sha": sha,
        "status": "completed",
        "details_url": call.web,
        "conclusion": None,
        "html_url": call.web,
        "app": {"slug": "github-actions"},
    }
    if check.get("status", "completed") == "completed":
        shown["conclusion"] = "success"
    shown |= check
    shown.pop("steps", None)
    shown.pop("log", None)
    return shown


def _status(call: Call) -> JSON:
    """Combine the newest commit status of each context; checks do not count."""
    sha = commit_json(call, call.groups[0])["sha"]
    by_context = call.repo.statuses.get(sha, {})
    rows = list(by_context.values())
    return {
        "state": _combined({row["state"] for row in rows}),
        "statuses": rows,
        "sha": sha,
        "total_count": len(rows),
    }


def _combined(states: set[str]) -> str:
    if states & {"failure", "error"}:
        return "failure"
    if "pending" in states or not states:
        return "pending"
    return "success"


def _set_status(call: Call) -> Response:
    sha = commit_json(call, call.groups[0])["sha"]
    data = call.json()
    if data.get("state") not in STATES:
        raise invalid("Status", "invalid", "state")
    context = data.get("context") or "default"
    row = {
        "context": context,
        "state": data["state"],
        "target_url": data.get("target_url"),
    }
    by_context = call.repo.statuses.setdefault(sha, {})
    by_context[context] = row
    return Response.of_json(row, 201)


ROUTES: tuple[Route, ...] = (
    (
        "GET",
        "/commits/(.+)/check-runs",
        lambda call: paged(call, _checks(call), "check_runs"),
    ),
    ("GET", "/commits/(.+)/status", _status),
    ("POST", "/statuses/(.+)", _set_status),
    ("GET", r"/check-runs/\d+/annotations", lambda call: paged(call, [])),
    (
        "GET",
        "/actions/workflows",
        lambda call: paged(call, _workflows(call), "workflows"),
    ),
    ("GET", "/actions/workflows/([^/]+)", find),
)
