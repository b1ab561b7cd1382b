"""A public tag moves only while nothing else is public; a promotion names the same commit again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from place import TINY, Place, context, place
from python_projects import wheel

from release_tasks.tools import twine

pytestmark = pytest.mark.tools("git", "gh")
PROXY = (
    '[project]\nversion = "tag"\nprerelease = "refuse"\n'
    '[github]\nrelease = "promote"\ntitle = "Release {tag}"\nnotes = "generated"\nlatest = false\n'
)
PROJECT = TINY | {"pyproject.toml": '[project]\nname = "tiny"\nversion = "0.1.0"\n'}  # it ships nothing but a tag


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with place(tmp_path, monkeypatch, TINY) as made:
        yield made


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with place(tmp_path, monkeypatch, PROJECT | {"release-tasks.toml": PROXY}) as made:
        yield made


def inv(tiny: Place, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "invoke", *words], cwd=tiny.root, capture_output=True, text=True, check=False)


def on_origin(tiny: Place) -> dict[str, str]:
    lines = tiny.git("ls-remote", "--tags", "origin").splitlines()
    found = {name.removeprefix("refs/tags/"): commit for commit, name in (line.split("\t") for line in lines)}
    return {name: found.get(f"{name}^{{}}", commit) for name, commit in found.items() if not name.endswith("^{}")}


def released(tiny: Place, version: str = "0.2.0") -> None:
    for step in ("bump", "tag", "push", "gh-draft"):
        done = inv(tiny, step, "--version", version)
        assert done.returncode == 0, done.stderr


@pytest.mark.statement("B1.41", "B4.11", "B5.40")
def test_a_tag_with_nothing_public_moves_to_head_and_its_draft_goes(tiny: Place) -> None:
    released(tiny)
    old = on_origin(tiny)["v0.2.0"]
    tiny.commit("fix.txt")
    dry = inv(tiny, "--dry", "retag", "--version", "0.2.0")
    assert (dry.returncode, on_origin(tiny)["v0.2.0"]) == (0, old), dry.stderr
    assert "git push --quiet --atomic origin :refs/tags/v0.2.0" in dry.stderr
    done = inv(tiny, "retag", "--version", "0.2.0")
    assert done.returncode == 0, done.stderr
    assert on_origin(tiny) == {"v0.2.0": tiny.head()}
    assert tiny.git("ls-remote", "origin", "refs/heads/main").split()[0] == tiny.head() != old
    assert tiny.running.github.releases("example", "tiny") == []
    assert inv(tiny, "gh-draft", "--version", "0.2.0").returncode == 0
    again = inv(tiny, "retag", "--version", "0.2.0")
    assert (again.returncode, "nothing to do, v0.2.0 is at" in again.stderr) == (0, True)


@pytest.mark.statement("B1.41")
def test_a_tag_that_was_made_before_the_bump_moves_to_the_bumped_commit(tiny: Place) -> None:
    tiny.tag("v0.2.0")
    assert inv(tiny, "retag", "--version", "0.2.0").returncode == 0
    assert on_origin(tiny) == {"v0.2.0": tiny.head()}
    assert 'version = "0.2.0"' in tiny.git("show", "v0.2.0:pyproject.toml")


@pytest.mark.statement("B1.42", "B2.32", "B4.42", "B5.40")
def test_a_tag_of_which_anything_is_public_stays(tiny: Place) -> None:
    released(tiny)
    before = on_origin(tiny)
    subprocess.run(["gh", "release", "edit", "v0.2.0", "--draft=false", "--repo", "example/tiny"], check=True, capture_output=True)
    tiny.commit("fix.txt")
    done = inv(tiny, "retag", "--version", "0.2.0")
    assert (done.returncode, on_origin(tiny)) == (1, before)
    assert "v0.2.0 cannot move, this is public: v0.2.0 on GitHub\n" in done.stderr
    assert "fix: inv release --version 0.2.1; crates.io and PyPI delete no version, they can only yank it\n" in done.stderr


@pytest.mark.statement("B1.42", "B4.42")
def test_a_file_on_pypi_keeps_the_tag(tiny: Place) -> None:
    released(tiny)
    path = tiny.folder / "tiny_plain-0.2.0-py3-none-any.whl"
    path.write_bytes(wheel("tiny-plain"))
    twine.upload(context(), [path], "NO_SUCH_TOKEN")
    tiny.commit("fix.txt")
    before = on_origin(tiny)
    done = inv(tiny, "retag", "--version", "0.2.0")
    assert (done.returncode, on_origin(tiny)) == (1, before)
    assert "v0.2.0 cannot move, this is public: tiny_plain-0.2.0-py3-none-any.whl on PyPI" in done.stderr
    assert [row["draft"] for row in tiny.running.github.releases("example", "tiny")] == [True]


def test_a_dirty_tree_is_not_tagged(tiny: Place) -> None:
    released(tiny)
    before = on_origin(tiny)
    (tiny.root / "scribble.txt").write_text("mine\n")
    done = inv(tiny, "retag", "--version", "0.2.0")
    assert (done.returncode, on_origin(tiny)) == (1, before)
    assert "the tree has changes that are not committed: scribble.txt" in done.stderr


@pytest.mark.statement("B3.4", "B3.23", "B3.34", "B3.36")
def test_a_promotion_is_a_second_tag_on_the_commit_and_the_only_release(proxy: Place) -> None:
    released(proxy, "1.0.0")
    commit = proxy.head()
    assert proxy.git("log", "--format=%s").splitlines()[0] != "release: tiny v1.0.0"
    for step in ("gh-draft", "gh-release"):
        assert "nothing to do, only `inv promote` makes a GitHub release" in inv(proxy, step, "--version", "1.0.0").stderr
    assert proxy.running.github.releases("example", "tiny") == []
    proxy.commit("later.txt")
    for _ in range(2):
        done = inv(proxy, "promote", "--version", "1.0.0")
        assert done.returncode == 0, done.stderr
    assert on_origin(proxy) == {"v1.0.0": commit, "v1.0.0-stable": commit}
    [page] = proxy.running.github.releases("example", "tiny")
    assert (page["tag"], page["name"], page["draft"], page["prerelease"]) == ("v1.0.0-stable", "Release v1.0.0-stable", False, False)
    assert str(page["body"]).strip() == "**Full Changelog**: https://github.com/example/tiny/commits/v1.0.0-stable"
    assert "nothing to do, v1.0.0-stable is public" in done.stderr
    assert inv(proxy, "status", "--version", "1.0.0").returncode == 0
    assert inv(proxy, "tag", "--parse", "v1.0.0-stable").stdout.endswith('"version": "1.0.0", "promotion": true}\n')


def test_what_is_not_finished_is_not_promoted(proxy: Place) -> None:
    assert "is not finished: v1.0.0 on git" in inv(proxy, "promote", "--version", "1.0.0").stderr


def test_without_the_setting_there_is_nothing_to_promote(tiny: Place) -> None:
    done = inv(tiny, "promote", "--version", "0.1.0")
    assert (done.returncode, 'release = "promote"' in done.stderr) == (1, True)


@pytest.mark.statement("B3.34")
def test_a_promotion_of_another_commit_is_refused(proxy: Place) -> None:
    released(proxy, "1.0.0")
    proxy.commit("later.txt")
    proxy.git("push", "--quiet", "origin", "HEAD:refs/tags/v1.0.0-stable")
    done = inv(proxy, "promote", "--version", "1.0.0")
    assert (done.returncode, "v1.0.0-stable is at" in done.stderr) == (1, True)
