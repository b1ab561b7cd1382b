"""The bump step when it is killed, interrupted, or merged by a pull request."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.tiny_project import TINY, TinyProject, tiny_project

pytestmark = pytest.mark.tools("git", "gh")
REQUEST = "core=0.2.0,other=0.5.0"
KILLED = """
import os, signal, sys
from invoke.main import program
call, count = getattr(os, sys.argv[1]), int(sys.argv[2])
def kill(*given):
    global count
    count -= 1
    if count == 0:
        os.kill(os.getpid(), int(sys.argv[4]))
    return call(*given)
setattr(os, sys.argv[1], kill)
program.run(["inv", "bump", "--version", sys.argv[3]])
"""
STARTED = """
import sys
started = []
def hook(event, args):
    if event == "subprocess.Popen":
        started.append(" ".join(args[1][:2]))
sys.addaudithook(hook)
from invoke.main import program
program.run(["inv", "bump", "--version", sys.argv[1]], exit=False)
print(started.count("git status"), started.count("git ls-remote"))
"""
# it ships nothing but a tag
MERGED = TINY | {
    "pyproject.toml": '[project]\nname = "tiny"\nversion = "0.1.0"\n'
}


@pytest.fixture
def merged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    with tiny_project(tmp_path, monkeypatch, MERGED) as made:
        yield made


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


def contents(root: Path) -> dict[str, bytes]:
    files = (
        path
        for path in root.rglob("*")
        if path.is_file()
        and not path.relative_to(root).parts[0].startswith((".git", "__py"))
    )
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in files
    }


@pytest.mark.sample(5)
@pytest.mark.parametrize(
    ("call", "count"),
    [
        ("fchmod", 1),
        ("fchmod", 3),
        ("replace", 1),
        ("replace", 2),
        ("replace", 3),
    ],
)
def test_a_killed_bump_leaves_complete_files_and_the_next_bump_finishes(
    two: TinyProject, call: str, count: int
) -> None:
    old = contents(two.root)
    assert (
        run(two.root, "-c", KILLED, call, str(count), REQUEST, "9").returncode
        == -9
    )
    after = contents(two.root)
    left = sorted(path for path in after if path not in old)
    assert left  # the test kills in the middle
    mixed = {path: after[path] for path in old}
    assert two.inv("bump", "--version", REQUEST).returncode == 0
    new = contents(two.root)
    assert all(mixed[path] in (old[path], new[path]) for path in old)
    assert new.keys() == old.keys()
    assert sum(new[path] != old[path] for path in old) == 3
    assert two.inv("tag", "--version", REQUEST).returncode == 0
    assert two.git("status", "--porcelain") == ""


@pytest.mark.sample(4)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("call", "count"),
    [("fchmod", 2), ("replace", 1), ("replace", 2), ("replace", 3)],
)
def test_an_interrupted_bump_leaves_the_old_files(
    two: TinyProject, call: str, count: int, how: int
) -> None:
    old = contents(two.root)
    ended = run(
        two.root, "-c", KILLED, call, str(count), REQUEST, str(int(how))
    )
    assert ended.returncode == 130, ended.stderr
    assert f"run `inv bump --version {REQUEST}` to resume" in ended.stderr
    assert contents(two.root) == old


def test_a_bump_runs_git_status_once_and_ls_remote_once(
    two: TinyProject,
) -> None:
    assert run(two.root, "-c", STARTED, REQUEST).stdout.split() == ["1", "1"]
    assert '"0.2.0"' in (two.root / "pyproject.toml").read_text()


@pytest.mark.sample(3)
@pytest.mark.parametrize("how", ["--squash", "--no-ff", "--ff-only"])
def test_a_bump_merged_by_a_pull_request_is_tagged_on_the_merged_commit(
    merged: TinyProject, how: str
) -> None:
    merged.git("switch", "--quiet", "-c", "release")
    assert merged.inv("bump", "--version", "0.2.0").returncode == 0
    merged.git("commit", "--quiet", "--all", "-m", "Bump")
    merged.git("push", "--quiet", "origin", "release")
    server = merged.clone()
    merged.git("merge", "--quiet", how, "origin/release", folder=server)
    if how == "--squash":
        merged.git(
            "commit", "--quiet", "-m", "Bump to 0.2.0 (#7)", folder=server
        )
    merged.git("push", "--quiet", "origin", "main", folder=server)
    landed = merged.git("rev-parse", "HEAD", folder=server).strip()
    merged.git("switch", "--quiet", "main")
    merged.git("pull", "--quiet", "--ff-only", "origin", "main")

    done = merged.inv("release", "--version", "0.2.0", "--new", "all")

    assert done.returncode == 0, done.stderr
    assert "bump: nothing to do, every file has version" in done.stderr
    assert "main on origin already has the commit" in done.stderr
    assert (
        merged.git("rev-parse", "v0.2.0^{commit}").strip()
        == landed
        == merged.git("rev-parse", "HEAD").strip()
    )
    assert (
        merged.git("ls-remote", "origin", "refs/tags/v0.2.0^{}").split()[0]
        == landed
    )
    assert [
        (row["tag"], row["draft"])
        for row in merged.registries.github.releases("example", "tiny")
    ] == [("v0.2.0", False)]


@pytest.mark.statement("B4.57")
def test_a_hotfix_branch_from_the_last_tag_is_released_from_main(
    merged: TinyProject,
) -> None:
    merged.tag("v0.1.0")
    subprocess.run(
        [
            "gh",
            "release",
            "create",
            "v0.1.0",
            "--notes",
            "",
            "--repo",
            "example/tiny",
        ],
        check=True,
        capture_output=True,
    )
    merged.commit("feature.txt")
    merged.git("push", "--quiet", "origin", "main")
    merged.git("switch", "--quiet", "--create", "hotfix/v0.1.1", "v0.1.0")
    merged.commit("fix.txt")
    done = merged.inv("bump", "--version", "patch")
    assert "set version 0.1.1 in" in done.stderr, done.stderr
    merged.git("commit", "--quiet", "--all", "-m", "Bump")
    merged.git("switch", "--quiet", "main")
    merged.git(
        "merge", "--quiet", "--no-ff", "-m", "Merge the hotfix", "hotfix/v0.1.1"
    )
    landed = merged.head()

    released = merged.inv("release", "--version", "patch", "--new", "all")

    assert released.returncode == 0, released.stderr
    assert (
        merged.git("ls-remote", "origin", "refs/tags/v0.1.1^{}").split()[0]
        == landed
        == merged.head()
    )
    assert merged.git(
        "ls-tree", "--name-only", "v0.1.1", "fix.txt", "feature.txt"
    ).split() == [
        "feature.txt",
        "fix.txt",
    ]
    merged.git("branch", "--delete", "hotfix/v0.1.1")


@pytest.fixture
def tiny(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    with tiny_project(tmp_path, monkeypatch, TINY) as made:
        yield made


@pytest.mark.parametrize("request_", ["0.2.0", "minor"])
def test_a_bump_goes_by_the_tags_that_are_here_when_origin_cannot_be_read(
    tiny: TinyProject, request_: str
) -> None:
    tiny.tag("v0.1.0")
    tiny.commit("more.txt")
    tiny.git("remote", "set-url", "origin", str(tiny.folder / "nowhere.git"))
    done = tiny.inv("bump", "--version", request_)
    assert done.returncode == 0, done.stderr
    assert 'version = "0.2.0"' in (tiny.root / "pyproject.toml").read_text()
    lines = [line for line in done.stderr.splitlines() if "origin" in line]
    assert len(lines) == 1
    assert lines[0].startswith("the remote origin cannot be read: fatal: ")
    assert lines[0].endswith("; going by the tags that are here")
    done = tiny.inv("tag", "--version", "0.2.0")  # the tag may be on origin
    assert done.returncode == 1
    assert "the remote origin cannot be read" in done.stderr


def test_an_origin_that_cannot_be_read_is_not_one_without_tags(
    tiny: TinyProject,
) -> None:
    tiny.tag("v0.3.0")
    tiny.git("tag", "--delete", "v0.3.0")
    tiny.git("remote", "set-url", "origin", str(tiny.folder / "nowhere.git"))
    done = tiny.inv("bump", "--version", "minor")
    assert done.returncode == 1
    assert (
        "none of its tags is here, and the remote origin cannot be read\n"
        in done.stderr
    )
    assert tiny.git("status", "--short") == ""


def test_entries_announced_for_a_higher_version_stay_and_that_is_said(
    tiny: TinyProject,
) -> None:
    tiny.commit(
        "CHANGELOG.md", "# Changelog\n\n## 0.3.0 (unreleased)\n\n- New.\n"
    )
    done = tiny.inv("check", "--fast", "--version", "0.2.0", "--new", "all")
    assert "CHANGELOG.md has no entry for 0.2.0\n" in done.stderr
    done = tiny.inv("bump", "--version", "0.2.0")
    assert (
        "CHANGELOG.md has no entry for 0.2.0: what is new is in the section of 0.3.0, which stays\n"
    ) in done.stderr
    done = tiny.inv("notes", "--version", "0.2.0")
    assert (
        done.stderr
        == "the notes of v0.2.0 are empty: CHANGELOG.md has no entry for 0.2.0\n"
    )
