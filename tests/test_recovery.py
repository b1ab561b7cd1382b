"""From each broken situation of the runbooks to a finished release, by what the tool says alone.

The other situations are beside their step: crates of which half are uploaded in
channels/test_crates_io.py, wheels of which one is missing in steps/test_publish_pypi.py, a chart
that fails after its image in test_half_published.py, two workflows on one tag in
checks/preflight/test_fixes.py.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.python_projects import wheel
from support.tiny_project import TINY, TinyProject, tiny_project

pytestmark = [pytest.mark.slow, pytest.mark.tools("git", "gh")]
# it ships nothing but the GitHub release of a tag
PROJECT = TINY | {
    "pyproject.toml": '[project]\nname = "tiny"\nversion = "0.1.0"\n',
    "release-tasks.toml": "[gates]\nminor = []\npatch = []\n",
}
Done = subprocess.CompletedProcess[str]


@pytest.fixture
def tiny(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    with tiny_project(tmp_path, monkeypatch, PROJECT) as made:
        made.tag("v0.1.0")
        made.release_by_hand("v0.1.0")
        made.commit("more.txt")
        yield made


def release(tiny: TinyProject, version: str = "0.2.0") -> Done:
    return tiny.inv("release", "--version", version)


def follow(tiny: TinyProject, stopped: Done) -> None:
    """Type the commands of the first help that a stopped command has printed."""
    assert stopped.returncode == 1, stopped.stderr
    found = re.search(r"^ +help: (.*)$", stopped.stderr, re.M)
    assert found is not None, stopped.stderr
    commands = re.findall(r"(?:^|: |; |, )(inv [^;,]+)", found[1])
    assert commands, found[1]
    words = shlex.split(commands[0])
    assert tiny.inv(*words[1:]).returncode == 0, commands[0]


def is_finished(tiny: TinyProject, version: str = "0.2.0") -> None:
    done = release(tiny, version)
    assert done.returncode == 0, done.stderr
    status = tiny.inv("status", "--version", version)
    assert status.returncode == 0, status.stdout


def bumped_by_hand(tiny: TinyProject) -> None:
    assert tiny.inv("bump", "--version", "0.2.0").returncode == 0
    tiny.git("commit", "--quiet", "--all", "--message=Bump")
    tiny.git("push", "--quiet", "origin", "main")


@pytest.fixture
def package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    """The same with a manifest that has the version, and a package on PyPI."""
    with tiny_project(tmp_path, monkeypatch, TINY) as made:
        yield made


def test_a_tag_on_the_commit_before_the_bump(package: TinyProject) -> None:
    package.tag("v0.2.0")
    stopped = package.inv("push", "--version", "0.2.0")
    assert "of tiny-plain has 0.1.0, expected 0.2.0" in stopped.stderr
    follow(package, stopped)
    done = package.inv("push", "--version", "0.2.0")
    assert done.returncode == 0, done.stderr
    at_tag = package.git("show", "v0.2.0:pyproject.toml")
    assert 'version = "0.2.0"' in at_tag


@pytest.mark.long
def test_a_tag_on_a_commit_that_is_on_no_branch(tiny: TinyProject) -> None:
    bumped_by_hand(tiny)
    tiny.git("switch", "--quiet", "--create", "side")
    tiny.commit("side.txt")
    tiny.git("tag", "--annotate", "--message=x", "v0.2.0")
    tiny.git("push", "--quiet", "origin", "v0.2.0")
    tiny.git("switch", "--quiet", "main")
    stopped = release(tiny)
    assert "which is on no branch of origin" in stopped.stderr
    follow(tiny, stopped)
    is_finished(tiny)
    assert tiny.git("rev-list", "-1", "v0.2.0").strip() == tiny.head()


@pytest.mark.statement("B2.31", "B2.36")
def test_a_tag_without_its_v(tiny: TinyProject) -> None:
    bumped_by_hand(tiny)
    tiny.tag("0.2.0")
    stopped = tiny.inv("tag", "--parse", "0.2.0")
    assert "the form of its tags is v{version}" in stopped.stderr
    follow(tiny, stopped)
    is_finished(tiny)
    lines = tiny.git("ls-remote", "--refs", "--tags", "origin").splitlines()
    names = {line.rpartition("/")[2] for line in lines}
    assert names == {"v0.1.0", "v0.2.0"}


def test_a_release_that_somebody_makes_by_hand_in_between(
    tiny: TinyProject,
) -> None:
    for step in ("bump", "tag"):
        assert tiny.inv(step, "--version", "0.2.0").returncode == 0
    tiny.git("push", "--quiet", "origin", "main", "v0.2.0")
    tiny.release_by_hand("v0.2.0", "By hand.")
    is_finished(tiny)


@pytest.mark.long
def test_a_secret_that_is_missing(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.delenv("GH_TOKEN")
        stopped = release(tiny)
    assert stopped.returncode == 1
    assert "set GH_TOKEN" in stopped.stderr
    is_finished(tiny)


def test_a_version_that_is_there_already(package: TinyProject) -> None:
    name = "tiny_plain-0.2.0-py3-none-any.whl"
    package.upload(name, wheel("tiny-plain"))
    words = ("check", "--fast", "--new", "all", "--version")
    stopped = package.inv(*words, "0.2.0")
    assert stopped.returncode == 1
    assert "0.2.0 is already on PyPI, but has no tag" in stopped.stderr
    assert "help: choose a version after 0.2.0" in stopped.stderr
    done = package.inv(*words, "0.2.1")
    assert done.returncode == 0, done.stderr


@pytest.mark.long
def test_a_version_that_was_taken_back(tiny: TinyProject) -> None:
    is_finished(tiny)
    taken = ("rollback", "--version", "0.2.0", "--yes")
    assert tiny.inv(*taken).returncode == 0
    stopped = release(tiny)
    assert stopped.returncode == 1
    assert "v0.2.0 on GitHub is yanked" in stopped.stderr
    assert "with `inv rollback --undo`, or choose a version after 0.2.0" in (
        stopped.stderr
    )
    log = tiny.root / "CHANGELOG.md"
    text = log.read_text().replace(
        "[Unreleased]\n", "[Unreleased]\n\n- Less.\n"
    )
    tiny.commit("CHANGELOG.md", text)
    is_finished(tiny, "0.2.1")
    undone = tiny.inv("rollback", "--undo", "--version", "0.2.0", "--yes")
    assert undone.returncode == 0, undone.stderr
    is_finished(tiny)
