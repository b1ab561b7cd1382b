"""Version words count from the last finished release, so that the same line resumes."""

from __future__ import annotations

import subprocess

import pytest
from support.contexts import context
from support.tiny_project import TinyProject

from release_tasks.errors import ReleaseError
from release_tasks.project.version_levels import resolve
from release_tasks.steps.bump import bump
from release_tasks.steps.tag import tag

pytestmark = pytest.mark.tools("gh")


def finish(tiny: TinyProject, name: str) -> None:
    tiny.tag(name)
    publish(name)


def carry(tiny: TinyProject, word: str, meant: str) -> None:
    """Go through bump and tag to the push; after each the word means the same."""
    assert resolve(word, None) == meant
    bump(context(), version=word)
    assert resolve(word, None) == meant
    tag(context(), version=meant)
    assert resolve(word, None) == meant
    tiny.git("push", "--quiet", "origin", "main", f"v{meant}")


def publish(name: str) -> None:
    subprocess.run(
        [
            "gh",
            "release",
            "create",
            name,
            "--notes",
            "",
            "--repo",
            "example/tiny",
        ],
        check=True,
        capture_output=True,
    )


def test_a_version_means_itself(tiny: TinyProject) -> None:
    assert resolve("0.7.0", None) == "0.7.0"


def test_before_the_first_release_words_count_from_the_manifests(
    tiny: TinyProject,
) -> None:
    assert resolve("minor", None) == "0.2.0"


def test_the_same_word_goes_on_after_every_interruption(
    tiny: TinyProject,
) -> None:
    finish(tiny, "v0.1.0")
    tiny.commit("more.txt")
    carry(tiny, "minor", "0.2.0")
    assert resolve("minor", None) == "0.2.0"
    publish("v0.2.0")
    assert resolve("minor", None) == "0.2.0"
    assert resolve("patch", None) == "0.2.0"  # nothing was committed since
    tiny.commit("even-more.txt")
    assert resolve("patch", None) == "0.2.1"
    assert resolve("minor", None) == "0.3.0"


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("before", "word", "meant"),
    [
        ("0.1.0", "major", "1.0.0"),
        ("0.1.0", "minor", "0.2.0"),
        ("0.1.0", "patch", "0.1.1"),
        ("0.1.0", "prerelease", "0.1.1-rc.1"),
        ("0.1.0", "alpha", "0.1.1-alpha.1"),
        ("0.2.0-alpha.1", "beta", "0.2.0-beta.1"),
        ("0.2.0-beta.2", "rc", "0.2.0-rc.1"),
        ("0.2.0-rc.1", "prerelease", "0.2.0-rc.2"),
        ("0.2.0-rc.2", "release", "0.2.0"),
        ("0.2.0-rc.2", "minor", "0.2.0"),
        ("0.1.1-rc.2", "patch", "0.1.1"),
    ],
)
@pytest.mark.statement("B2.24")
def test_every_word_resumes_until_its_release_is_done(
    tiny: TinyProject, before: str, word: str, meant: str
) -> None:
    finish(tiny, f"v{before}")
    tiny.commit("more.txt")
    carry(tiny, word, meant)
    assert resolve(word, None) == meant
    publish(f"v{meant}")
    assert resolve(word, None) == meant


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("minor", "0.2.0"),
        ("major", "1.0.0"),
        ("patch", "0.1.1"),
        ("rc", "0.1.1-rc.1"),
    ],
)
def test_the_first_release_resumes_by_its_word_too(
    tiny: TinyProject, word: str, meant: str
) -> None:
    carry(tiny, word, meant)
    tiny.git("tag", "--delete", f"v{meant}")
    assert resolve(word, None) == meant
    publish(f"v{meant}")
    assert resolve(word, None) == meant
    tiny.commit("more.txt")
    assert resolve(word, None) != meant


def test_tags_that_were_never_github_releases_count(tiny: TinyProject) -> None:
    tiny.tag("v0.3.0")
    tiny.tag("v0.3.1")
    assert resolve("patch", None) == "0.3.2"


