"""A release asks git, cargo, origin and GitHub the same thing once, until something has acted."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support import crate_projects as projects
from support.local_registries import local_registries
from support.repositories import commit_all, git

pytestmark = [pytest.mark.slow, pytest.mark.tools("cargo", "gh")]
# every process that Python starts raises this audit event (docs.python.org, "Audit events table")
INV = """
import sys
from release_tasks import terminal

log = open("../started", "a")


def started(event, args):
    if event == "subprocess.Popen":
        log.write(terminal.prefix.get() + "\\t" + " ".join(map(str, args[1])) + "\\n")
        log.flush()


sys.addaudithook(started)
sys.argv[0] = "inv"
from invoke.main import program
program.run()
"""


@pytest.fixture
def started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, str]]:
    """Release one crate, and return the step and the command line of each process, in order."""
    with local_registries(tmp_path, monkeypatch) as registries:
        root = projects.workspace(tmp_path / "shop", {"shop-app": ""})
        (root / "tasks.py").write_text("from release_tasks import ns\n")
        (root / "CHANGELOG.md").write_text(
            "# Changelog\n\n## [Unreleased]\n\n- More.\n"
        )
        (root / ".gitignore").write_text("/target\n__pycache__/\n")
        commit_all(root)
        registries.github.create("example", "shop", root)
        git(root, "remote", "add", "origin", "git@github.com:example/shop.git")
        git(root, "fetch", "--quiet", "origin")
        argv = [
            sys.executable,
            "-c",
            INV,
            "release",
            "--version",
            "0.2.0",
            "--new",
            "all",
        ]
        done = subprocess.run(
            argv, cwd=root, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
    lines = (tmp_path / "started").read_text().splitlines()
    rows = []
    outside = "begin"
    for step, _, command in (line.partition("\t") for line in lines):
        # what is asked after the last step is for the report
        outside = "report" if step == "verify" else outside
        rows.append((step or outside, command))
    return rows


def test_a_release_of_one_crate_asks_for_each_thing_once(
    started: list[tuple[str, str]],
) -> None:
    git_processes = Counter(
        step for step, command in started if command.startswith("git ")
    )
    assert {
        step: count for step, count in git_processes.items() if count > 8
    } == {}

    commands = [command for _, command in started]
    before_push = commands[
        : next(i for i, it in enumerate(commands) if it.startswith("git push"))
    ]
    # before the gates, after them, and by the step that pushes
    assert sum(it.startswith("git ls-remote") for it in before_push) <= 3
    # the manifests, the lock file, the proof of the bump, and the manifests after it
    assert sum(it.startswith("cargo metadata") for it in commands) <= 4
