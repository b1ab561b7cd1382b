"""Workflow runs of the GitHub stand-in; what they say is set by whoever rehearses."""

from __future__ import annotations

import io
import zipfile

from release_tasks.rehearsal.github import git as github_git
from release_tasks.rehearsal.github import workflows as github_workflows
from release_tasks.rehearsal.github.call import Call, Refused, Route, not_found, paged
from release_tasks.rehearsal.github.model import JSON, Repository, next_id, now
from release_tasks.rehearsal.github.refs import commit_json
from release_tasks.rehearsal.github.workflows import FOLDER
from release_tasks.rehearsal.web import Response


def set_runs(repo: Repository, runs: list[JSON]) -> list[int]:
    """Replace all runs and return their ids.

    Each may give `workflow` (a file name), `status`, `conclusion`, `event`, `head_branch`,
    `head_sha`, `id` and `jobs`; a job `name`, `status`, `conclusion`, `log` and `steps`; a step
    `name`, `conclusion` and `log`.
    """
    repo.runs.clear()
    return [_add_run(repo, run) for run in runs]


def _add_run(repo: Repository, run: JSON) -> int:
    branch = run.get("head_branch") or github_git.default_branch(repo.path)
    sha = run.get("head_sha") or github_git.commit_of(repo.path, branch)
    full: JSON = (
        {
            "id": next_id(),
            "workflow": "ci.yml",
            "event": "push",
            "status": "completed",
            "conclusion": "success",
            "run_number": len(repo.runs) + 1,
            "run_attempt": 1,
            "created_at": now(),
            "jobs": [{}],
        }
        | run
        | {"head_branch": branch, "head_sha": sha}
    )
    if full["status"] != "completed":
        full["conclusion"] = None
    full["jobs"] = [
        {
            "id": next_id(),
            "name": "build",
            "status": full["status"],
            "conclusion": full["conclusion"],
            "steps": [],
        }
        | job
        for job in full["jobs"]
    ]
    repo.runs[full["id"]] = full
    return int(full["id"])


def _view(call: Call, run: JSON) -> JSON:
    url, work = (
        f"{call.base}/actions/runs/{run['id']}",
        github_workflows.view(call, f"{FOLDER}/{run['workflow']}"),
    )
    message = commit_json(call, run["head_sha"])["commit"]["message"]
    repo = {
        "full_name": call.repo.full,
        "name": call.repo.name,
        "owner": {"login": call.repo.owner},
    }
    shown = {key: value for key, value in run.items() if key not in ("jobs", "workflow")}
    return shown | {
        "node_id": f"WFR_{run['id']}",
        "name": work["name"],
        "display_title": message.split("\n")[0],
        "path": work["path"],
        "workflow_id": work["id"],
        "url": url,
        "jobs_url": f"{url}/jobs",
        "logs_url": f"{url}/logs",
        "html_url": f"{call.web}/actions/runs/{run['id']}",
        "updated_at": run["created_at"],
        "run_started_at": run["created_at"],
        "pull_requests": [],
        "head_commit": {"id": run["head_sha"], "message": message},
        "head_repository": repo,
        "repository": repo,
    }


def _runs(call: Call) -> Response:
    runs = [_view(call, run) for run in reversed(call.repo.runs.values())]
    wanted = {"branch": "head_branch", "head_sha": "head_sha", "event": "event"}
    for key, name in wanted.items():
        runs = [run for run in runs if call.query.get(key, run[name]) == run[name]]
    if status := call.query.get("status"):
        runs = [run for run in runs if status in (run["status"], run["conclusion"])]
    if call.words:
        number = github_workflows.find(call)["id"]
        runs = [run for run in runs if run["workflow_id"] == number]
    return paged(call, runs, "workflow_runs")


def _run(call: Call) -> JSON:
    run = call.repo.runs.get(int(call.words[0]))
    if run is None:
        raise not_found()
    return run


