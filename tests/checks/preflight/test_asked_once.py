"""`inv check` asks for each thing once: no process and no second request for one more crate."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support import crate_projects as projects
from support.local_registries import local_registries
from support.repositories import commit_all, git

from release_tasks.rehearsal.faults import Fault

pytestmark = [pytest.mark.slow, pytest.mark.tools("cargo", "gh")]
# every process that Python starts raises this audit event (docs.python.org, "Audit events table")
INV = """
import sys
log = open("../started", "a", buffering=1)
def record(event, args):
    if event == "subprocess.Popen":
        log.write(" ".join(map(str, args[1])) + "\\n")
sys.addaudithook(record)
sys.argv[0] = "inv"
from invoke.main import program
program.run()
"""


def look(
    folder: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> tuple[Counter[str], Counter[str]]:
    """Check a workspace of so many crates; return the processes it started and its requests."""
    names = [f"shop-{number:02}" for number in range(count)]
    with local_registries(folder, monkeypatch) as registries:
        root = projects.workspace(folder / "shop", dict.fromkeys(names, ""))
        (root / "tasks.py").write_text("from release_tasks import ns\n")
        (root / "CHANGELOG.md").write_text(
            "# Changelog\n\n## [Unreleased]\n\n- More.\n"
        )
        (root / ".gitignore").write_text("/target\n__pycache__/\n")
        commit_all(root)
        registries.github.create("example", "shop", root)
        git(root, "remote", "add", "origin", "git@github.com:example/shop.git")
        git(root, "fetch", "--quiet", "origin")
        for name in names:
            registries.crates.store.add(
                {
                    "name": name,
                    "vers": "0.1.0",
                    "cksum": "0" * 64,
                    "yanked": False,
                },
                b"",
                {},
            )
        registries.faults.add(
            Fault(
                "GET",
                "/sh/op/shop-03",
                status=429,
                headers={"Retry-After": "1"},
            )
        )
        before = len(registries.log.entries())
        argv = [
            sys.executable,
            "-c",
            INV,
            "check",
            "--fast",
            "--version",
            "0.2.0",
        ]
        done = subprocess.run(
            argv, cwd=root, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        asked = Counter(
            f"{e.method} {e.host}{e.target} {e.status}"
            for e in registries.log.entries()[before:]
        )
    return Counter((folder / "started").read_text().splitlines()), asked


def test_more_crates_take_no_more_processes_and_one_request_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = (
        look(tmp_path / "few", monkeypatch, 4),
        look(tmp_path / "many", monkeypatch, 40),
    )

    def short(started: Counter[str]) -> Counter[str]:
        return Counter(
            {
                " ".join(line.split()[:2]): count
                for line, count in started.items()
            }
        )

    assert short(few[0]) == short(many[0])
    assert [line for line in many[0] if line.endswith("--version")] == []
    assert many[0]["cargo metadata --no-deps --offline --format-version=1"] == 1
    assert sum("git ls-remote" in line for line in many[0].elements()) == 1
    assert [
        line
        for line, count in many[0].items()
        if count > 1 and "/releases" in line
    ] == []
    assert [line for line, count in many[1].items() if count > 1] == []
    assert many[1].total() - few[1].total() == 36
