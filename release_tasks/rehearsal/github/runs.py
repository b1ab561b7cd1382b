"""Workflow runs of the local GitHub; nothing runs here, their results are set by `set_runs`."""

from __future__ import annotations

import io
import zipfile

from release_tasks.rehearsal.github import git, workflows
from release_tasks.rehearsal.github.call import (
    Call,
    Refused,
    Route,
    not_found,
    paged,
)
from release_tasks.rehearsal.github.model import JSON, Repository, next_id, now
from release_tasks.rehearsal.github.refs import commit_json
from release_tasks.rehearsal.web import Response

FILTERS = {"branch": "head_branch", "head_sha": "head_sha", "event": "event"}
RUN = r"/actions/runs/(\d+)(?:/attempts/\d+)?"


def set_runs(repo: Repository, runs: list[JSON]) -> list[int]:
    """Replace all runs and return their ids.

    Each may give `workflow` (a file name), `status`, `conclusion`, `event`, `head_branch`,
    `head_sha`, `id`, `approvals` (as GitHub shows them) and `jobs`; a job `name`, `status`,
    `conclusion`, `log` and `steps`; a step `name`, `conclusion` and `log`.
    """
    repo.runs.clear()
    return [_add_run(repo, run) for run in runs]


def _add_run(repo: Repository, run: JSON) -> int:
    branch = run.get("head_branch") or git.default_branch(repo.path)
    defaults = {
        "id": next_id(),
        "workflow": "ci.yml",
        "event": "push",
        "status": "completed",
        "conclusion": "success",
        "run_number": len(repo.runs) + 1,
        "run_attempt": 1,
        "created_at": now(),
        "jobs": [{}],
        "approvals": [],
    }
    full: JSON = defaults | run
    full["head_branch"] = branch
    full["head_sha"] = run.get("head_sha") or git.commit_of(repo.path, branch)
    if full["status"] != "completed":
        full["conclusion"] = None
    full["jobs"] = [_new_job(full, job) for job in full["jobs"]]
    repo.runs[full["id"]] = full
    return int(full["id"])


def _new_job(run: JSON, job: JSON) -> JSON:
    defaults: JSON = {
        "id": next_id(),
        "name": "build",
        "status": run["status"],
        "conclusion": run["conclusion"],
        "steps": [],
    }
    return defaults | job


