"""`inv plan` says how long steps take; `[build] minutes` ends a build that takes longer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.tiny_project import PYPROJECT, TINY, tiny_project

from release_tasks.commands.durations import Outlook, outlook, shown

STAGES = (("check",), ("build", "wheels"), ("push",))
TAG_ONLY = TINY | {
    "pyproject.toml": '[project]\nname = "tiny"\nversion = "0.1.0"\n',
    "release-tasks.toml": '[gates]\nminor = []\n[github]\nrelease = "promote"\n',
}
# a build backend that never ends
BACKEND = """\
import time

def build_sdist(*words, **named):
    time.sleep(300)

build_wheel = build_sdist
"""
ENDLESS = TINY | {
    "pyproject.toml": PYPROJECT.replace(
        'requires = ["hatchling"]\nbuild-backend = "hatchling.build"',
        'requires = []\nbuild-backend = "slow"\nbackend-path = ["backend"]',
    ),
    "backend/slow.py": BACKEND,
    "release-tasks.toml": "[build]\nminutes = 0.03\n",
}


@pytest.mark.quick
def test_the_longest_chain_is_the_slowest_step_of_each_stage() -> None:
    took = {"check": 5.0, "build": 60.0, "wheels": 90.0}
    assert outlook(STAGES, took) == Outlook(("check", "wheels"), 95.0)
    assert outlook(STAGES, {}) is None
    assert [shown(one) for one in (0.2, 59.6, 185)] == [
        "0 s",
        "1 min 00 s",
        "3 min 05 s",
    ]


@pytest.mark.slow
@pytest.mark.tools("git", "gh")
@pytest.mark.statement("B1.43")
def test_a_plan_shows_what_each_step_took_last_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_project(tmp_path, monkeypatch, TAG_ONLY) as tiny:
        first = json.loads(
            tiny.inv("plan", "--version", "0.2.0", "--json").stdout
        )
        assert first["expected_seconds"] is None
        assert {row["last_seconds"] for row in first["steps"]} == {None}
        after = {row["step"]: row["after"] for row in first["steps"]}
        assert after["bump"] == ["check"]
        assert after["check-artifacts"] == ["docker-buildx", "package-bundles"]

        # an earlier attempt took longer: that is what the work takes
        folder = tiny.root / "dist" / "v0.2.0"
        folder.mkdir(parents=True)
        (folder / "durations.json").write_text('{"verify": 100.0}')
        done = tiny.inv("release", "--version", "0.2.0")
        assert done.returncode == 0, done.stderr
        tiny.commit("CHANGELOG.md", TINY["CHANGELOG.md"])

        plan = tiny.inv("plan", "--version", "0.3.0")
        assert plan.returncode == 0, plan.stderr
        rows = plan.stdout.partition("\nstage  step")[2].splitlines()
        [verify] = [row for row in rows if row.startswith("15     verify ")]
        assert " ".join(verify.split()) == (
            "15 verify 1 min 40 s Download, install and run everything that "
            "was published."
        )
        assert "longest chain: check → bump → tag → " in plan.stdout
        assert "\nexpected: 1 min " in plan.stdout


@pytest.mark.slow
@pytest.mark.tools("git")
def test_a_build_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_project(tmp_path, monkeypatch, ENDLESS) as tiny:
        done = tiny.inv("build-wheels", "--version", "0.1.0")
        assert done.returncode == 1
        assert "was ended: the build has taken 0.03 minutes" in done.stderr
        assert "raise minutes in [build]" in done.stderr
