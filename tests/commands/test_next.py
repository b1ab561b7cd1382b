"""`inv next` shows what is unreleased and suggests a level; `--version auto` takes it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.repositories import commit_files, git
from support.sample_projects import inv
from support.tiny_project import TINY, TinyProject, tiny_project

pytestmark = pytest.mark.tools("git", "gh")
# it ships nothing but a tag
PROJECT = TINY | {
    "pyproject.toml": '[project]\nname = "tiny"\nversion = "0.1.0"\n',
    "CHANGELOG.md": "# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-01-01\n\n- All.\n",
}


def release(tiny: TinyProject, version: str) -> None:
    tiny.tag(f"v{version}")
    tiny.release_by_hand(f"v{version}", "x")


def commit(tiny: TinyProject, message: str, name: str = "") -> None:
    name = name or f"{len(tiny.git('log', '--format=%h'))}.txt"
    tiny.commit(name)
    tiny.git("commit", "--quiet", "--amend", f"--message={message}")


def found(tiny: TinyProject, *words: str) -> Any:
    done = tiny.inv("next", "--json", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def auto(tiny: TinyProject) -> str:
    """Return the version that `--version auto` means."""
    done = tiny.inv("status", "--version", "auto", "--json")
    version: str = json.loads(done.stdout)["components"][0]["version"]
    return version


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with tiny_project(tmp_path, monkeypatch, PROJECT) as made:
        yield made


@pytest.mark.statement("B4.59", "B5.2")
def test_commits_suggest_a_level_and_the_line_to_type(
    plain: TinyProject,
) -> None:
    release(plain, "0.1.0")
    commit(plain, "fix: no flicker (#7)")
    commit(plain, "feat: a second light (#8)")
    commit(plain, "docs: say so")

    shown = plain.inv("next")
    [one] = found(plain)["components"]

    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("tiny: v0.1.0 is ")
    assert " days old, 3 commits, 2 pull requests" in shown.stdout
    assert "4 to 6 weeks" in shown.stdout
    assert "a second light" in shown.stdout
    assert "\n  suggested: minor, 0.2.0\n" in shown.stdout
    assert shown.stdout.endswith("inv release --version minor\n")
    assert (one["level"], one["next"]) == ("minor", "0.2.0")
    assert one["pull_requests"] == [8, 7]
    [reason] = one["reasons"]
    assert reason["level"] == "minor"
    assert reason["why"].endswith("feat: a second light (#8)")


@pytest.mark.parametrize(
    ("version", "message", "following"),
    [
        ("0.1.0", "fix: one", "0.1.1"),
        ("0.1.0", "Change something", "0.1.1"),
        ("0.1.0", "feat!: other", "0.2.0"),
        ("1.1.0", "feat: more", "1.2.0"),
        ("1.1.0", "feat!: other", "2.0.0"),
        ("1.2.0-rc.1", "fix: one", "1.2.0"),
    ],
)
@pytest.mark.sample(2)
def test_auto_is_what_is_suggested(
    plain: TinyProject, version: str, message: str, following: str
) -> None:
    release(plain, version)
    commit(plain, message)
    assert found(plain)["components"][0]["next"] == following
    assert auto(plain) == following


def test_the_next_version_is_never_below_the_manifests(
    plain: TinyProject,
) -> None:
    release(plain, "0.1.0")
    ahead = PROJECT["pyproject.toml"].replace("0.1.0", "0.3.0.dev0")
    plain.commit("pyproject.toml", ahead)
    [one] = found(plain)["components"]
    assert (one["level"], one["next"]) == ("patch", "0.3.0")
    assert "suggested: patch, 0.3.0\n" in plain.inv("next").stdout
    assert auto(plain) == "0.3.0"


def test_a_level_that_would_be_refused_is_no_line_to_type(
    plain: TinyProject,
) -> None:
    release(plain, "0.1.0")
    plain.git("checkout", "--quiet", "-b", "elsewhere")
    commit(plain, "fix: one")
    release(plain, "0.1.1")
    plain.git("checkout", "--quiet", "main")
    commit(plain, "fix: other", "other.txt")
    done = plain.inv("next")
    assert done.returncode == 0, done.stderr
    assert "0.1.1, the patch version after 0.1.0, is public" in done.stderr
    assert done.stdout.endswith("nothing to release\n")
    assert found(plain)["components"][0]["next"] == ""


@pytest.mark.parametrize(
    ("log", "group"),
    [
        ("# Changelog\n\n## Unreleased\n\n### Added\n\n- More.\n\n## 1.1.0\n", "Added"),
        ("# Changelog\n\n## Next\n\n#### New features\n\n* More.\n\n## 1.1.0\n", "New features"),
        ("# Unreleased\n\n## Added\n\n- More.\n\n# 1.1.0 (January 1, 2026)\n", "Added"),
        ("UNRELEASED\n==========\n\nAdded\n-----\n\n- More.\n\n1.1.0\n=====\n", "Added"),
        # what is below a version that is released is not new, however the log begins
        ("# 1.1.0 (January 1, 2026)\n\n### Removed\n\n- All.\n", ""),
        ("1.1.0 / 2026\n============\n\n## Removed\n\n- All.\n", ""),
        ("# News\n\n- what is new is told here\n\n## v1.1.0\n\n### Removed\n\n- All.\n", ""),
        # 11.1.0 is another version
        ("## 11.1.0\n\n### Removed\n\n- All.\n\n## 1.1.0\n", "Removed"),
    ],
)  # fmt: skip
@pytest.mark.sample(2)
def test_a_changelog_counts_down_to_the_last_release_whatever_its_titles(
    plain: TinyProject, log: str, group: str
) -> None:
    plain.commit("CHANGELOG.md", log)
    release(plain, "1.1.0")
    commit(plain, "fix: one")
    [one] = found(plain)["components"]
    said = [
        reason["why"].removeprefix("CHANGELOG.md: ")
        for reason in one["reasons"]
        if reason["why"].startswith("CHANGELOG.md")
        and reason["level"] != "patch"
    ]
    assert said == [group] * bool(group)


def test_the_changelog_counts_also_when_the_release_goes_on(
    plain: TinyProject,
) -> None:
    release(plain, "0.1.0")
    log = PROJECT["CHANGELOG.md"].replace(
        "## [Unreleased]\n", "## [Unreleased]\n\n### Added\n\n- More.\n"
    )
    plain.commit("CHANGELOG.md", log)
    [one] = found(plain)["components"]
    assert {"level": "minor", "why": "CHANGELOG.md: Added"} in one["reasons"]
    for step in ("bump", "tag", "push"):
        done = plain.inv(step, "--version", "auto")
        assert done.returncode == 0, done.stderr
    assert "v0.2.0" in plain.git("tag", "--list")
    again = plain.inv("status", "--version", "auto", "--json")
    assert json.loads(again.stdout)["components"][0]["version"] == "0.2.0"


@pytest.mark.parametrize(
    ("path", "text", "level"),
    [
        (
            ".changeset/brave-cats.md",
            '---\n"tiny": minor\n---\n\nMore.\n',
            "minor",
        ),
        ("newsfragments/12.feature.md", "More.\n", "minor"),
        ("changes/13.bugfix", "Less.\n", "patch"),
        ("changelog.d/20260101_me.md", "### Added\n\n- More.\n", "minor"),
        ("newsfragments/README.md", "How to.\n", "patch"),
    ],
)
def test_fragments_count(
    plain: TinyProject, path: str, text: str, level: str
) -> None:
    release(plain, "1.1.0")
    plain.commit(path, text)
    [one] = found(plain)["components"]
    assert one["level"] == level
    assert one["fragments"] == ([] if "README" in path else [path])


def test_nothing_unreleased_is_nothing_to_release(plain: TinyProject) -> None:
    release(plain, "0.1.0")
    shown = plain.inv("next")
    assert shown.stdout.endswith("nothing to release\n")
    assert found(plain)["line"] == ""


def test_a_first_release_is_a_decision(plain: TinyProject) -> None:
    assert plain.inv("next").stdout.endswith("inv release --version X.Y.Z\n")
    done = plain.inv("bump", "--version", "auto")
    assert done.returncode == 1
    assert "tiny has no release that auto could count from" in done.stderr


def test_a_component_has_the_commits_of_its_folders(two: TinyProject) -> None:
    release(two, "0.1.0")
    release_other = ["release", "create", "other-v0.4.0", "--notes", "x"]
    two.tag("other-v0.4.0")
    subprocess.run(
        ["gh", *release_other, "--repo", "example/tiny"],
        check=True,
        capture_output=True,
    )
    commit(two, "feat: more of the other", "other/more.txt")
    data = found(two)
    levels = {one["component"]: one["level"] for one in data["components"]}
    assert levels["other"] == "minor"
    assert "other=minor" in data["line"]
    done = two.inv(
        "bump", "--version", "auto", "--component", "other", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert '"0.5.0"' in (two.root / "other/pyproject.toml").read_text()


CARGO = """\
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
shop-base = { path = "base" }
"""


@pytest.mark.tools("cargo")
@pytest.mark.statement("B2.35")
def test_what_cargo_lock_is_behind_with_is_shown(tmp_path: Path) -> None:
    files = {
        "Cargo.toml": CARGO,
        "src/lib.rs": "",
        "base/Cargo.toml": CARGO.partition("\n[dep")[0]
        .replace('"shop"', '"shop-base"')
        .replace("0.1.0", "0.1.1"),
        "base/src/lib.rs": "",
        "tasks.py": TINY["tasks.py"],
        "Cargo.lock": "version = 4\n\n"
        '[[package]]\nname = "shop"\nversion = "0.1.0"\n'
        'dependencies = ["shop-base"]\n\n'
        '[[package]]\nname = "shop-base"\nversion = "0.1.0"\n',
    }
    root = commit_files(tmp_path / "shop", files)
    git(root, "tag", "v0.1.0")
    git(root, "commit", "--allow-empty", "--quiet", "--message=fix: one")
    done = inv(root, "next", "--json", CARGO_NET_OFFLINE="true")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["dependencies"] == [
        {"name": "shop-base", "from": "0.1.0", "to": "0.1.1"}
    ]
    shown = inv(root, "next", CARGO_NET_OFFLINE="true").stdout
    assert "\n  shop-base 0.1.0 → 0.1.1\n" in shown
    assert (root / "Cargo.lock").read_text() == files["Cargo.lock"]


@pytest.mark.parametrize("words", [("settings",), ("next",), ("status",)])
def test_a_repository_without_commits_is_told_so(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "pyproject.toml").write_text(PROJECT["pyproject.toml"])
    (tmp_path / "tasks.py").write_text("from release_tasks import ns\n")
    done = inv(tmp_path, *words)
    said = done.stdout + done.stderr
    assert "the repository has no commits" in said
    assert "commit the project first" in said
    assert "ended with status" not in said
