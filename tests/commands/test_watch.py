"""`inv watch`: the jobs of a release on GitHub Actions, then what arrives on the registries."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.contexts import context
from support.python_projects import sdist, wheel
from support.tiny_project import TINY, TinyProject, tiny_project

from release_tasks import terminal
from release_tasks.commands import watch
from release_tasks.errors import ReleaseError

pytestmark = pytest.mark.tools("git", "gh")
FILES = {
    "tiny_plain-0.2.0-py3-none-any.whl": wheel,
    "tiny_plain-0.2.0.tar.gz": sdist,
}
ROOT = Path(__file__).parents[2]
LOG = "compiling tiny\nerror: no such file\n"
FAILED = {
    "workflow": "release.yml",
    "conclusion": "failure",
    "jobs": [
        {"name": "plan", "conclusion": "success"},
        {
            "name": "build any",
            "conclusion": "failure",
            "steps": [
                {"name": "Check out", "conclusion": "success", "log": "all\n"},
                {"name": "Build", "conclusion": "failure", "log": LOG},
                {"name": "Keep it", "conclusion": "skipped"},
            ],
        },
    ],
}


@pytest.fixture
def tiny(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    monkeypatch.setattr(watch, "EVERY", 0.1)
    with tiny_project(tmp_path, monkeypatch, TINY) as made:
        made.commit(".github/workflows/release.yml", "on: workflow_dispatch\n")
        made.tag("v0.2.0")
        yield made


def runs(tiny: TinyProject, *some: dict[str, Any]) -> None:
    """Let GitHub have these runs, oldest first, of the tag unless they say another commit."""
    tag = {"head_sha": tiny.head(), "head_branch": "v0.2.0"}
    tiny.registries.github.set_runs(
        "example", "tiny", [tag | one for one in some]
    )


def job(name: str, minutes: int) -> dict[str, str]:
    return {
        "name": name,
        "started_at": "2026-01-02T10:00:00Z",
        "completed_at": f"2026-01-02T10:{minutes:02}:05Z",
    }


def publish(tiny: TinyProject) -> None:
    for name, data in FILES.items():
        (tiny.folder / name).write_bytes(data("tiny-plain"))
    words = [sys.executable, "-m", "twine", "upload", *FILES]
    subprocess.run(words, cwd=tiny.folder, check=True, capture_output=True)
    tiny.release_by_hand("v0.2.0")


@pytest.mark.statement("B1.12", "B4.12", "B5.37")
def test_jobs_are_shown_with_the_time_before_until_all_is_public(
    tiny: TinyProject,
) -> None:
    before = tiny.git("rev-parse", "HEAD^").strip()
    ours = {"workflow": "release.yml"}
    runs(
        tiny,
        ours | {"head_sha": before, "jobs": [job("plan", 1), job("verify", 0)]},
        ours | {"jobs": [job("plan", 2), job("verify", 3)]},
    )
    publish(tiny)
    done = tiny.inv("watch", "--version", "0.2.0", "--json")
    assert done.returncode == 0, done.stderr
    for line in (
        "release.yml: plan: success after 2 min 05 s (before: 1 min 05 s)",
        "release.yml: verify: success after 3 min 05 s (before: 5 s)",
        "everything of 0.2.0 is public",
    ):
        assert line in done.stderr
    data = json.loads(done.stdout)
    [run] = data["runs"]
    assert (run["workflow"], run["state"], run["attempt"]) == (
        *("release.yml", "success"),
        1,
    )
    assert run["jobs"][0] == {
        "name": "plan",
        "state": "success",
        "seconds": 125.0,
        "before": 65.0,
        "failed_step": "",
    }
    assert {row["state"] for row in data["registries"]["artifacts"]} <= {
        "same",
        "present",
    }
    page = (ROOT / "docs" / "json.md").read_text()
    section = page.partition("## `inv watch --json`")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.M)) == {
        *data,
        *run,
        *run["jobs"][0],
    }


@pytest.mark.statement("B1.12", "B2.30", "B4.14", "B4.43", "B4.44", "B4.47")
def test_the_lines_of_a_failed_step_are_shown_and_its_jobs_run_again(
    tiny: TinyProject,
) -> None:
    runs(tiny, FAILED)
    publish(tiny)
    failed = tiny.inv("watch", "--version", "0.2.0")
    assert failed.returncode == 1
    shown = (
        "the last lines of build any:\n"
        "  compiling tiny\n"
        "  error: no such file\n"
        "  Process completed with exit code 1.\n"
    )
    assert shown in failed.stderr
    fact = "error: release.yml ended with failure: build any (Build)"
    assert fact in failed.stderr
    # the help works as typed
    fix = failed.stderr.partition("help: ")[2].partition(", or look at ")[0]
    assert fix == "inv watch --version 0.2.0 --rerun-failed"
    again = tiny.inv(*fix.split()[1:], "--minutes", "1")
    assert again.returncode == 0, again.stderr
    assert "the failed jobs of release.yml run again" in again.stderr
    assert "release.yml: build any: success" in again.stderr
    assert "everything of 0.2.0 is public" in again.stderr


def test_a_run_that_made_the_release_commit_is_found(
    tiny: TinyProject,
) -> None:
    """Its own commit is the one before; other runs of that are not of this release."""
    before = tiny.git("rev-parse", "HEAD^").strip()
    by_hand = {"head_sha": before, "event": "workflow_dispatch"}
    runs(
        tiny,
        by_hand | FAILED,
        by_hand | {"workflow": "other.yml", "conclusion": "failure"},
        {"head_sha": before, "workflow": "ci.yml", "conclusion": "failure"},
    )
    with pytest.raises(ReleaseError) as error:
        watch.watch(context(), "0.2.0")
    assert error.value.problem.startswith("release.yml ended with failure")


@pytest.mark.statement("B2.38", "B4.12", "B5.37")
def test_nothing_begins_or_ends_in_time(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs(tiny, {"workflow": "release.yml", "status": "in_progress"})
    with pytest.raises(ReleaseError) as error:
        watch.watch(context(), "0.2.0", minutes="0")
    assert error.value.problem == "gave up waiting for release.yml"
    assert error.value.fix == "inv watch --version 0.2.0"
    # the help works as typed, once that has ended
    runs(tiny, {"workflow": "release.yml"})
    again = tiny.inv(*error.value.fix.split()[1:], "--minutes", "0")
    assert "gave up waiting" not in again.stderr
    with pytest.raises(ReleaseError, match="2h is not a number of minutes"):
        watch.watch(context(), "0.2.0", minutes="2h")
    runs(tiny)
    monkeypatch.setattr(watch, "BEGIN", 0.0)
    with pytest.raises(ReleaseError) as error:
        watch.watch(context(), "0.2.0")
    assert error.value.problem.startswith("no workflow has begun for ")
    assert (
        error.value.fix
        == "gh workflow run release.yml --ref v0.2.0 -f version=0.2.0"
    )
    # the help works as typed
    words = shlex.split(error.value.fix)
    subprocess.run(words, cwd=tiny.root, check=True, capture_output=True)
    begun = tiny.inv("watch", "--version", "0.2.0", "--minutes", "0")
    assert (begun.returncode, "no workflow" in begun.stderr) == (3, False)


@pytest.mark.statement("B5.23")
def test_a_run_that_waits_for_an_approval_is_said_with_its_page(
    tiny: TinyProject,
) -> None:
    waiting = job("approve", 1) | {"status": "waiting"}
    held = {"workflow": "release.yml", "status": "waiting", "jobs": [waiting]}
    runs(tiny, held)
    done = tiny.inv("watch", "--version", "0.2.0", "--minutes", "0")
    assert done.returncode == 1
    page = "https://github.com/example/tiny/actions/runs/"
    assert f"release.yml waits for an approval: {page}" in done.stderr


@pytest.mark.statement("B2.37")
def test_green_runs_are_not_enough(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs(tiny, {"workflow": "release.yml"})
    done = tiny.inv("watch", "--version", "0.2.0", "--minutes", "0")
    assert done.returncode == 3
    assert "not everything of 0.2.0 is public" in done.stderr
    # what arrives later is waited for
    pause = terminal.pause
    waited: list[str] = []

    def publish_meanwhile(seconds: float, why: str = "") -> None:
        waited.append(why)
        if len(waited) == 1:
            publish(tiny)
        pause(seconds, why)

    monkeypatch.setattr(terminal, "pause", publish_meanwhile)
    watch.watch(context(), "0.2.0")
    assert "v0.2.0 to be public" in "".join(waited), waited
