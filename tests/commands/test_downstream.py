"""`inv downstream` proposes a version to who uses it, with the real git, gh and cargo."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands.test_json_docs import documented
from support.repositories import commit_files
from support.tiny_project import TinyProject, tiny_project

pytestmark = [pytest.mark.tools("git", "gh", "cargo"), pytest.mark.slow]
APP = "example/app"
CRATE = """\
[package]
name = "acme"
version = "0.1.0"
edition = "2021"
description = "Sells things"
license = "MIT"
"""
SETTINGS = f"""\
[downstream."{APP}"]
test = "sh check.sh"
"""
FILES = {
    "Cargo.toml": CRATE,
    "src/lib.rs": "pub fn sold() -> u32 {\n    1\n}\n",
    "CHANGELOG.md": "# Changelog\n\n## [Unreleased]\n\n- More.\n",
    "tasks.py": "from release_tasks import ns\n",
    ".gitignore": "/target\n/dist\n__pycache__/\n",
    "release-tasks.toml": SETTINGS,
}
# fails unless acme is locked at a version, and where a login reaches it
CHECK = """\
env > "$SEEN_PATH"
git remote --verbose >> "$SEEN_PATH"
ls -A "$HOME" >> "$SEEN_PATH"
grep -A1 'name = "acme"' Cargo.lock | grep -q '"0.2' || { echo 'old acme'; exit 1; }
"""
USER = {
    "Cargo.toml": CRATE.replace('"acme"', '"app"').replace("0.1.0", "1.0.0")
    + '[dependencies]\nacme = "0.1.0" # sells\n',
    "src/lib.rs": "pub use acme::sold;\n",
    "check.sh": CHECK,
    ".gitignore": "/target\n",
}
DOWNSTREAM = ("downstream", "--json")


@pytest.fixture
def acme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TinyProject]:
    """A crate whose 0.1.0 is public, and a repository that uses it."""
    with tiny_project(tmp_path, monkeypatch, FILES) as made:
        made.tag("v0.1.0")
        publish(made)
        made.release_by_hand("v0.1.0")
        make_app(made, USER)
        yield made


def make_app(acme: TinyProject, files: dict[str, str]) -> None:
    """Make the repository of an application, with its lock, in place of an earlier one."""
    app = acme.folder / "app"
    shutil.rmtree(app, ignore_errors=True)
    commit_files(app, files)
    cargo(app, "generate-lockfile")
    acme.git("add", ".", folder=app)
    acme.git("commit", "--quiet", "--message=Lock", folder=app)
    acme.registries.github.create("example", "app", app)


def cargo(folder: Path, *words: str) -> None:
    subprocess.run(
        ["cargo", *words], cwd=folder, check=True, capture_output=True
    )


def publish(acme: TinyProject) -> None:
    cargo(acme.root, "publish", "--no-verify", "--allow-dirty")


def bump(acme: TinyProject, version: str) -> None:
    """Commit and tag another version, and leave it unpublished."""
    text = (acme.root / "Cargo.toml").read_text()
    line = next(one for one in text.splitlines() if one.startswith("version"))
    acme.commit("Cargo.toml", text.replace(line, f'version = "{version}"'))
    acme.tag(f"v{version}")


def app_git(acme: TinyProject, *words: str, owner: str = "example") -> str:
    path = acme.registries.github.repository(owner, "app").path
    return acme.git(*words, folder=path)


def pulls(state: str = "all") -> list[dict[str, Any]]:
    argv = ["gh", "api", f"repos/{APP}/pulls?state={state}"]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def row(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    [found] = json.loads(done.stdout)["repositories"]
    return dict(found)


@pytest.mark.statement("B5.35")
def test_a_version_is_proposed_once_it_is_public(
    acme: TinyProject, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    own = {"SEEN_PATH": str(seen), "SSH_AUTH_SOCK": str(tmp_path / "agent")}
    own["DEPLOY_TOKEN"] = "unlikely-" + "s3cret" * 4
    main = app_git(acme, "rev-parse", "main")
    bump(acme, "0.2.0")
    publish(acme)
    acme.release_by_hand("v0.2.0")
    dry = acme.inv("--dry", *DOWNSTREAM, **own)
    assert row(dry)["state"] == "planned"
    assert "Cargo.toml:8: acme in [dependencies]: 0.1.0 → 0.2.0" in dry.stderr
    assert app_git(acme, "branch").split() == ["*", "main"]
    assert not seen.exists()

    status = acme.git("status", "--porcelain", "--ignored")
    done = acme.inv(*DOWNSTREAM, **own)
    assert done.returncode == 0, done.stderr
    found = row(done)
    assert found | {"changes": []} == {
        "repository": APP,
        "base": "main",
        "branch": "update-tiny",
        "state": "opened",
        "changes": [],
        "left": [],
        "pull_request": "https://github.com/example/app/pull/1",
        "problem": "",
    }
    [change] = found["changes"]
    assert (change["from"], change["to"]) == ("0.1.0", "0.2.0")
    assert app_git(acme, "rev-parse", "main") == main
    changed = app_git(acme, "diff", "--stat", "main..update-tiny")
    assert "Cargo.toml" in changed
    assert "2 files changed" in changed
    [pull] = pulls()
    assert pull["title"] == "Update to tiny 0.2.0"
    assert (
        "| `Cargo.toml:8` | `acme in [dependencies]` | `0.1.0` | `0.2.0` |"
        in (pull["body"])
    )
    assert "releases/tag/v0.2.0" in pull["body"]
    # nothing is left behind here, and no login has reached the test
    assert acme.git("status", "--porcelain", "--ignored") == status
    text = seen.read_text()
    for secret in ("s3cret", os.environ["GH_TOKEN"], own["SSH_AUTH_SOCK"]):
        assert secret not in text
    for name in ("GH_TOKEN=", "CARGO_REGISTRY_TOKEN", "credentials"):
        assert name not in text

    page = documented()["inv downstream --json"]
    assert set(found) == page["repositories"]
    assert set(change) == page["changes"]
    head = app_git(acme, "rev-parse", "update-tiny")
    again = acme.inv(*DOWNSTREAM, **own)
    assert row(again)["state"] == "proposed"
    assert app_git(acme, "rev-parse", "update-tiny") == head

    # somebody adds to the branch, and the next version comes on top of that
    clone = tmp_path / "theirs"
    path = acme.registries.github.repository("example", "app").path
    acme.git("clone", "--quiet", "--branch=update-tiny", str(path), str(clone))
    (clone / "src" / "lib.rs").write_text("pub use acme::*;\n")
    acme.git("commit", "--quiet", "--all", "--message=Adapt", folder=clone)
    acme.git("push", "--quiet", "origin", "update-tiny", folder=clone)
    bump(acme, "0.2.1")
    publish(acme)
    acme.release_by_hand("v0.2.1")
    later = row(acme.inv(*DOWNSTREAM, **own))
    assert (later["state"], later["pull_request"]) == (
        "updated",
        found["pull_request"],
    )
    subjects = app_git(acme, "log", "--format=%s", "main..update-tiny")
    assert subjects.splitlines() == [
        "Update to tiny 0.2.1",
        "Adapt",
        "Update to tiny 0.2.0",
    ]
    assert [pull["title"] for pull in pulls()] == ["Update to tiny 0.2.1"]

    merge = f"repos/{APP}/pulls/1/merge"
    subprocess.run(
        ["gh", "api", "-X", "PUT", merge], check=True, capture_output=True
    )
    merged = acme.inv(*DOWNSTREAM, **own)
    assert row(merged)["state"] == "current"
    assert "nothing to do, example/app has tiny 0.2.1" in merged.stderr


def test_what_stands_against_a_proposal_changes_nothing(
    acme: TinyProject, tmp_path: Path
) -> None:
    bump(acme, "0.2.0")
    early = acme.inv(*DOWNSTREAM)
    assert early.returncode == 1
    assert "tiny 0.2.0 is not complete: acme on crates.io is missing, " in (
        early.stderr
    )
    assert "inv release --version 0.2.0" in early.stderr
    publish(acme)
    acme.release_by_hand("v0.2.0")

    for name in ("empty", "own", "based"):
        acme.registries.github.create("example", name, acme.root)
    (acme.root / "release-tasks.toml").write_text(
        f'[downstream."{APP}"]\ntest = "false"\n'
        '[downstream."example/absent"]\n[downstream."example/empty"]\n'
        '[downstream."example/own"]\nbranch = "main"\n'
        '[downstream."example/based"]\nbase = "develop"\n'
    )
    refused = acme.inv(*DOWNSTREAM)
    assert refused.returncode == 1
    for text in (
        "example/app: `false` fails with tiny 0.2.0",
        "GitHub shows no repository example/absent",
        "example/empty uses nothing of tiny 0.2.0",
        "branch is main, which nothing is pushed to directly",
        "example/based has no branch develop",
    ):
        assert text in refused.stderr
    rows = json.loads(refused.stdout)["repositories"]
    assert [one["state"] for one in rows] == ["failed"] * 5
    assert app_git(acme, "branch").split() == ["*", "main"]
    assert pulls() == []

    (acme.root / "release-tasks.toml").write_text("")
    none = acme.inv("downstream")
    assert "release-tasks.toml names no repository that uses tiny" in (
        none.stderr
    )


@pytest.mark.long
@pytest.mark.statement("B5.35")
def test_a_fork_gets_the_branch_and_what_was_closed_stays_closed(
    acme: TinyProject,
) -> None:
    dependency = '{ git = "https://github.com/example/tiny" }'
    manifest = USER["Cargo.toml"].replace('"0.1.0" #', f"{dependency} #")
    make_app(acme, USER | {"Cargo.toml": manifest})
    repository = acme.registries.github.repository("example", "app")
    assert "git+https://" in app_git(acme, "show", "main:Cargo.lock")
    acme.registries.github.create("me", "app", repository.path)
    bump(acme, "0.2.0")
    publish(acme)
    acme.release_by_hand("v0.2.0")
    (acme.root / "release-tasks.toml").write_text(
        f'[downstream."{APP}"]\nfork = "me/app"\ndraft = true\n'
    )
    assert row(acme.inv(*DOWNSTREAM))["state"] == "opened"
    lock = app_git(acme, "show", "update-tiny:Cargo.lock", owner="me")
    assert 'name = "acme"\nversion = "0.2.0"\nsource = "registry+' in lock
    # as if killed after the push: the next run opens what is missing
    repository.pulls.clear()
    assert row(acme.inv(*DOWNSTREAM))["state"] == "opened"
    [pull] = pulls()
    assert pull["draft"]
    assert pull["head"]["label"] == "me:update-tiny"
    assert app_git(acme, "branch").split() == ["*", "main"]

    argv = ["gh", "api", "-X", "PATCH", f"repos/{APP}/pulls/1"]
    argv += ["-f", "state=closed"]
    subprocess.run(argv, check=True, capture_output=True)
    assert row(acme.inv(*DOWNSTREAM))["state"] == "closed"
    assert [pull["state"] for pull in pulls()] == ["closed"]
    # the next version takes the place of what was closed
    bump(acme, "0.2.1")
    publish(acme)
    acme.release_by_hand("v0.2.1")
    assert row(acme.inv(*DOWNSTREAM))["state"] == "opened"
    fork = acme.registries.github.repository("me", "app").path
    subjects = acme.git("log", "--format=%s", "main..update-tiny", folder=fork)
    assert subjects.splitlines() == ["Update to tiny 0.2.1"]
