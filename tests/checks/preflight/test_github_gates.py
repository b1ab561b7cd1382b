"""What GitHub has to say before a release: blockers and milestones."""

from __future__ import annotations

import subprocess

import pytest
from support.tiny_project import TinyProject, problems

from release_tasks.checks.preflight import github_gates

pytestmark = pytest.mark.tools("gh")


@pytest.mark.statement("B4.6")
def test_an_open_issue_with_a_blocking_label_is_found(
    tiny: TinyProject,
) -> None:
    tiny.commit("release-tasks.toml", '[gates]\nblockers = ["P0", "P1"]\n')
    assert problems(tiny, github_gates) == []
    issue(tiny, "Colours", "P2")
    issue(tiny, "It loses data", "P0")
    assert problems(tiny, github_gates) == [
        "issues with the label P0 are open: #2 It loses data"
    ]
    subprocess.run(
        [
            "gh",
            "api",
            "--method",
            "PATCH",
            "repos/example/tiny/issues/2",
            "-f",
            "state=closed",
        ],
        check=True,
        capture_output=True,
    )
    assert problems(tiny, github_gates) == []


def issue(tiny: TinyProject, title: str, label: str) -> None:
    words = (
        "--method",
        "POST",
        "repos/example/tiny/issues",
        "-f",
        f"title={title}",
        "-f",
        f"labels[]={label}",
    )
    subprocess.run(
        ["gh", "api", *words], cwd=tiny.root, check=True, capture_output=True
    )


@pytest.mark.statement("B4.1")
def test_a_milestone_in_which_something_is_open_is_found(
    tiny: TinyProject,
) -> None:
    tiny.commit("release-tasks.toml", '[gates]\nmilestone = "v{version}"\n')
    assert problems(tiny, github_gates) == ["GitHub has no milestone v0.2.0"]
    api("POST", "milestones", "title=v0.2.0")
    assert problems(tiny, github_gates) == []
    api("POST", "issues", "title=Colours", "milestone=1")
    assert problems(tiny, github_gates) == [
        "milestone v0.2.0 is not finished: 1 open"
    ]
    api("PATCH", "issues/1", "state=closed")
    assert problems(tiny, github_gates) == []


def api(method: str, path: str, *fields: str) -> None:
    words = [word for field in fields for word in ("-F", field)]
    subprocess.run(
        ["gh", "api", "--method", method, f"repos/example/tiny/{path}", *words],
        check=True,
        capture_output=True,
    )
