"""Version words count from the last finished release, so that the same line resumes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from place import TINY, TWO, Place, context, place

from release_tasks.errors import ReleaseError
from release_tasks.project.words import resolve
from release_tasks.steps.bump import bump
from release_tasks.steps.tag import tag

pytestmark = pytest.mark.tools("gh")


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with place(tmp_path, monkeypatch, TINY) as made:
        yield made


def finish(tiny: Place, name: str) -> None:
    tiny.tag(name)
    subprocess.run(["gh", "release", "create", name, "--notes", "", "--repo", "example/tiny"], check=True, capture_output=True)


def test_a_version_means_itself(tiny: Place) -> None:
    assert resolve("0.7.0", None) == "0.7.0"


def test_before_the_first_release_words_count_from_the_manifests(tiny: Place) -> None:
    assert resolve("minor", None) == "0.2.0"


def test_the_same_word_goes_on_after_every_interruption(tiny: Place) -> None:
    finish(tiny, "v0.1.0")
    tiny.commit("more.txt")
    assert resolve("minor", None) == "0.2.0"
    bump(context(), version="minor")
    assert resolve("minor", None) == "0.2.0"
    tag(context(), version="0.2.0")
    assert resolve("minor", None) == "0.2.0"
    tiny.git("push", "--quiet", "origin", "main", "v0.2.0")
    assert resolve("minor", None) == "0.2.0"
    subprocess.run(["gh", "release", "create", "v0.2.0", "--notes", "", "--repo", "example/tiny"], check=True, capture_output=True)
    assert resolve("minor", None) == "0.2.0"
    assert resolve("patch", None) == "0.2.1"
    tiny.commit("even-more.txt")
    assert resolve("minor", None) == "0.3.0"


def test_each_component_counts_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with place(tmp_path, monkeypatch, TWO):
        assert resolve("core=0.5.0,other=minor", None) == "core=0.5.0,other=0.5.0"
        assert resolve("patch", "other") == "0.4.1"
        with pytest.raises(ReleaseError, match="several components"):
            resolve("minor", None)


def test_a_tag_is_refused_while_a_file_has_the_old_version(tiny: Place) -> None:
    with pytest.raises(ReleaseError, match=r"does not carry tiny 0\.2\.0") as told:
        tag(context(), version="0.2.0")
    assert told.value.fix == "inv bump --version 0.2.0"
    assert tiny.git("tag") == ""


def test_an_interrupted_bump_is_finished_on_another_day(tiny: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767323045")
    bump(context(), version="0.2.0")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767523045")
    bump(context(), version="0.2.0")
    tag(context(), version="0.2.0")
    assert "## [0.2.0] - 2026-01-02" in tiny.git("show", "v0.2.0:CHANGELOG.md")
    assert tiny.git("status", "--porcelain") == ""
