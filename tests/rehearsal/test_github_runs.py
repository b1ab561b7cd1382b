"""Runs, workflows and checks with an unchanged gh."""

from __future__ import annotations

import json

import pytest
from support.github_client import local_github

pytestmark = pytest.mark.tools("gh", "git")
FAILED = {
    "conclusion": "failure",
    "jobs": [
        {"name": "lint", "conclusion": "success"},
        {
            "name": "test",
            "steps": [
                {
                    "name": "pytest",
                    "conclusion": "failure",
                    "log": "2026-01-01T00:00:00Z 1 failed\n",
                }
            ],
        },
    ],
}


@pytest.fixture
def github(tmp_path):
    with local_github(tmp_path) as github:
        yield github


@pytest.fixture
def runs(github):
    """Return the ids of a good, a failed and a running run, as words for gh."""
    return [
        str(number)
        for number in github.hub.set_runs(
            "acme",
            "tool",
            [{}, FAILED, {"status": "in_progress", "head_branch": "main"}],
        )
    ]


def test_run_list_shows_runs_newest_first_and_by_workflow(github, runs):
    rows = [
        line.split("\t") for line in github.ok("gh", "run", "list").splitlines()
    ]
    assert [(row[0], row[1], row[6]) for row in rows] == [
        ("in_progress", "", runs[2]),
        ("completed", "failure", runs[1]),
        ("completed", "success", runs[0]),
    ]
    shown = json.loads(
        github.ok(
            "gh",
            "run",
            "list",
            "--workflow",
            "ci.yml",
            "--limit",
            "1",
            "--json",
            "databaseId,headSha,workflowName",
        )
    )
    assert shown == [
        {
            "databaseId": int(runs[2]),
            "headSha": github.ok("git", "rev-parse", "HEAD"),
            "workflowName": "CI",
        }
    ]


def test_run_view_shows_jobs_steps_and_logs(github, runs):
    text = github.ok("gh", "run", "view", runs[1])
    assert "X main CI" in text
    assert "X pytest" in text
    shown = json.loads(
        github.ok("gh", "run", "view", runs[1], "--json", "conclusion,jobs")
    )
    assert [(job["name"], job["conclusion"]) for job in shown["jobs"]] == [
        ("lint", "success"),
        ("test", "failure"),
    ]
    assert (
        github.ok("gh", "run", "view", runs[1], "--log-failed")
        == "test\tpytest\t2026-01-01T00:00:00Z 1 failed"
    )
    assert "404" in github.fails("gh", "run", "view", "1")


def test_run_watch_ends_as_the_run_ended(github, runs):
    assert "completed with 'success'" in github.ok(
        "gh", "run", "watch", runs[0], "--exit-status"
    )
    assert (
        github.run("gh", "run", "watch", runs[1], "--exit-status").returncode
        == 1
    )
    assert github.run("gh", "run", "watch", runs[1]).returncode == 0


def test_rerun_repeats_what_failed(github, runs):
    github.ok("gh", "run", "rerun", runs[1], "--failed")
    github.ok("gh", "run", "view", runs[1], "--exit-status")
    assert (
        github.api("GET", f"actions/runs/{runs[1]}").json()["run_attempt"] == 2
    )
    assert "cannot be rerun" in github.fails("gh", "run", "rerun", runs[2])


def test_cancel_ends_a_running_run_only(github, runs):
    github.ok("gh", "run", "cancel", runs[2])
    assert (
        github.api("GET", f"actions/runs/{runs[2]}").json()["conclusion"]
        == "cancelled"
    )
    assert "Cannot cancel" in github.fails("gh", "run", "cancel", runs[0])


def test_workflows_come_from_the_default_branch(github):
    assert github.ok("gh", "workflow", "list").startswith("CI\tactive\t")
    assert github.ok("gh", "workflow", "view", "ci.yml", "--yaml").startswith(
        "name: CI"
    )


def test_a_dispatch_makes_a_run_at_the_wanted_ref(github):
    github.ok(
        "gh", "workflow", "run", "ci.yml", "--ref", "v0.1.0", "-f", "version=1"
    )
    [run] = github.api(
        "GET", "actions/runs", params={"event": "workflow_dispatch"}
    ).json()["workflow_runs"]
    assert (run["head_branch"], run["inputs"], run["conclusion"]) == (
        "v0.1.0",
        {"version": "1"},
        "success",
    )
    assert "No ref found for: nowhere" in github.fails(
        "gh", "workflow", "run", "ci.yml", "--ref", "nowhere"
    )
    assert "404" in github.fails("gh", "workflow", "run", "other.yml")


def test_checks_are_the_jobs_of_the_commit_unless_they_are_set(github, runs):
    path = "repos/acme/tool/commits/main/check-runs"
    assert github.ok("gh", "api", path, "--jq", ".total_count") == "4"
    github.hub.set_checks(
        "acme", "tool", [{"name": "ci", "status": "in_progress"}]
    )
    assert github.ok(
        "gh", "api", path, "--jq", ".check_runs[] | .name, .status, .conclusion"
    ).split() == ["ci", "in_progress"]
    sha = github.ok("git", "rev-parse", "HEAD")
    github.hub.set_checks("acme", "tool", [{"name": "ci"}], sha)
    assert (
        github.ok("gh", "api", path, "--jq", ".check_runs[].conclusion")
        == "success"
    )
    assert (
        github.ok(
            "gh", "api", "repos/acme/tool/commits/main/status", "--jq", ".state"
        )
        == "pending"
    )
