"""The release commit, in repositories with hooks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from invoke.context import Context
from support.repositories import commit_files, git
from support.tiny_project import TINY

from release_tasks.bumping import bump
from release_tasks.bumping.commit import commit_and_tag
from release_tasks.errors import ReleaseError
from release_tasks.release import Release

pytestmark = [pytest.mark.tools("git"), pytest.mark.quick]


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = commit_files(tmp_path / "tiny", TINY | {"docs.txt": "version 1\n"})
    monkeypatch.chdir(root)
    return root


def hook(root: Path, name: str, script: str) -> None:
    path = root / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def released(root: Path) -> None:
    """Bump and tag 0.2.0."""
    bump.write(Context(), Release.at(Context(), "0.2.0"))
    commit_and_tag(Context(), Release.at(Context(), "0.2.0"))


def test_what_a_hook_stages_is_in_the_commit_and_the_index_is_clean(
    tiny: Path,
) -> None:
    hook(tiny, "pre-commit", "echo version 2 > docs.txt; git add docs.txt")
    released(tiny)
    assert git(tiny, "show", "v0.2.0:docs.txt") == "version 2\n"
    assert git(tiny, "status", "--porcelain") == ""
    commit_and_tag(Context(), Release.at(Context(), "0.2.0"))


def test_a_hook_may_change_the_files_of_the_bump(tiny: Path) -> None:
    hook(
        tiny,
        "pre-commit",
        "echo '- Hook.' >> CHANGELOG.md; git add CHANGELOG.md",
    )
    released(tiny)
    assert git(tiny, "show", "v0.2.0:CHANGELOG.md").endswith("- Hook.\n")
    assert git(tiny, "status", "--porcelain") == ""


def test_a_hook_that_corrects_files_and_refuses_is_asked_again(
    tiny: Path,
) -> None:
    script = "grep -q Hook CHANGELOG.md && exit 0; echo '- Hook.' >> CHANGELOG.md; exit 1"
    hook(tiny, "pre-commit", script)
    released(tiny)
    assert git(tiny, "show", "v0.2.0:CHANGELOG.md").endswith("- Hook.\n")
    assert git(tiny, "status", "--porcelain") == ""


@pytest.mark.parametrize("name", ["pre-commit", "commit-msg"])
def test_a_hook_that_refuses_leaves_no_commit_and_no_tag(
    tiny: Path, name: str
) -> None:
    before = git(tiny, "rev-parse", "HEAD")
    hook(tiny, name, "echo 'the subject is not conventional'; exit 1")
    with pytest.raises(ReleaseError) as caught:
        released(tiny)
    assert "the subject is not conventional" in caught.value.problem
    assert "[project] commit" in caught.value.fix
    assert git(tiny, "rev-parse", "HEAD") == before
    assert git(tiny, "tag") == ""
    (tiny / ".git" / "hooks" / name).unlink()
    commit_and_tag(Context(), Release.at(Context(), "0.2.0"))
    assert git(tiny, "tag") == "v0.2.0\n"


def test_a_hook_that_leaves_changes_is_named_before_there_is_a_tag(
    tiny: Path,
) -> None:
    hook(tiny, "post-commit", "echo version 2 > docs.txt")
    with pytest.raises(ReleaseError) as caught:
        released(tiny)
    assert "a hook changed docs.txt" in caught.value.problem
    assert git(tiny, "tag") == ""
    (tiny / ".git" / "hooks" / "post-commit").unlink()
    amend = caught.value.fix.partition(", then")[0]
    subprocess.run(amend, shell=True, cwd=tiny, check=True)
    commit_and_tag(Context(), Release.at(Context(), "0.2.0"))
    assert git(tiny, "show", "v0.2.0:docs.txt") == "version 2\n"


def test_what_else_is_staged_stays_staged(tiny: Path) -> None:
    (tiny / "dist").mkdir()
    (tiny / "dist" / "notes.txt").write_text("kept\n")
    git(tiny, "add", "--force", "dist/notes.txt")
    hook(tiny, "pre-commit", "echo version 2 > docs.txt; git add docs.txt")
    released(tiny)
    assert git(tiny, "status", "--porcelain") == "A  dist/notes.txt\n"


@pytest.mark.parametrize("key", ["commit.gpgsign", "tag.gpgsign"])
def test_a_signature_that_fails_leaves_no_tag_and_says_where_to_look(
    tiny: Path, key: str
) -> None:
    git(tiny, "config", key, "true")
    git(tiny, "config", "gpg.program", "false")
    with pytest.raises(ReleaseError) as reported:
        released(tiny)
    assert reported.value.fix == (
        "let git sign: `git config --get-regexp 'sign|gpg'` shows the key and program, "
        "then inv tag --version 0.2.0"
    )
    assert git(tiny, "tag") == ""
    git(tiny, "config", key, "false")
    commit_and_tag(Context(), Release.at(Context(), "0.2.0"))
    assert git(tiny, "tag") == "v0.2.0\n"


def test_a_hook_that_refuses_without_a_word_is_named(tiny: Path) -> None:
    hook(tiny, "pre-commit", "exit 3")
    with pytest.raises(ReleaseError) as reported:
        released(tiny)
    assert reported.value.problem.endswith(
        "\na hook has refused it without a word"
    )
