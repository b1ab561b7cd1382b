"""A bump in a real repository: every copy, all or nothing, and the same after an interruption."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from invoke.context import Context
from support.hosted_project import EPOCH, PROJECTS
from support.repositories import commit_all, commit_files
from support.sample_projects import git, inv
from support.tiny_project import TINY

from release_tasks import shell
from release_tasks.bumping import bump
from release_tasks.errors import ReleaseError
from release_tasks.release import Release

pytestmark = [pytest.mark.tools("git", "cargo"), pytest.mark.quick]


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "kit"
    subprocess.run(["cp", "-r", PROJECTS / "kit", root], check=True)
    commit_all(root, "Begin")
    monkeypatch.chdir(root)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    return root


def at(version: str = "0.2.0") -> Release:
    return Release.at(Context(), version)


def changed(root: Path) -> list[str]:
    done = subprocess.run(
        ["git", "status", "--porcelain"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return [line[3:] for line in done.stdout.splitlines()]


def forget_a_crate(root: Path) -> None:
    lock = root / "Cargo.lock"
    lock.write_text(lock.read_text().partition("[[package]]")[0])
    commit_all(root, "Forget the crates in the lock")


EVERY_COPY = [
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "README.md",
    "deploy/kit/Chart.yaml",
    "python/pyproject.toml",
]


@pytest.mark.statement("B1.8", "B4.3", "B5.15")
def test_every_copy_gets_the_new_version_and_nothing_else_changes(
    kit: Path,
) -> None:
    bump.write(Context(), at())
    assert changed(kit) == EVERY_COPY
    assert (
        (kit / "deploy/kit/Chart.yaml")
        .read_text()
        .endswith('version: 0.2.0\nappVersion: "0.2.0"\n')
    )
    assert (
        "## [0.2.0] - 2026-01-02\n\n### Added\n\n- A clock.\n"
        in (kit / "CHANGELOG.md").read_text()
    )
    subprocess.run(
        ["cargo", "metadata", "--locked", "--offline", "--format-version=1"],
        check=True,
        capture_output=True,
    )


def test_a_second_bump_changes_nothing(
    kit: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bump.write(Context(), at())
    before = {path: (kit / path).read_bytes() for path in EVERY_COPY}
    bump.write(Context(), at())
    assert {path: (kit / path).read_bytes() for path in EVERY_COPY} == before
    assert (
        "nothing to do, every file has version 0.2.0" in capfd.readouterr().err
    )


def test_an_interrupted_bump_is_finished_by_the_next_one(kit: Path) -> None:
    edits = bump.edits(at())
    (kit / "Cargo.toml").write_text(edits["Cargo.toml"])
    assert bump.pending(at()) == ("Cargo.toml",)
    bump.write(Context(), at())
    assert changed(kit) == EVERY_COPY


def test_line_endings_that_git_converts_are_not_a_change(kit: Path) -> None:
    (kit / ".gitattributes").write_text("*.toml text eol=crlf\n")
    commit_all(kit, "Check out as on Windows")
    subprocess.run(
        "git rm --quiet --cached -r . && git reset --quiet --hard",
        cwd=kit,
        shell=True,
        check=True,
    )
    bump.write(Context(), at())
    assert (
        (kit / "Cargo.toml").read_bytes().count(b"\r\n")
        == (kit / "Cargo.toml").read_bytes().count(b"\n")
        > 0
    )
    bump.write(Context(), at())  # which refuses other uncommitted changes


def test_other_uncommitted_changes_are_refused(kit: Path) -> None:
    bump.write(Context(), at())
    (kit / "README.md").write_text("scribble\n")
    (kit / "note.txt").write_text("mine\n")
    with pytest.raises(ReleaseError, match=r"README\.md, note\.txt\n"):
        bump.pending(at())


@pytest.mark.statement("B1.7")
def test_a_bump_runs_cargo_check_and_fails_with_it(kit: Path) -> None:
    settings = kit / "release-tasks.toml"
    check = '[versions]\ncheck = "cargo check --workspace --locked --offline"\n'
    settings.write_text(settings.read_text() + check)
    source = kit / "crates/core/src/lib.rs"
    good = source.read_text()
    source.write_text("pub fn broken( {}\n")
    commit_all(kit, "Break it")
    done = inv(kit, "bump", "--version", "0.2.0")
    assert (done.returncode, changed(kit)) == (1, [])
    assert "cargo check --workspace" in done.stderr
    assert "error: could not compile" in done.stderr
    source.write_text(good)
    commit_all(kit, "Repair it")
    done = inv(kit, "bump", "--version", "0.2.0")
    assert (done.returncode, changed(kit)) == (0, EVERY_COPY), done.stderr
    assert (kit / "target/debug").is_dir()
    source.write_text("pub fn broken( {}\n")
    git(kit, "commit", "--quiet", "--message=Break it again", str(source))
    # what an interrupted bump has written is checked, too
    assert inv(kit, "bump", "--version", "0.2.0").returncode == 1


@pytest.mark.statement("B1.7")
def test_all_files_are_restored_when_the_lock_cannot_be_written(
    kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_a_crate(kit)  # so that cargo has to write it
    # the real one, with a disk that is full when it counts
    program = tmp_path / "bin" / "cargo"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\n[ "$1" = update ] && {{ echo no space left >&2; exit 101; }}\n'
        f'exec {shutil.which("cargo")} "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    with pytest.raises(ReleaseError, match="no space left"):
        bump.write(Context(), at())
    assert changed(kit) == []


def test_cargo_updates_a_stale_lock(
    kit: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    forget_a_crate(kit)
    bump.write(Context(), at())
    assert "$ cargo update --workspace" in capfd.readouterr().err
    assert changed(kit) == EVERY_COPY
    subprocess.run(
        ["cargo", "metadata", "--locked", "--offline", "--format-version=1"],
        check=True,
        capture_output=True,
    )


def test_a_current_lock_needs_no_update_by_cargo(
    kit: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bump.write(Context(), at())
    by_us = (kit / "Cargo.lock").read_bytes()
    subprocess.run(
        ["cargo", "update", "--workspace", "--offline"],
        check=True,
        capture_output=True,
    )
    assert (kit / "Cargo.lock").read_bytes() == by_us
    assert "cargo update" not in capfd.readouterr().err


def test_a_listed_text_that_the_file_does_not_have_is_an_error(
    kit: Path,
) -> None:
    (kit / "README.md").write_text("# kit\n")
    commit_all(kit, "Shorten the readme")
    with pytest.raises(ReleaseError, match=r"README\.md"):
        bump.write(Context(), at())
    assert changed(kit) == []


def test_the_message_names_the_component_and_version(kit: Path) -> None:
    assert bump.message(at()) == "release: kit v0.2.0"


def test_a_project_with_the_version_only_in_its_tag_has_no_edits(
    kit: Path,
) -> None:
    settings = kit / "release-tasks.toml"
    settings.write_text(settings.read_text() + '[project]\nversion = "tag"\n')
    commit_all(kit, "Keep the version in the tag")
    assert bump.edits(at()) == {}


def test_a_dry_bump_shows_the_edits_and_writes_nothing(
    kit: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    c = Context()
    c.config.run.dry = True
    bump.write(c, at())
    output = capfd.readouterr().err
    assert '+version = "0.2.0"' in output
    assert "+++ b/Cargo.lock" in output
    assert changed(kit) == []
    assert shell.is_dry(c)


def test_a_link_of_an_unknown_form_is_named(
    kit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = kit / "CHANGELOG.md"
    url = "https://example.org/since?version=0.1.0"
    log.write_text(
        f"## [Unreleased]\n\n- x\n\n## [0.1.0]\n\n[Unreleased]: {url}\n"
    )
    commit_all(kit, "Change the log")
    bump.write(Context(), at())
    assert f"[Unreleased]: {url}\n" in log.read_text()
    assert (
        "CHANGELOG.md:9: the address of [Unreleased] has an unknown form"
        in (capsys.readouterr().err)
    )


def test_the_date_of_an_interrupted_bump_stays(
    kit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = kit / "CHANGELOG.md"
    log.write_text(
        "## 0.2.0 (unreleased)\n\n- x\n\n## 0.1.0 (July 17th, 2026)\n"
    )
    commit_all(kit, "Change the log")
    bump.write(Context(), at())
    written = log.read_text()
    assert "unreleased" not in written
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(EPOCH) + 5 * 86400))
    assert "CHANGELOG.md" in bump.pending(at())
    bump.write(Context(), at())
    assert log.read_text() == written


@pytest.mark.parametrize(
    "present", ["0.2.0.dev0", "0.1.0.post1", "0.1.0.1", "1!0.1.0"]
)
def test_an_old_version_that_only_python_has_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, present: str
) -> None:
    manifest = TINY["pyproject.toml"].replace("0.1.0", present)
    root = commit_files(tmp_path / "tiny", TINY | {"pyproject.toml": manifest})
    monkeypatch.chdir(root)
    bump.write(Context(), at())
    assert 'version = "0.2.0"' in (root / "pyproject.toml").read_text()
