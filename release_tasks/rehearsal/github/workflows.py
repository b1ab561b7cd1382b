"""Workflows and checks of the GitHub stand-in."""

from __future__ import annotations

import re
import zlib

from release_tasks.rehearsal.github import git as github_git
from release_tasks.rehearsal.github.call import Call, Route, invalid, not_found, paged
from release_tasks.rehearsal.github.model import JSON
from release_tasks.rehearsal.github.refs import commit_json
from release_tasks.rehearsal.web import Response

FOLDER = ".github/workflows"


def view(call: Call, path: str) -> JSON:
    """Return a workflow file of the default branch as the API shows it."""
    head = github_git.commit_of(call.repo.path, "HEAD")
    text = (github_git.show(call.repo.path, head, path) or b"").decode(errors="replace")
    named = re.search(r"^name:\s*['\"]?(.+?)['\"]?\s*$", text, re.M)
    number = zlib.crc32(path.encode())
    return {
        "id": number,
        "node_id": f"W_{number}",
        "name": named[1] if named else path,
        "path": path,
        "state": "active",
        "url": f"{call.base}/actions/workflows/{number}",
        "html_url": f"{call.web}/blob/HEAD/{path}",
    }


def _workflows(call: Call) -> list[JSON]:
    head = github_git.commit_of(call.repo.path, "HEAD")
    listed = (
        github_git.git(call.repo.path, "ls-tree", "--name-only", head, f"{FOLDER}/") if head else ""
    )
    paths = {line for line in listed.splitlines() if line.endswith((".yml", ".yaml"))}
    paths |= {f"{FOLDER}/{run['workflow']}" for run in call.repo.runs.values()}
    return [view(call, path) for path in sorted(paths)]


def find(call: Call) -> JSON:
    """Return the workflow whose id or file name the route has."""
    for work in _workflows(call):
        if call.words[0] in (str(work["id"]), work["path"].rsplit("/", 1)[-1]):
            return work
    raise not_found()


def _checks(call: Call) -> list[JSON]:
    """Return the check runs that were set for a commit, else the jobs of its runs."""
    sha = commit_json(call, call.words[0])["sha"]
    jobs = [job for run in call.repo.runs.values() if run["head_sha"] == sha for job in run["jobs"]]
    return [
        {
            "id": number,
            "name": "ci",
            "head_sha": sha,
            "status": "completed",
            "details_url": call.web,
            "conclusion": "success" if check.get("status", "completed") == "completed" else None,
            "html_url": call.web,
            "app": {"slug": "github-actions"},
        }
        | {key: value for key, value in check.items() if key not in ("steps", "log")}
        for number, check in enumerate(call.repo.checks.get(sha, call.repo.checks.get("", jobs)), 1)
    ]


def _status(call: Call) -> JSON:
    """Combine commit statuses (checks are none): the newest of each context; nothing is `pending`."""
    sha = commit_json(call, call.words[0])["sha"]
    rows = list(call.repo.statuses.get(sha, {}).values())
    states = {row["state"] for row in rows} or {"pending"}
    combined = (
        "failure"
        if states & {"failure", "error"}
        else "pending"
        if "pending" in states
        else "success"
    )
    return {"state": combined, "statuses": rows, "sha": sha, "total_count": len(rows)}


def _set_status(call: Call) -> Response:
    sha, data = commit_json(call, call.words[0])["sha"], call.json()
    if data.get("state") not in ("error", "failure", "pending", "success"):
        raise invalid("Status", "invalid", "state")
    row = {
        "context": data.get("context") or "default",
        "state": data["state"],
        "target_url": data.get("target_url"),
    }
    call.repo.statuses.setdefault(sha, {})[row["context"]] = row
    return Response.of_json(row, 201)


ROUTES: tuple[Route, ...] = (
    ("GET", "/commits/(.+)/check-runs", lambda call: paged(call, _checks(call), "check_runs")),
    ("GET", "/commits/(.+)/status", _status),
    ("POST", "/statuses/(.+)", _set_status),
    ("GET", r"/check-runs/\d+/annotations", lambda call: paged(call, [])),
    ("GET", "/actions/workflows", lambda call: paged(call, _workflows(call), "workflows")),
    ("GET", "/actions/workflows/([^/]+)", find),
)
