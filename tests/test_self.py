"""This project releases itself with its own tasks, in a rehearsal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.repositories import commit_all

ROOT = Path(__file__).parents[1]
GATE = 'run = ["nox -s lint"]'  # types and tests of this very tree are looked at beside this test


@pytest.mark.slow
@pytest.mark.tools("gh")
def test_this_project_releases_itself_in_a_rehearsal(tmp_path: Path) -> None:
    tree = tmp_path / "release-tasks"
    files = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in files.strip("\0").split("\0"):
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
        target.chmod((ROOT / name).stat().st_mode)
    settings = tree / "release-tasks.toml"
    settings.write_text(
        re.sub("^run = .*$", GATE, settings.read_text(), flags=re.M)
    )
    commit_all(tree, "Begin")

    words = [
        sys.executable,
        "-m",
        "invoke",
        "rehearse",
        "--version",
        "0.1.0",
        "--json",
    ]
    done = subprocess.run(
        words,
        cwd=tree,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )

    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(done.stdout)
    assert {row["state"] for row in found["artifacts"]} == {"same"}
    assert {row["channel"] for row in found["artifacts"]} == {
        "git",
        "PyPI",
        "GitHub",
    }
    assert found["refused"] == []