def _job_view(call: Call, run: JSON, job: JSON) -> JSON:
    html = f"{call.web}/actions/runs/{run['id']}/job/{job['id']}"
    shown = {key: value for key, value in job.items() if key != "log"}
    done = run["created_at"] if job["status"] == "completed" else None
    steps = [
        {
            "number": number,
            "name": step["name"],
            "status": step.get("status", job["status"]),
            "conclusion": step.get("conclusion", job["conclusion"]),
        }
        for number, step in enumerate(job["steps"], 1)
    ]
    return (
        {"started_at": run["created_at"], "completed_at": done}
        | shown
        | {
            "run_id": run["id"],
            "head_sha": run["head_sha"],
            "html_url": html,
            "steps": steps,
            "url": f"{call.base}/actions/jobs/{job['id']}",
            "check_run_url": f"{call.base}/check-runs/{job['id']}",
        }
    )


def _jobs(call: Call) -> Response:
    run = _run(call)
    return paged(call, [_job_view(call, run, job) for job in run["jobs"]], "jobs")


def _find_job(call: Call) -> tuple[JSON, JSON]:
    for run in call.repo.runs.values():
        for job in run["jobs"]:
            if str(job["id"]) == call.words[0]:
                return run, job
    raise not_found()


def _rerun(call: Call) -> Response:
    run = _find_job(call)[0] if "/jobs/" in call.path else _run(call)
    if run["status"] != "completed":
        raise Refused(403, "This workflow is already running")
    for job in run["jobs"]:
        if not call.path.endswith("/rerun-failed-jobs") or job["conclusion"] != "success":
            job.update(status="completed", conclusion="success")
    run.update(run_attempt=run["run_attempt"] + 1, conclusion="success")
    return Response.of_json({}, 201)


def _cancel(call: Call) -> Response:
    run = _run(call)
    if run["status"] == "completed":
        raise Refused(409, "Cannot cancel a workflow run that is completed.")
    run.update(status="completed", conclusion="cancelled")
    return Response.of_json({}, 202)


def _dispatch(call: Call) -> Response:
    """Start a run; nothing really runs here, so it has succeeded at once."""
    work, data = github_workflows.find(call), call.json()
    name = str(data.get("ref", "")).removeprefix("refs/heads/").removeprefix("refs/tags/")
    sha = github_git.commit_of(call.repo.path, name) if name else ""
    if not sha:
        raise Refused(422, f"No ref found for: {name}")
    text = github_git.show(call.repo.path, sha, work["path"])
    if text is None or b"workflow_dispatch" not in text:
        raise Refused(422, "Workflow does not have 'workflow_dispatch' trigger")
    file = work["path"].rsplit("/", 1)[-1]
    inputs = data.get("inputs") or {}
    made = {
        "workflow": file,
        "event": "workflow_dispatch",
        "head_branch": name,
        "head_sha": sha,
        "inputs": inputs,
    }
    _add_run(call.repo, made)
    return Response(204)


def _logs(call: Call) -> Response:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for job in _run(call)["jobs"]:
            for number, step in enumerate(job["steps"] or [{"name": "run"}], 1):
                file.writestr(
                    f"{job['name']}/{number}_{step['name']}.txt",
                    step.get("log", job.get("log", "")),
                )
    return Response(200, out.getvalue(), {"Content-Type": "application/zip"})


ROUTES: tuple[Route, ...] = (
    ("POST", "/actions/workflows/([^/]+)/dispatches", _dispatch),
    ("GET", "/actions/workflows/([^/]+)/runs", _runs),
    ("GET", "/actions/runs", _runs),
    ("GET", r"/actions/runs/(\d+)(?:/attempts/\d+)?", lambda call: _view(call, _run(call))),
    (
        "DELETE",
        r"/actions/runs/(\d+)",
        lambda call: call.repo.runs.pop(_run(call)["id"]) and Response(204),
    ),
    ("GET", r"/actions/runs/(\d+)(?:/attempts/\d+)?/jobs", _jobs),
    ("GET", r"/actions/runs/(\d+)(?:/attempts/\d+)?/logs", _logs),
    ("GET", r"/actions/runs/\d+/artifacts", lambda call: paged(call, [], "artifacts")),
    ("POST", r"/actions/runs/(\d+)/(?:rerun|rerun-failed-jobs)", _rerun),
    ("POST", r"/actions/runs/(\d+)/(?:force-)?cancel", _cancel),
    ("GET", r"/actions/jobs/(\d+)", lambda call: _job_view(call, *_find_job(call))),
    ("POST", r"/actions/jobs/(\d+)/rerun", _rerun),
)