def test_levels_count_from_manifests_that_are_further_than_the_tags(
    tiny: TinyProject,
) -> None:
    tiny.tag("v0.0.1")
    tiny.tag("v0.0.2")
    tiny.commit("more.txt")
    # the manifests have 0.1.0
    assert resolve("patch", None) == "0.1.1"
    publish("v0.0.1")
    assert resolve("patch", None) == "0.1.1"
    assert resolve("minor", None) == "0.1.0"
    assert resolve("major", None) == "1.0.0"


@pytest.mark.parametrize(
    ("version", "word", "meant"),
    [
        ("0.1.0", "patch", "0.1.1"),
        ("0.2.0a1", "patch", "0.2.0"),
        ("0.2.0a1", "alpha", "0.2.0-alpha.2"),
        ("0.2.0.dev", "patch", "0.2.0"),
        ("0.2.0.dev3", "minor", "0.2.0"),
        ("0.2.0.dev3", "major", "1.0.0"),
        ("0.2.0.dev3", "beta", "0.2.0-beta.1"),
        ("0.2.0.dev3", "prerelease", "0.2.0-rc.1"),
        ("0.2.0", "rc", "0.2.1-rc.1"),
        # SemVer has no such version to count from
        ("0.2.0.post1", "patch", "0.0.2"),
        ("1!0.2.0", "patch", "0.0.2"),
    ],
)
@pytest.mark.sample(3)
def test_levels_do_not_go_below_what_the_manifests_stand_for(
    tiny: TinyProject, version: str, word: str, meant: str
) -> None:
    finish(tiny, "v0.0.1")
    text = (tiny.root / "pyproject.toml").read_text()
    tiny.commit("more.txt")
    tiny.commit(
        "pyproject.toml", text.replace('"0.1.0"', f'"{version}"') + "\n"
    )
    assert resolve(word, None) == meant


def test_on_a_maintenance_branch_words_count_from_its_own_last_release(
    tiny: TinyProject,
) -> None:
    finish(tiny, "v1.2.8")
    tiny.git("branch", "1.2")
    tiny.commit("more.txt")
    finish(tiny, "v1.3.0")
    tiny.commit("still-more.txt")
    assert resolve("patch", None) == "1.3.1"
    tiny.git("switch", "--quiet", "1.2")
    tiny.commit("fix.txt")
    assert resolve("patch", None) == "1.2.9"
    with pytest.raises(
        ReleaseError,
        match=r"1\.3\.0, the minor version after 1\.2\.8, is public, "
        "but its commit is not in HEAD's history",
    ):
        resolve("minor", None)


def test_a_shallow_clone_cannot_tell_what_words_count_from(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(tiny, "v0.1.0")
    tiny.commit("more.txt")
    tiny.git("push", "--quiet", "origin", "main")
    monkeypatch.chdir(tiny.clone("--depth=1"))
    with pytest.raises(ReleaseError, match="shallow"):
        resolve("minor", None)
    assert resolve("0.2.0", None) == "0.2.0"


def test_without_an_origin_words_count_from_the_tags_here(
    tiny: TinyProject,
) -> None:
    tiny.git("remote", "remove", "origin")
    tiny.tag("v0.4.0", push=False)
    tiny.commit("more.txt")
    assert resolve("minor", None) == "0.5.0"


def test_each_component_counts_for_itself(two: TinyProject) -> None:
    assert resolve("core=0.5.0,other=minor", None) == "core=0.5.0,other=0.5.0"
    assert resolve("patch", "other") == "0.4.1"
    with pytest.raises(ReleaseError, match="several components"):
        resolve("minor", None)


def test_a_tag_is_refused_while_a_file_has_the_old_version(
    tiny: TinyProject,
) -> None:
    with pytest.raises(
        ReleaseError, match=r"does not have the version of tiny 0\.2\.0"
    ) as reported:
        tag(context(), version="0.2.0")
    assert reported.value.fix == "inv bump --version 0.2.0"
    assert tiny.git("tag") == ""


def test_an_interrupted_bump_is_finished_on_another_day(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767323045")
    bump(context(), version="0.2.0")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767523045")
    bump(context(), version="0.2.0")
    tag(context(), version="0.2.0")
    assert "## [0.2.0] - 2026-01-02" in tiny.git("show", "v0.2.0:CHANGELOG.md")
    assert tiny.git("status", "--porcelain") == ""