def _run_json(call: Call, run: JSON) -> JSON:
    url = f"{call.base}/actions/runs/{run['id']}"
    workflow = workflows.workflow_json(
        call, f"{workflows.FOLDER}/{run['workflow']}"
    )
    message = commit_json(call, run["head_sha"])["commit"]["message"]
    repo = {
        "full_name": call.repo.full,
        "name": call.repo.name,
        "owner": {"login": call.repo.owner},
    }
    shown = dict(run)
    del shown["jobs"]
    del shown["approvals"]
    del shown["workflow"]
    return shown | {
        "node_id": f"WFR_{run['id']}",
        "name": workflow["name"],
        "display_title": message.split("\n")[0],
        "path": workflow["path"],
        "workflow_id": workflow["id"],
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


def _list_runs(call: Call) -> Response:
    _add_green_runs(call)
    newest_first = reversed(call.repo.runs.values())
    runs = [
        _run_json(call, run) for run in newest_first if _is_wanted(call, run)
    ]
    if call.groups:
        number = workflows.find(call)["id"]
        runs = [run for run in runs if run["workflow_id"] == number]
    return paged(call, runs, "workflow_runs")


def _add_green_runs(call: Call) -> None:
    """Let the workflows that are always green have run for the commit that is asked for."""
    commit = call.query.get("head_sha")
    if not commit:
        return
    run = {
        row["workflow"]
        for row in call.repo.runs.values()
        if row["head_sha"] == commit
    }
    for workflow in call.repo.green:
        if workflow not in run:
            _add_run(call.repo, {"workflow": workflow, "head_sha": commit})


def _is_wanted(call: Call, run: JSON) -> bool:
    """Return whether a run matches the filters of the query."""
    for key, name in FILTERS.items():
        if call.query.get(key, run[name]) != run[name]:
            return False
    status = call.query.get("status")
    return not status or status in (run["status"], run["conclusion"])


def _run(call: Call) -> JSON:
    run = call.repo.runs.get(int(call.groups[0]))
    if run is None:
        raise not_found()
    return run


def _delete(call: Call) -> Response:
    del call.repo.runs[_run(call)["id"]]
    return Response(204)


def _job_json(call: Call, run: JSON, job: JSON) -> JSON:
    completed = None
    if job["status"] == "completed":
        completed = run["created_at"]
    steps = []
    for number, step in enumerate(job["steps"], 1):
        steps.append(_step_json(job, step, number))
    shown = {
        "started_at": run["created_at"],
        "completed_at": completed,
        **job,
        "run_id": run["id"],
        "head_sha": run["head_sha"],
        "html_url": f"{call.web}/actions/runs/{run['id']}/job/{job['id']}",
        "steps": steps,
        "url": f"{call.base}/actions/jobs/{job['id']}",
        "check_run_url": f"{call.base}/check-runs/{job['id']}",
    }
    shown.pop("log", None)
    return shown


def _step_json(job: JSON, step: JSON, number: int) -> JSON:
    return {
        "number": number,
        "name": step["name"],
        "status": step.get("status", job["status"]),
        "conclusion": step.get("conclusion", job["conclusion"]),
    }


def _list_jobs(call: Call) -> Response:
    run = _run(call)
    jobs = [_job_json(call, run, job) for job in run["jobs"]]
    return paged(call, jobs, "jobs")


def _find_job(call: Call) -> tuple[JSON, JSON]:
    """Return the job whose id the route has, after its run."""
    for run in call.repo.runs.values():
        for job in run["jobs"]:
            if str(job["id"]) == call.groups[0]:
                return run, job
    raise not_found()


def _rerun_run(call: Call) -> Response:
    return _rerun(call, _run(call))


def _rerun_job(call: Call) -> Response:
    run, _ = _find_job(call)
    return _rerun(call, run)


def _rerun(call: Call, run: JSON) -> Response:
    """Run all jobs again, or only the failed ones; all of them succeed."""
    if run["status"] != "completed":
        raise Refused(403, "This workflow is already running")
    for job in run["jobs"]:
        if (
            not call.path.endswith("/rerun-failed-jobs")
            or job["conclusion"] != "success"
        ):
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
    """Add a run, which has succeeded at once."""
    workflow = workflows.find(call)
    data = call.json()
    ref = str(data.get("ref", ""))
    name = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    sha = name and git.commit_of(call.repo.path, name)
    if not sha:
        raise Refused(422, f"No ref found for: {name}")
    text = git.show(call.repo.path, sha, workflow["path"])
    if text is None or b"workflow_dispatch" not in text:
        raise Refused(422, "Workflow does not have 'workflow_dispatch' trigger")
    run = {
        "workflow": workflows.file_name(workflow),
        "event": "workflow_dispatch",
        "head_branch": name,
        "head_sha": sha,
        "inputs": data.get("inputs") or {},
    }
    _add_run(call.repo, run)
    return Response(204)


def _logs(call: Call) -> Response:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for job in _run(call)["jobs"]:
            log = job.get("log", "")
            steps = job["steps"] or [{"name": "run"}]
            for number, step in enumerate(steps, 1):
                name = f"{job['name']}/{number}_{step['name']}.txt"
                file.writestr(name, step.get("log", log))
    return Response(200, out.getvalue(), {"Content-Type": "application/zip"})


def _find_log(call: Call) -> Response:
    """Redirect to the text of a job's log, as GitHub does ("Download job logs")."""
    _, job = _find_job(call)
    if job["status"] != "completed":
        raise not_found()
    place = f"{call.base}/actions/jobs/{job['id']}/logs/text"
    return Response(302, b"", {"Location": place})


def _log(call: Call) -> Response:
    """Return the log of a job: each line with its time, the steps as groups."""
    _, job = _find_job(call)
    lines = []
    for step in job["steps"] or [{"name": "run"}]:
        lines += [f"##[group]Run {step['name']}", "##[endgroup]"]
        lines += step.get("log", job.get("log", "")).splitlines()
        if step.get("conclusion", job["conclusion"]) == "failure":
            lines.append("##[error]Process completed with exit code 1.")
    text = "".join(f"{now()[:-1]}.0000000Z {line}\n" for line in lines)
    return Response(200, text.encode(), {"Content-Type": "text/plain"})


ROUTES: tuple[Route, ...] = (
    ("POST", "/actions/workflows/([^/]+)/dispatches", _dispatch),
    ("GET", "/actions/workflows/([^/]+)/runs", _list_runs),
    ("GET", "/actions/runs", _list_runs),
    ("GET", RUN, lambda call: _run_json(call, _run(call))),
    ("DELETE", r"/actions/runs/(\d+)", _delete),
    (
        "GET",
        r"/actions/runs/(\d+)/approvals",
        lambda call: _run(call)["approvals"],
    ),
    ("GET", f"{RUN}/jobs", _list_jobs),
    ("GET", f"{RUN}/logs", _logs),
    (
        "GET",
        r"/actions/runs/\d+/artifacts",
        lambda call: paged(call, [], "artifacts"),
    ),
    ("POST", r"/actions/runs/(\d+)/(?:rerun|rerun-failed-jobs)", _rerun_run),
    ("POST", r"/actions/runs/(\d+)/(?:force-)?cancel", _cancel),
    (
        "GET",
        r"/actions/jobs/(\d+)",
        lambda call: _job_json(call, *_find_job(call)),
    ),
    ("GET", r"/actions/jobs/(\d+)/logs", _find_log),
    ("GET", r"/actions/jobs/(\d+)/logs/text", _log),
    ("POST", r"/actions/jobs/(\d+)/rerun", _rerun_job),
)
