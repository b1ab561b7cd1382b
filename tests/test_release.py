"""Which commit, which files and which versions a release is made from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.contexts import context
from support.tiny_project import LOG, TINY, TWO, TinyProject, tiny_project

from release_tasks.errors import ReleaseError
from release_tasks.memo import memoizing
from release_tasks.release import Release


def test_without_a_tag_the_checkout_itself_is_released(
    tiny: TinyProject,
) -> None:
    release = tiny.release("0.2.0")
    assert (release.source_tree, release.commit, release.is_tagged) == (
        tiny.root,
        tiny.head(),
        False,
    )
    assert release.title == "tiny 0.2.0"
    assert release.parts[0].dist == tiny.root / "dist" / "v0.2.0"


def test_a_level_is_a_version_in_every_task(tiny: TinyProject) -> None:
    tiny.tag("v0.2.0")
    tiny.commit("more.txt")
    # the release of the tag has begun, and is not on GitHub
    assert tiny.release("minor").title == "tiny 0.2.0"
    assert tiny.release("patch").title == "tiny 0.2.1"


def test_where_nothing_changes_a_release_is_looked_for_once(
    tiny: TinyProject,
) -> None:
    with memoizing():
        first = tiny.release("0.2.0")
        tiny.tag("v0.2.0")
        assert tiny.release("0.2.0") is first
        assert tiny.release("0.3.0") != first
    assert tiny.release("0.2.0").is_tagged


def test_a_local_tag_at_head_is_the_release(tiny: TinyProject) -> None:
    tiny.tag("v0.2.0", push=False)
    release = tiny.release("0.2.0")
    assert release.is_tagged
    assert release.source_tree == tiny.root


def test_a_local_tag_that_origin_lacks_moves_with_a_fixed_commit(
    tiny: TinyProject,
) -> None:
    tiny.tag("v0.2.0", push=False)
    fixed = tiny.commit("fix.txt")
    release = tiny.release("0.2.0")
    assert (release.commit, release.is_tagged) == (fixed, False)


@pytest.mark.parametrize("moved", ["head", "dirty"])
def test_a_public_tag_is_released_from_a_work_tree_of_its_commit(
    tiny: TinyProject, moved: str
) -> None:
    commit = tiny.head()
    tiny.tag("v0.2.0")
    if moved == "head":
        tiny.commit("more.txt")
    else:
        (tiny.root / "scribble.txt").write_text("not released\n")

    release = tiny.release("0.2.0")

    assert (release.commit, release.is_tagged, release.checkout) == (
        commit,
        True,
        tiny.root,
    )
    assert release.source_tree != tiny.root
    assert sorted(
        path.name
        for path in release.source_tree.iterdir()
        if path.name != ".git"
    ) == sorted({name.split("/")[0] for name in TINY})
    assert tiny.release("0.2.0").source_tree == release.source_tree


def test_a_project_is_called_the_same_in_every_folder_and_work_tree(
    tiny: TinyProject,
) -> None:
    elsewhere = tiny.folder / "elsewhere" / "shop.git"
    tiny.git("init", "--quiet", "--bare", str(elsewhere))
    tiny.git("remote", "set-url", "origin", str(elsewhere))
    tiny.tag("v0.2.0")
    tiny.commit("more.txt")
    assert tiny.release("0.2.0").title == "shop 0.2.0"


def test_a_tag_that_only_origin_has_is_fetched(tiny: TinyProject) -> None:
    commit = tiny.head()
    tiny.tag("v0.2.0")
    tiny.git("tag", "--delete", "v0.2.0")
    tiny.commit("more.txt")
    assert tiny.release("0.2.0").commit == commit
    assert tiny.git("tag").strip() == "v0.2.0"


def test_a_dry_run_looks_at_the_tag_on_origin_and_makes_none_here(
    tiny: TinyProject,
) -> None:
    commit = tiny.head()
    tiny.tag("v0.2.0")
    tiny.git("tag", "--delete", "v0.2.0")
    tiny.commit("more.txt")
    assert tiny.release("0.2.0", dry=True).commit == commit
    assert tiny.git("tag") == ""


def test_a_tag_that_differs_from_the_one_on_origin_is_an_error(
    tiny: TinyProject,
) -> None:
    tiny.tag("v0.2.0")
    tiny.commit("more.txt")
    tiny.git("tag", "--force", "-m", "again", "v0.2.0")
    tiny.commit("even-more.txt")
    with pytest.raises(
        ReleaseError, match=r"tag v0\.2\.0 is at .* on origin and at"
    ) as reported:
        tiny.release("0.2.0")
    assert reported.value.fix == "git fetch --force origin tag v0.2.0"


def test_the_work_tree_is_gone_when_the_last_process_ends(
    tiny: TinyProject,
) -> None:
    tiny.tag("v0.1.0")
    tiny.commit("more.txt")
    done = tiny.inv("package-crates", "--version", "0.1.0")
    assert done.returncode == 0, done.stderr
    assert list((tiny.root / ".git" / "release-tasks").iterdir()) == []
    assert len(tiny.git("worktree", "list").splitlines()) == 1


def test_a_half_made_work_tree_is_made_again(tiny: TinyProject) -> None:
    tiny.tag("v0.2.0")
    tiny.commit("more.txt")
    broken = tiny.root / ".git" / "release-tasks" / "v0.2.0"
    broken.mkdir(parents=True)
    (broken / "pyproject.toml").write_text("half")
    assert (
        tiny.release("0.2.0").source_tree / "pyproject.toml"
    ).read_text() == TINY["pyproject.toml"]


def test_ci_needs_no_argument_in_a_shallow_checkout_of_the_tag(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.commit("more.txt")
    tiny.tag("v0.3.0-rc.1")
    clone = tiny.clone("--depth=1", "--branch=v0.3.0-rc.1")
    tiny.git(
        "remote",
        "set-url",
        "origin",
        str(tiny.folder / "unreachable"),
        folder=clone,
    )
    monkeypatch.chdir(clone)
    release = tiny.release()
    assert (release.parts[0].version, release.commit, release.is_tagged) == (
        "0.3.0-rc.1",
        tiny.head(),
        True,
    )


def test_without_version_and_tag_the_manifests_say_it(
    tiny: TinyProject,
) -> None:
    assert tiny.release().parts[0].version == "0.1.0"


def test_a_version_that_only_tags_carry_is_asked_for_where_there_is_none(
    tiny: TinyProject,
) -> None:
    tiny.commit("release-tasks.toml", '[project]\nversion = "tag"\n')
    with pytest.raises(ReleaseError, match="HEAD has no tag of tiny"):
        tiny.release()
    tiny.tag("v1.0.0-rc.1", push=False)
    tiny.tag("v1.0.0", push=False)
    with pytest.raises(
        ReleaseError,
        match=r"HEAD has several tags of tiny: v1\.0\.0, v1\.0\.0-rc\.1",
    ):
        tiny.release()
    assert tiny.release("1.0.0").is_tagged


@pytest.mark.parametrize("version", ["1.0.0", "1.0.0-rc.1"])
def test_of_two_tags_of_a_commit_the_one_that_started_the_run_of_ci_counts(
    tiny: TinyProject, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    tiny.commit("release-tasks.toml", '[project]\nversion = "tag"\n')
    tiny.tag("v1.0.0-rc.1", push=False)
    tiny.tag("v1.0.0", push=False)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_REF", f"refs/tags/v{version}")
    assert tiny.release().parts[0].version == version
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")
    with pytest.raises(ReleaseError, match="HEAD has several tags"):
        tiny.release()


def test_a_project_without_a_remote_is_released_from_its_local_tag(
    tiny: TinyProject,
) -> None:
    tiny.git("remote", "remove", "origin")
    assert not tiny.release("0.2.0").is_tagged
    tiny.tag("v0.2.0", push=False)
    assert tiny.release("0.2.0").is_tagged


def test_several_components_have_a_tag_and_a_folder_each(
    two: TinyProject,
) -> None:
    release = two.release("core=0.5.0,other=0.5.1")
    assert [(p.component.name, p.version, p.tag) for p in release.parts] == [
        ("core", "0.5.0", "v0.5.0"),
        ("other", "0.5.1", "other-v0.5.1"),
    ]
    assert [p.version for p in two.release().parts] == ["0.1.0", "0.4.0"]
    assert [p.tag for p in two.release("0.5.0", "other").parts] == [
        "other-v0.5.0"
    ]
    with pytest.raises(ReleaseError, match="several components"):
        two.release("0.5.0")
    with pytest.raises(ReleaseError, match="there is no component third"):
        two.release("third=0.5.0")


def test_a_checkout_of_one_components_tag_is_about_that_component(
    two: TinyProject,
) -> None:
    two.tag("other-v0.4.0")
    assert [p.tag for p in two.release().parts] == ["other-v0.4.0"]


@pytest.mark.parametrize(
    ("version", "checked", "why"),
    [
        ('version = "0.2.0.dev1"', "0.2.0", "has a dev release"),
        ('dynamic = ["version"]', "0.1.1", "no manifest has the version"),
        ('version = "0.2.0"', "0.2.0", ""),
    ],
)
def test_a_check_is_about_the_next_version_where_the_checkout_has_none(
    tiny: TinyProject,
    capsys: pytest.CaptureFixture[str],
    version: str,
    checked: str,
    why: str,
) -> None:
    tiny.tag("v0.1.0")
    text = (tiny.root / "pyproject.toml").read_text()
    backend = (
        '[tool.hatch.version]\nsource = "vcs"\n' if "dyn" in version else ""
    )
    tiny.commit(
        "pyproject.toml", text.replace('version = "0.1.0"', version) + backend
    )
    release = Release.at_or_next(context(), None, None)
    assert [part.version for part in release.parts] == [checked]
    said = capsys.readouterr().err
    assert (f"checking {checked}, the next patch: " in said) is bool(why)
    assert why in said
    # a request is taken as it is
    asked = Release.at_or_next(context(), "0.3.0", None)
    assert [part.version for part in asked.parts] == ["0.3.0"]


@pytest.mark.parametrize(
    ("is_public", "is_after", "checked"),
    [
        (True, True, "0.1.1"),
        (True, False, "0.1.0"),  # the tag is at HEAD: this is its release
        (False, True, "0.1.0"),  # a release that was begun is finished first
    ],
)
def test_a_check_is_about_the_next_version_where_that_of_the_checkout_is_released(
    tiny: TinyProject,
    capsys: pytest.CaptureFixture[str],
    is_public: bool,
    is_after: bool,
    checked: str,
) -> None:
    tiny.tag("v0.1.0")
    if is_public:
        tiny.release_by_hand("v0.1.0")
    if is_after:
        tiny.commit("more.txt")
    release = Release.at_or_next(context(), None, None)
    assert [part.version for part in release.parts] == [checked]
    said = capsys.readouterr().err
    is_next = checked == "0.1.1"
    assert ("the next patch: 0.1.0 is released" in said) is is_next
    assert (release.commit == tiny.git("rev-parse", "HEAD").strip()) is (
        is_next or not is_after
    )


def test_a_check_falls_back_to_the_version_of_the_checkout(
    tiny: TinyProject,
) -> None:
    tiny.tag("v0.1.0")
    tiny.release_by_hand("v0.1.0")
    tiny.git("checkout", "--quiet", "-b", "elsewhere")
    tiny.commit("other.txt")
    tiny.tag("v0.1.1")
    tiny.release_by_hand("v0.1.1")
    tiny.git("checkout", "--quiet", "main")
    tiny.commit("more.txt")
    # 0.1.1 is public, and not from here
    release = Release.at_or_next(context(), None, None)
    assert [part.version for part in release.parts] == ["0.1.0"]


def test_a_check_is_about_those_of_several_components_that_changed_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {path: text for path, text in TWO.items() if "plain" not in path}
    files["core/pyproject.toml"] = files.pop("pyproject.toml")
    with tiny_project(tmp_path, monkeypatch, files) as side_by_side:
        for tag in ("v0.1.0", "other-v0.4.0"):
            side_by_side.tag(tag)
            side_by_side.release_by_hand(tag)
        assert len(Release.at_or_next(context(), None, None).parts) == 2
        side_by_side.commit("other/more.txt")
        release = Release.at_or_next(context(), None, None)
    assert [(p.component.name, p.version) for p in release.parts] == [
        ("other", "0.4.1")
    ]


def test_components_whose_tags_are_on_different_commits_are_released_one_at_a_time(
    two: TinyProject,
) -> None:
    two.tag("v0.1.0")
    two.commit("more.txt")
    with pytest.raises(ReleaseError, match="are on different commits"):
        two.release("core=0.1.0,other=0.4.0")
    # without a request it is about the version that is not released yet
    assert [p.tag for p in two.release().parts] == ["other-v0.4.0"]
    two.tag("other-v0.4.0")
    with pytest.raises(ReleaseError, match="are on different commits"):
        two.release("core=0.1.0,other=0.4.0")


def test_an_entry_is_not_missing_while_nobody_asked_for_the_version(
    tiny: TinyProject,
) -> None:
    tiny.commit("CHANGELOG.md", LOG.replace("- More.\n\n", ""))
    tiny.tag("v0.1.0")
    tiny.release_by_hand("v0.1.0")
    tiny.commit("more.txt")
    found = {
        version: [
            finding["severity"]
            for finding in checked(tiny, *version)
            if finding["name"] == "missing-changelog-entry"
        ]
        for version in ((), ("--version", "patch"))
    }
    assert found == {(): ["warning"], ("--version", "patch"): ["problem"]}


def checked(tiny: TinyProject, *words: str) -> list[dict[str, str]]:
    done = tiny.inv("check", "--fast", "--json", *words)
    found: list[dict[str, str]] = json.loads(done.stdout)["findings"]
    return found
