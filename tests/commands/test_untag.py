"""`inv untag` deletes an accidental tag of any form, here and on origin."""

from __future__ import annotations

import json
import subprocess

import pytest
from support.container_projects import push_image
from support.python_projects import sdist
from support.tiny_project import TINY, TinyProject, tiny_project

pytestmark = pytest.mark.tools("git", "gh")
FILE = "tiny_plain-0.2.0.tar.gz"


def tags(tiny: TinyProject) -> tuple[set[str], set[str]]:
    """Return the tags here, and those on origin."""
    lines = tiny.git("ls-remote", "--refs", "--tags", "origin").splitlines()
    there = {line.partition("refs/tags/")[2] for line in lines}
    return {*tiny.git("tag", "--list").split()}, there


def gh(*words: str) -> None:
    argv = ["gh", "release", *words, "--repo", "example/tiny"]
    subprocess.run(argv, check=True, capture_output=True)


def upload(tiny: TinyProject) -> None:
    tiny.upload(FILE, sdist("tiny-plain"))


@pytest.mark.statement("B2.31", "B3.29", "B4.49", "B5.40")
@pytest.mark.parametrize("pushed", [True, False])
def test_a_tag_goes_away_here_and_on_origin(
    tiny: TinyProject, pushed: bool
) -> None:
    tiny.tag("v0.1.0")
    tiny.tag("v0.2.0", push=pushed)
    if pushed:
        gh("create", "v0.2.0", "--draft", "--notes", "x")

    dry = tiny.inv("--dry", "untag", "--version", "0.2.0")
    assert "git tag --delete v0.2.0" in dry.stderr
    assert "v0.2.0" in tags(tiny)[0]
    done = tiny.inv("untag", "--version", "0.2.0")
    again = tiny.inv("untag", "--version", "0.2.0")

    assert (done.returncode, again.returncode) == (0, 0), done.stderr
    assert tags(tiny) == ({"v0.1.0"}, {"v0.1.0"})
    assert tiny.registries.github.releases("example", "tiny") == []
    assert "deleted v0.2.0, here and on origin" in done.stderr
    assert "nothing to do, there is no tag v0.2.0" in again.stderr


@pytest.mark.sample(4)
@pytest.mark.statement("B2.31")
@pytest.mark.parametrize("name", ["0.2.0", "v0.2", "nightly", "tiny-v9.9.9"])
def test_a_strange_tag_goes_away_too(tiny: TinyProject, name: str) -> None:
    tiny.tag("v0.1.0")
    tiny.tag(name)
    done = tiny.inv("untag", "--tag", name)
    assert done.returncode == 0, done.stderr
    assert tags(tiny) == ({"v0.1.0"}, {"v0.1.0"})


def test_a_strange_tag_of_a_released_version_goes_away(
    tiny: TinyProject,
) -> None:
    tiny.tag("v0.2.0")
    upload(tiny)
    tiny.tag("0.2.0")
    done = tiny.inv("untag", "--tag", "0.2.0")
    assert done.returncode == 0, done.stderr
    assert tags(tiny) == ({"v0.2.0"}, {"v0.2.0"})


@pytest.mark.statement("B1.42", "B2.32", "B4.42")
def test_a_tag_of_which_something_is_public_stays(tiny: TinyProject) -> None:
    tiny.tag("v0.2.0")
    upload(tiny)
    done = tiny.inv("untag", "--version", "0.2.0")
    assert (done.returncode, tags(tiny)) == (1, ({"v0.2.0"}, {"v0.2.0"}))
    assert f"v0.2.0 stays, something of it is public: {FILE} on PyPI" in (
        done.stderr
    )
    assert "inv untag --version 0.2.0 --leave-public" in done.stderr


@pytest.mark.parametrize("name", ["0.2.0", "nightly"])
def test_a_strange_tag_with_a_public_release_stays(
    tiny: TinyProject, name: str
) -> None:
    tiny.tag("v0.1.0")
    tiny.tag(name)
    gh("create", name, "--notes", "x")
    done = tiny.inv("untag", "--tag", name)
    assert (done.returncode, tags(tiny)[1]) == (1, {"v0.1.0", name})
    assert f"something of it is public: {name} on GitHub" in done.stderr
    assert f"inv untag --tag {name} --leave-public" in done.stderr


def test_a_strange_tag_from_which_a_package_came_stays(
    tiny: TinyProject,
) -> None:
    tiny.tag("0.2.0")
    upload(tiny)
    done = tiny.inv("untag", "--tag", "0.2.0")
    assert (done.returncode, tags(tiny)) == (1, ({"0.2.0"}, {"0.2.0"}))
    assert f"{FILE} on PyPI" in done.stderr


@pytest.mark.long
@pytest.mark.statement("B3.29")
def test_what_stays_public_is_listed(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = '[images."ghcr.io/example/hello"]\nplatforms = ["linux/amd64"]\n'
    files = TINY | {
        "Dockerfile": "FROM scratch\n",
        "release-tasks.toml": settings,
    }
    with tiny_project(tmp_path, monkeypatch, files) as tiny:
        tiny.tag("v0.2.0")
        push_image(tiny.registries, "0.2.0", {})
        words = ("untag", "--version", "0.2.0", "--leave-public")
        done = tiny.inv(*words, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == {
            "tags": ["v0.2.0"],
            "deleted": ["v0.2.0"],
            "public": ["ghcr.io/example/hello on images"],
        }
        assert tags(tiny) == (set(), set())
        again = tiny.inv(*words)
        assert "still public: ghcr.io/example/hello on images" in again.stderr


@pytest.mark.long
def test_a_tag_that_was_promoted_stays(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = TINY | {
        "pyproject.toml": '[project]\nname = "tiny"\nversion = "0.1.0"\n',
        "release-tasks.toml": '[project]\nversion = "tag"\n'
        '[github]\nrelease = "promote"\n',
    }
    with tiny_project(tmp_path, monkeypatch, files) as proxy:
        proxy.tag("v1.0.0")
        promoted = proxy.inv("promote", "--version", "1.0.0")
        assert promoted.returncode == 0, promoted.stderr
        for words in (
            ("untag", "--version", "1.0.0"),
            ("retag", "--version", "1.0.0"),
        ):
            proxy.commit(f"{words[0]}.txt")
            done = proxy.inv(*words)
            assert done.returncode == 1
            assert "public: v1.0.0-stable on GitHub" in done.stderr
        back = proxy.inv("rollback", "--version", "1.0.0", "--yes")
        assert back.returncode == 0, back.stderr
        assert tags(proxy)[1] == {"v1.0.0", "v1.0.0-stable"}


def test_two_names_for_one_tag_are_refused(tiny: TinyProject) -> None:
    done = tiny.inv("untag", "--tag", "v0.2.0", "--version", "0.2.0")
    assert (done.returncode, "the same thing" in done.stderr) == (1, True)
