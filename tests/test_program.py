"""The command `release-tasks`: with a tasks.py, without one, and what it prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.repositories import IDENTITY, commit_files, git, write_files

CRATE = {
    "Cargo.toml": (
        '[package]\nname = "hull-9a"\nversion = "0.1.0"\nedition = "2021"\n'
        'description = "A hull"\nlicense = "MIT"\n'
        'repository = "https://github.com/example/hull"\n'
    ),
    "Cargo.lock": 'version = 4\n\n[[package]]\nname = "hull-9a"\nversion = "0.1.0"\n',
    "src/lib.rs": "pub fn one() -> u8 {\n    1\n}\n",
    "README.md": "# Hull\n",
    "LICENSE": "MIT\n",
    ".gitignore": "target/\ndist/\n",
}
OWN_STEP = """\
from invoke import task
from release_tasks import after, collection
from release_tasks.steps.push import push


@task
def announce(c, version=None, component=None):
    \"\"\"Tell everybody.\"\"\"


ns = collection(order=after(push, announce))
"""
FOREIGN = 'from invoke import task\n\n\n@task\ndef lint(c):\n    """Lint."""\n'


def run(
    module: str, folder: Path, *words: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=folder,
        env=os.environ | IDENTITY,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_project_without_tasks_has_all_tasks(tmp_path: Path) -> None:
    commit_files(tmp_path, CRATE)
    done = run("release_tasks", tmp_path, "settings")
    assert done.returncode == 0, done.stderr
    assert "crates    hull-9a  (discovered)" in done.stdout


@pytest.mark.parametrize(
    ("tasks", "listed"),
    [
        (None, "release-tasks"),
        (FOREIGN, "release-tasks"),
        ("from release_tasks import ns\n", "inv"),
        (OWN_STEP, "inv"),
    ],
)
def test_what_is_printed_can_be_typed(
    tmp_path: Path, tasks: str | None, listed: str
) -> None:
    if tasks is not None:
        (tmp_path / "tasks.py").write_text(tasks)
    commit_files(tmp_path, CRATE)
    done = run("release_tasks", tmp_path, "rehearse")
    assert done.returncode == 1
    assert f"help: {listed} rehearse --version X.Y.Z" in done.stderr


def test_the_order_of_the_project_is_used(tmp_path: Path) -> None:
    write_files(tmp_path, {"tasks.py": OWN_STEP})
    done = run("release_tasks", tmp_path)
    assert "  announce          Tell everybody." in done.stdout


@pytest.mark.parametrize("module", ["invoke", "release_tasks"])
def test_without_words_the_tasks_are_listed_by_what_they_are_for(
    tmp_path: Path, module: str
) -> None:
    write_files(tmp_path, {"tasks.py": "from release_tasks import ns\n"})
    done = run(module, tmp_path)
    assert done.returncode == 0, done.stderr
    first, *_ = done.stdout.split("\n\n")
    assert first.splitlines()[:2] == [
        "Start here:",
        "  init              Write a first tasks.py, noxfile.py and release-tasks.toml.",
    ]
    listed = run(module, tmp_path, "--list").stdout.splitlines()
    names = {line.split()[0] for line in listed if line.startswith("  ")}
    missing = {
        name for name in names if f"\n  {name} " not in f"\n{done.stdout}"
    }
    assert missing == {"overview"}


def test_it_says_its_own_version(tmp_path: Path) -> None:
    done = run("release_tasks", tmp_path, "--version")
    assert done.stdout.startswith("release-tasks 0.")


@pytest.mark.slow
@pytest.mark.tools("cargo", "gh")
def test_a_rehearsal_needs_no_tasks_and_takes_the_settings_that_are_not_committed(
    tmp_path: Path,
) -> None:
    root = commit_files(tmp_path / "hull", CRATE)
    git(root, "remote", "add", "origin", "git@github.com:example/hull.git")
    settings = '[gates]\nrun = ["test -s release-tasks.toml"]\n'
    write_files(root, {"release-tasks.toml": settings, "note.txt": "Mine.\n"})
    done = run("release_tasks", root, "rehearse", "--version", "0.2.0")
    assert done.returncode == 0, done.stderr[-3000:]
    lines = done.stderr.splitlines()
    assert (
        "not committed, but part of this rehearsal: release-tasks.toml" in lines
    )
    assert "other uncommitted changes are not part of the rehearsal" in lines
    # nothing is public, so no page is shown as if it were
    assert not any(line.startswith(("released", "https:")) for line in lines)
    assert lines[-1] == "next: release-tasks release --version 0.2.0"
    assert (
        git(root, "status", "--short") == "?? note.txt\n?? release-tasks.toml\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["relase"],
            "error: there is no task relase\n  help: did you mean release?\n",
        ),
        (
            ["frobnicate"],
            "error: there is no task frobnicate\n"
            "  help: release-tasks lists the tasks\n",
        ),
        (
            ["release", "--verison", "0.2.0"],
            "error: release has no option --verison\n"
            "  help: did you mean --version?\n",
        ),
        (
            ["settings", "--frobnicate"],
            "error: settings has no option --frobnicate\n"
            "  help: release-tasks settings --help shows its options\n",
        ),
    ],
)
def test_an_unknown_word_gets_a_suggestion(
    tmp_path: Path, words: list[str], said: str
) -> None:
    commit_files(tmp_path, CRATE)
    done = run("release_tasks", tmp_path, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == said
