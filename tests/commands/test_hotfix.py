"""`inv hotfix` fixes an old version while main has moved on, with the real git and gh."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.tiny_project import PYPROJECT, TINY, TinyProject, tiny_project

pytestmark = [pytest.mark.tools("git", "gh"), pytest.mark.slow]
COMPARE = "https://github.com/example/tiny/compare"
LOG = f"""\
# Changelog

## [Unreleased]

## [0.1.0] - 2026-01-01

- All.

[unreleased]: {COMPARE}/v0.1.0...HEAD
[0.1.0]: https://github.com/example/tiny/releases/tag/v0.1.0
"""
NEWER = LOG.replace("## [0.1.0]", "## [0.2.0]\n\n- Brighter.\n\n## [0.1.0]")
NEWER = NEWER.replace("v0.1.0...HEAD", "v0.2.0...HEAD").replace(
    "\n[0.1.0]:", f"\n[0.2.0]: {COMPARE}/v0.1.0...v0.2.0\n[0.1.0]:"
)
MANIFEST = PYPROJECT.replace(
    'version = "0.1.0"\n',
    'version = "0.1.0"\nclassifiers = ["Private :: Do Not Upload"]\n',
)
FILES = TINY | {
    "pyproject.toml": MANIFEST,
    "CHANGELOG.md": LOG,
    "release-tasks.toml": '[project]\nbranch = "main"\n',
    ".gitignore": "__pycache__/\ndist/\n",
}
FROM = ("hotfix", "--from", "v0.1.0")
BRANCH = "hotfix/v0.1.1"


@pytest.fixture
def released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    """A project whose version 0.1.0 is released."""
    with tiny_project(tmp_path, monkeypatch, FILES) as tiny:
        publish(tiny, "v0.1.0")
        yield tiny


def publish(tiny: TinyProject, tag: str) -> None:
    """Release what is committed, as somebody does by hand."""
    tiny.tag(tag)
    tiny.release_by_hand(tag)


def ok(tiny: TinyProject, *words: str) -> subprocess.CompletedProcess[str]:
    done = tiny.inv(*words)
    assert done.returncode == 0, done.stderr
    return done


def note(tiny: TinyProject, line: str) -> None:
    """Write a line of the changelog and commit it."""
    log = (tiny.root / "CHANGELOG.md").read_text()
    heading = "## [Unreleased]\n\n"
    added = log.replace(heading, f"{heading}- {line}\n", 1)
    if f"{heading}##" in log:
        added = log.replace(heading, f"{heading}- {line}\n\n", 1)
    tiny.commit("CHANGELOG.md", added)


@dataclass
class State:
    """What a repository has: the branch checked out, and the branches and tags of origin."""

    branch: str
    branches: set[str]
    tags: set[str]


def state(tiny: TinyProject) -> State:
    branches, tags = set(), set()
    for line in tiny.git("ls-remote", "--refs", "origin").splitlines():
        name = line.partition("refs/")[2]
        if name.startswith("heads/"):
            branches.add(name.removeprefix("heads/"))
        elif name.startswith("tags/"):
            tags.add(name.removeprefix("tags/"))
    branch = tiny.git("branch", "--show-current").strip()
    return State(branch, branches, tags)


def file(tiny: TinyProject, name: str, ref: str = "HEAD") -> str:
    return tiny.git("show", f"{ref}:{name}")


@pytest.mark.statement("B4.57", "B4.58")
def test_an_old_version_is_fixed_while_main_has_a_newer_one(
    released: TinyProject,
) -> None:
    tiny = released
    (tiny.root / "pyproject.toml").write_text(
        MANIFEST.replace("0.1.0", "0.2.0")
    )
    tiny.git("add", "pyproject.toml")
    tiny.commit("CHANGELOG.md", NEWER)
    publish(tiny, "v0.2.0")
    note(tiny, "Unreleased on main.")
    tiny.git("push", "--quiet", "origin", "main")

    dry = ok(tiny, "--dry", *FROM)
    assert f"git switch --quiet --no-track --create {BRANCH} v0.1.0" in (
        dry.stderr
    )
    assert state(tiny).branch == "main"
    made = ok(tiny, *FROM)
    assert f"{BRANCH} is at v0.1.0: commit the fix there" in made.stderr
    assert state(tiny).branch == BRANCH
    empty = tiny.inv(*FROM)
    assert empty.returncode == 1
    assert f"{BRANCH} has no commit since v0.1.0" in empty.stderr

    tiny.commit("tiny_plain/__init__.py", "FIXED = True\n")
    note(tiny, "Dim it.")
    dry = ok(tiny, "--dry", "hotfix")
    assert f"git merge --quiet --no-ff --no-edit {BRANCH}" in dry.stderr
    assert state(tiny).tags == {"v0.1.0", "v0.2.0"}
    done = ok(tiny, "hotfix", "--json")  # the branch says which hotfix

    assert json.loads(done.stdout) == {
        "from": "v0.1.0",
        "component": "tiny",
        "version": "0.1.1",
        "tag": "v0.1.1",
        "branch": BRANCH,
        "into": "main",
        "state": "finished",
    }
    assert state(tiny) == State(
        "main", {"main"}, {"v0.1.0", "v0.1.1", "v0.2.0"}
    )
    subjects = tiny.git("log", "-1", "--format=%s %P").split()
    assert subjects[:3] == ["Merge", "branch", f"'{BRANCH}'"]
    merged = tiny.git("rev-parse", "v0.1.1^{commit}").strip()
    assert subjects[-1] == merged
    # main keeps its version, and has the fix and its section
    assert 'version = "0.2.0"' in file(tiny, "pyproject.toml")
    assert file(tiny, "tiny_plain/__init__.py") == "FIXED = True\n"
    log = file(tiny, "CHANGELOG.md")
    order = ["Unreleased]", "Unreleased on main.", "## [0.2.0]", "Brighter."]
    order += ["## [0.1.1]", "- Dim it.", "## [0.1.0]", "- All."]
    assert [log.index(one) for one in order] == sorted(map(log.index, order))
    assert [log.count(one) for one in order] == [1] * len(order)
    assert 'version = "0.1.1"' in file(tiny, "pyproject.toml", "v0.1.1")
    assert "Brighter" not in file(tiny, "CHANGELOG.md", "v0.1.1")
    links = log[log.index("[unreleased]:") :].splitlines()
    assert [line.partition(": ")[2] for line in links] == [
        f"{COMPARE}/v0.2.0...HEAD",
        f"{COMPARE}/v0.1.0...v0.2.0",
        f"{COMPARE}/v0.1.0...v0.1.1",
        "https://github.com/example/tiny/releases/tag/v0.1.0",
    ]
    assert "Latest" in _latest(tiny, "v0.2.0")

    before = len(tiny.registries.log.writes())
    again = ok(tiny, *FROM)
    assert "nothing to do, v0.1.1 is released and merged" in again.stderr
    assert len(tiny.registries.log.writes()) == before


def _latest(tiny: TinyProject, tag: str) -> str:
    argv = ["gh", "release", "list", "--repo", "example/tiny"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    [line] = [line for line in done.stdout.splitlines() if f"\t{tag}\t" in line]
    return line


@pytest.mark.long
@pytest.mark.statement("B4.57")
def test_a_merge_that_needs_a_person_goes_on_after_it(
    released: TinyProject,
) -> None:
    tiny = released
    tiny.commit("tiny_plain/__init__.py", "WORD = 'main'\n")
    tiny.git("push", "--quiet", "origin", "main")
    ok(tiny, *FROM)
    tiny.commit("tiny_plain/__init__.py", "WORD = 'fix'\n")
    note(tiny, "Dim it.")

    stopped = tiny.inv(*FROM)
    assert stopped.returncode == 1
    assert "released tiny 0.1.1" in stopped.stderr
    assert (
        f"both main and {BRANCH} changed tiny_plain/__init__.py"
        in stopped.stderr
    )
    again = tiny.inv(*FROM)
    assert again.returncode == 1
    assert (
        "edit what is between <<<<<<< and >>>>>>>, git add it" in again.stderr
    )
    assert "released tiny" not in again.stderr  # that is done
    (tiny.root / "tiny_plain/__init__.py").write_text("WORD = 'both'\n")
    tiny.git("add", "tiny_plain/__init__.py")

    ok(tiny, *FROM)
    assert state(tiny) == State("main", {"main"}, {"v0.1.0", "v0.1.1"})
    assert file(tiny, "tiny_plain/__init__.py") == "WORD = 'both'\n"
    # main had the version that was fixed
    assert 'version = "0.1.1"' in file(tiny, "pyproject.toml")
    assert "compare/v0.1.1...HEAD" in file(tiny, "CHANGELOG.md")


@pytest.mark.long
@pytest.mark.statement("B4.57")
def test_a_release_branch_that_refuses_the_merge_gets_a_pull_request(
    released: TinyProject,
) -> None:
    tiny = released
    tiny.commit("more.txt")
    tiny.git("push", "--quiet", "origin", "main")
    ok(tiny, *FROM)
    tiny.commit("tiny_plain/__init__.py", "FIXED = True\n")
    note(tiny, "Dim it.")
    bare = tiny.registries.github.repository("example", "tiny").path
    hook = bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\n! grep -q refs/heads/main\n")
    hook.chmod(0o755)

    refused = tiny.inv(*FROM)
    assert refused.returncode == 1
    assert f"gh pr create --base main --head {BRANCH} --fill" in refused.stderr
    assert state(tiny).branches == {"main", BRANCH}
    hook.unlink()
    # what GitHub does with the pull request
    clone = tiny.clone("--branch", "main")
    tiny.git("fetch", "-q", "origin", BRANCH, folder=clone)
    words = ("merge", "-q", "--no-ff", "-m", "Merge #1", "FETCH_HEAD")
    tiny.git(*words, folder=clone)
    tiny.git("push", "-q", "origin", "HEAD:main", folder=clone)

    done = ok(tiny, *FROM)
    assert "main on origin has v0.1.1" in done.stderr
    assert state(tiny).branches == {"main"}


REFUSED = [
    (("--from", "v0.9.0"), "there is no tag v0.9.0, here or on origin"),
    (("--from", "v0.2.0-rc.1"), "inv release --version prerelease"),
    (("--from", "core-1"), "core-1 is not a tag of this project"),
    ((), "main is not the branch of a hotfix"),
]


def test_what_cannot_begin_is_refused_before_anything_changes(
    tiny: TinyProject,
) -> None:
    tiny.tag("v0.1.0")
    for words, said in REFUSED:
        done = tiny.inv("hotfix", *words)
        assert (done.returncode, said in done.stderr) == (1, True), said
    (tiny.root / "tiny_plain/__init__.py").write_text("X = 1\n")
    changed = tiny.inv(*FROM)
    assert "uncommitted changes: tiny_plain/__init__.py" in changed.stderr
    tiny.git("restore", ".")
    tiny.git("rm", "--quiet", "tasks.py")
    tiny.git("commit", "--quiet", "--message=No tasks")
    tiny.tag("v0.1.5")
    tiny.commit("tasks.py", TINY["tasks.py"])
    absent = tiny.inv("hotfix", "--from", "v0.1.5")
    assert "v0.1.5 has no tasks.py, so no task runs" in absent.stderr
    # a patch that nobody made with this task
    tiny.tag("v0.1.1")
    tiny.git("push", "--quiet", "--force", "origin", "v0.1.0^{}:main")
    other = tiny.inv(*FROM, "--into", "main")
    assert "inv hotfix --from v0.1.1 fixes that version" in other.stderr
    assert state(tiny).branch == "main"
