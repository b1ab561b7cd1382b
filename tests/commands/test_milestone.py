"""`inv milestone` closes the milestone of a version and makes the next one, with the real gh."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from support.tiny_project import TinyProject

from release_tasks.rehearsal.faults import Fault

pytestmark = pytest.mark.tools("git", "gh")


def api(*words: str) -> Any:
    argv = ["gh", "api", *words]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def make(title: str) -> int:
    path = "repos/example/tiny/milestones"
    return int(api("-X", "POST", path, "-f", f"title={title}")["number"])


def state(tiny: TinyProject) -> dict[str, str]:
    repository = tiny.registries.github.repository("example", "tiny")
    return {one["title"]: one["state"] for one in repository.milestones}


@pytest.mark.statement("B4.31", "B4.32")
def test_it_closes_one_and_makes_the_next(tiny: TinyProject) -> None:
    make("v0.2.0")
    words = ("milestone", "--version", "0.2.0", "--next", "minor")

    dry = tiny.inv("--dry", *words)
    assert (dry.returncode, state(tiny)) == (0, {"v0.2.0": "open"}), dry.stderr
    assert "milestone v0.2.0 would be closed" in dry.stderr
    done = tiny.inv(*words)
    assert done.returncode == 0, done.stderr
    assert state(tiny) == {"v0.2.0": "closed", "v0.3.0": "open"}
    repository = tiny.registries.github.repository("example", "tiny")
    assert repository.milestones[1]["description"] == "Next release planning"

    before = len(tiny.registries.log.writes())
    again = tiny.inv(*words)
    assert again.returncode == 0
    assert len(tiny.registries.log.writes()) == before
    assert "nothing to do, milestone v0.2.0 is already closed" in again.stderr
    assert "nothing to do, milestone v0.3.0 is already there" in again.stderr


def test_what_is_open_stops_it_before_anything_changes(
    tiny: TinyProject,
) -> None:
    number = make("v0.2.0")
    issue = api(
        "-X",
        "POST",
        "repos/example/tiny/issues",
        "-f",
        "title=It flickers",
        "-F",
        f"milestone={number}",
    )
    words = ("milestone", "--version", "0.2.0", "--next", "0.3.0")

    done = tiny.inv(*words)

    assert (done.returncode, state(tiny)) == (1, {"v0.2.0": "open"})
    assert "1 open in milestone v0.2.0: #1 It flickers" in done.stderr
    assert f"gh issue edit {issue['number']} --milestone TITLE" in done.stderr
    api("-X", "PATCH", "repos/example/tiny/issues/1", "-f", "state=closed")
    assert tiny.inv(*words).returncode == 0
    assert state(tiny) == {"v0.2.0": "closed", "v0.3.0": "open"}


def test_the_title_is_that_of_the_settings_or_has_no_v(
    tiny: TinyProject,
) -> None:
    make("0.2.0")
    words = ("milestone", "--version", "0.2.0", "--next", "patch")
    assert tiny.inv(*words).returncode == 0
    assert state(tiny) == {"0.2.0": "closed", "0.2.1": "open"}
    make("Release v0.4.0")
    tiny.commit("release-tasks.toml", '[gates]\nmilestone = "Release {tag}"\n')
    done = tiny.inv(
        "milestone", "--version", "0.4.0", "--next", "1.0.0", "--json"
    )
    assert json.loads(done.stdout) == {
        "milestones": [
            {
                "title": "Release v0.4.0",
                "state": "closed",
                "next": "Release v1.0.0",
                "next_state": "created",
            }
        ]
    }


def test_without_a_milestone_there_is_nothing_to_close(
    tiny: TinyProject,
) -> None:
    done = tiny.inv("milestone", "--version", "0.2.0")
    assert (done.returncode, state(tiny)) == (0, {})
    assert "milestone v0.2.0 is not there" in done.stderr


def test_an_answer_that_is_lost_makes_no_second_milestone(
    tiny: TinyProject,
) -> None:
    make("v0.2.0")
    tiny.registries.faults.add(
        Fault("POST", r".*/milestones$", status=502, times=1)
    )
    done = tiny.inv("milestone", "--version", "0.2.0", "--next", "minor")
    assert done.returncode == 0, done.stderr
    assert state(tiny) == {"v0.2.0": "closed", "v0.3.0": "open"}
