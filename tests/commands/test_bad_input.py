"""Bad input: a fact and a fix, exit status 1, no traceback, and nothing changed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.hosted_project import HostedProject, hosted_project
from support.repositories import commit_all

from release_tasks import files
from release_tasks.rehearsal.faults import Fault

pytestmark = pytest.mark.tools("cargo", "gh")


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[HostedProject]:
    with hosted_project(tmp_path, offline=True) as made:
        yield made


def git(where: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=where, capture_output=True, text=True, check=True
    ).stdout


def refused(kit: HostedProject, where: Path, *words: str, **env: str) -> str:
    """Run `inv`, see that it refuses in the promised form, and return what it said."""
    inside = (
        subprocess.run(
            ["git", "rev-parse"], cwd=where, capture_output=True, check=False
        ).returncode
        == 0
    )
    before = git(where, "status", "--porcelain") if inside else ""
    ran = kit.inv(where, *words, **env)
    assert ran.code == 1, ran.err
    assert "Traceback" not in ran.err
    assert "help: " in ran.err
    assert kit.registries.log.writes() == ()
    if inside:
        assert git(where, "status", "--porcelain") == before
    return ran.err


@pytest.mark.parametrize(
    "version",
    ["v0.2.0", "0.2", "", "--help", "0.2.0.0", "latest", "1.0.0+", "00.1.0"],
)
@pytest.mark.sample(2)
def test_a_wrong_version_is_refused(kit: HostedProject, version: str) -> None:
    refused(kit, kit.clone(), "release", "--version", version)


def test_no_version_at_all_is_refused(kit: HostedProject) -> None:
    assert "--version" in refused(kit, kit.clone(), "release")


def test_a_version_below_the_last_finished_release_is_refused(
    kit: HostedProject,
) -> None:
    clone = kit.clone()
    git(clone, "tag", "v0.5.0")
    subprocess.run(
        ["git", "push", "--quiet", "origin", "v0.5.0"],
        cwd=clone,
        env=kit.environment(),
        check=True,
    )
    create = [
        "gh",
        "release",
        "create",
        "v0.5.0",
        "--notes",
        "done",
        "--repo",
        "example/kit",
    ]
    subprocess.run(
        create, env=kit.environment(), check=True, capture_output=True
    )
    writes = len(kit.registries.log.writes())

    ran = kit.inv(clone, "check", "--version", "0.4.0", "--new", "all")

    assert ran.code == 1
    assert "0.4.0 is not higher than 0.5.0" in ran.err
    assert len(kit.registries.log.writes()) == writes


def test_outside_a_repository_the_error_has_a_fix(
    kit: HostedProject, tmp_path: Path
) -> None:
    folder = tmp_path / "nowhere"
    folder.mkdir()
    (folder / "tasks.py").write_text("from release_tasks import ns\n")
    assert "is not in a git repository" in refused(
        kit, folder, "release", "--version", "0.2.0"
    )


def test_a_repository_without_commits_is_refused(
    kit: HostedProject, tmp_path: Path
) -> None:
    folder = tmp_path / "empty"
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    (folder / "tasks.py").write_text("from release_tasks import ns\n")
    assert "has no commits" in refused(
        kit, folder, "release", "--version", "0.2.0"
    )


def test_a_dirty_tree_is_refused(kit: HostedProject) -> None:
    clone = kit.clone()
    (clone / "README.md").write_text("scribble\n")
    assert "README.md" in refused(
        kit, clone, "release", "--version", "0.2.0", "--new", "all"
    )


def test_the_dirty_tree_of_an_interrupted_bump_is_not_refused(
    kit: HostedProject,
) -> None:
    clone = kit.clone()
    assert kit.inv(clone, "bump", "--version", "0.2.0").code == 0

    ran = kit.inv(clone, "tag", "--version", "0.2.0")

    assert ran.code == 0, ran.err
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "tag").strip() == "v0.2.0"


def test_a_detached_head_is_refused(kit: HostedProject) -> None:
    clone = kit.clone()
    git(clone, "checkout", "--quiet", "--detach")
    assert "HEAD is detached" in refused(
        kit, clone, "check", "--version", "0.2.0", "--new", "all"
    )


def test_a_missing_tool_is_an_error_with_the_command_that_installs_it(
    kit: HostedProject, tmp_path: Path
) -> None:
    clone = kit.clone()
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("git", "cargo", "rustc", "docker", "python3"):
        found = subprocess.run(
            ["which", name], capture_output=True, text=True, check=True
        ).stdout.strip()
        (folder / name).symlink_to(found)
    said = refused(
        kit,
        clone,
        "check",
        "--version",
        "0.2.0",
        "--new",
        "all",
        PATH=str(folder),
    )
    assert "gh is not installed" in said
    assert "apt-get install -y gh" in said


def test_missing_credentials_are_named(kit: HostedProject) -> None:
    clone = kit.clone()
    kit.registries.env.pop("CARGO_REGISTRY_TOKEN")
    said = refused(
        kit,
        clone,
        "check",
        "--version",
        "0.2.0",
        "--new",
        "all",
        CARGO_HOME=str(kit.folder / "home"),
    )
    assert "CARGO_REGISTRY_TOKEN" in said


def test_an_unreadable_manifest_is_named(kit: HostedProject) -> None:
    clone = kit.clone()
    (clone / "crates" / "core" / "Cargo.toml").write_text("[package\n")
    commit_all(clone, "Break it")
    assert "crates/core/Cargo.toml" in refused(
        kit, clone, "release", "--version", "0.2.0", "--new", "all"
    )


def test_an_unknown_key_in_the_settings_names_the_nearest_known_one(
    kit: HostedProject,
) -> None:
    clone = kit.clone()
    with (clone / "release-tasks.toml").open("a") as file:
        file.write("asets = []\n")
    commit_all(clone, "Mistype")
    said = refused(kit, clone, "release", "--version", "0.2.0")
    assert "unknown key asets in [github]" in said
    assert "did you mean assets?" in said


def test_two_tasks_at_once_on_one_dist_are_refused(kit: HostedProject) -> None:
    import fcntl

    clone = kit.clone()
    folder = clone / "dist" / "v0.1.0"
    folder.mkdir(parents=True)
    (folder.parent / ".gitignore").write_text("*\n")
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "another process is using dist/v0.1.0" in refused(
            kit, clone, "package-crates", "--version", "0.1.0"
        )


@pytest.mark.slow
def test_a_second_release_at_once_is_refused_before_it_edits_anything(
    kit: HostedProject,
) -> None:
    clone = kit.clone()
    folder = clone / "dist" / "v0.2.0"
    folder.mkdir(parents=True)
    (folder.parent / ".gitignore").write_text("*\n")
    handle = files.lock(folder / ".lock")
    assert handle is not None
    said = refused(kit, clone, "release", "--version", "0.2.0", "--new", "all")
    os.close(handle)
    assert "another process is using dist/v0.2.0" in said
    assert git(clone, "tag") == ""


@pytest.mark.parametrize(
    ("status", "body"), [(500, b"oops"), (200, b"<html>a portal</html>")]
)
def test_a_registry_that_answers_nonsense_is_an_error_and_never_missing(
    kit: HostedProject, status: int, body: bytes
) -> None:
    clone = kit.clone()
    kit.registries.faults.add(
        Fault(
            "GET",
            "/simple/rehearsed-kit-clock",
            status=status,
            body=body,
            times=100,
        )
    )
    said = refused(
        kit, clone, "publish-pypi", "--version", "0.1.0", "--new", "all"
    )
    assert "rehearsed-kit-clock" in said
