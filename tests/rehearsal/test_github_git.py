"""Clones, fetches and pushes with an unchanged git, under both spellings of the remote."""

from __future__ import annotations

import pytest
from support.github_client import TOKEN, local_github
from support.repositories import commit_files, git

from release_tasks.rehearsal.github.rights import Rights
from release_tasks.rehearsal.mirrors import Mirrors

pytestmark = pytest.mark.tools("git")


@pytest.fixture
def github(tmp_path):
    with local_github(tmp_path) as github:
        yield github


def commit(github, message="Go on"):
    github.ok("git", "commit", "-q", "--allow-empty", "-m", message)
    return github.ok("git", "rev-parse", "HEAD")


def test_a_new_repository_has_the_branches_and_tags_of_its_source(github):
    head = github.ok("git", "rev-parse", "HEAD")
    refs = github.remote_refs()
    assert (
        refs["HEAD"]
        == refs["refs/heads/main"]
        == refs["refs/tags/v0.1.0^{}"]
        == head
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/tool.git",
        "https://github.com/acme/tool",
        "git@github.com:acme/tool.git",
    ],
)
def test_a_clone_gets_everything(github, url):
    github.ok("git", "clone", "-q", url, "copy", cwd=github.folder)
    assert (github.folder / "copy" / "README.md").read_text() == "# tool\n"
    assert github.ok("git", "tag", cwd=github.folder / "copy") == "v0.1.0"


def test_a_shallow_clone_works_with_both_protocols(github):
    commit(github)
    github.ok("git", "push", "-q", "origin", "main")
    for version in ("0", "2"):
        target = f"shallow{version}"
        github.ok(
            "git",
            "-c",
            f"protocol.version={version}",
            "clone",
            "-q",
            "--depth",
            "1",
            "https://github.com/acme/tool",
            target,
            cwd=github.folder,
        )
        assert (
            github.ok(
                "git", "rev-list", "--count", "HEAD", cwd=github.folder / target
            )
            == "1"
        )


def test_an_atomic_push_of_branch_and_tag_arrives(github):
    head = commit(github)
    github.ok("git", "tag", "v0.2.0")
    shown = github.run("git", "push", "--atomic", "origin", "main", "v0.2.0")
    assert shown.returncode == 0
    assert "To https://github.com/acme/tool.git" in shown.stderr
    assert "* [new tag]         v0.2.0 -> v0.2.0" in shown.stderr
    refs = github.remote_refs()
    assert refs["refs/heads/main"] == refs["refs/tags/v0.2.0"] == head


def test_an_atomic_push_changes_nothing_when_one_part_is_refused(github):
    before = github.remote_refs()
    commit(github)
    github.ok("git", "tag", "-f", "v0.1.0")
    said = github.fails("git", "push", "--atomic", "origin", "main", "v0.1.0")
    assert "[rejected]        v0.1.0 -> v0.1.0 (already exists)" in said
    assert github.remote_refs() == before


def test_a_large_push_is_sent_in_chunks_and_arrives(github):
    (github.work / "big").write_bytes(bytes(range(256)) * 12_000)
    github.ok("git", "add", "big")
    head = commit(github, "Add a large file")
    github.ok(
        "git",
        "-c",
        "http.postBuffer=65536",
        "-c",
        "core.compression=0",
        "push",
        "-q",
        "origin",
        "main",
    )
    assert github.remote_refs()["refs/heads/main"] == head


def test_a_deleted_tag_turns_its_release_into_a_draft(github):
    github.api("POST", "releases", json={"tag_name": "v0.1.0"})
    assert not github.release("v0.1.0")["draft"]
    assert (
        "[deleted]"
        in github.run("git", "push", "origin", "--delete", "v0.1.0").stderr
    )
    assert "refs/tags/v0.1.0" not in github.remote_refs()
    assert github.release("v0.1.0")["draft"]


def test_a_fetch_brings_the_tag_that_a_release_made(github):
    github.api(
        "POST",
        "releases",
        json={"tag_name": "v0.3.0", "target_commitish": "main"},
    )
    github.ok("git", "fetch", "-q", "--tags", "origin")
    assert github.ok("git", "rev-parse", "v0.3.0") == github.ok(
        "git", "rev-parse", "main"
    )


def test_an_unknown_repository_is_not_found(github):
    said = github.fails(
        "git", "ls-remote", "https://github.com/acme/other.git", code=128
    )
    assert "Repository not found." in said


def test_another_repository_is_read_as_the_users_git_reads_it(
    github, tmp_path, monkeypatch
):
    real = commit_files(
        tmp_path / "real" / "acme" / "other.git", {"a.txt": "a"}
    )
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{tmp_path}/real/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://github.com/")
    github.hub.mirrors = Mirrors(tmp_path / "mirrors")
    url = "https://github.com/acme/other.git"
    head = git(real, "rev-parse", "HEAD").strip()
    assert github.ok("git", "ls-remote", url, "HEAD").split() == [head, "HEAD"]
    github.fails("git", "push", url, "main", code=128)
    missing = "https://github.com/acme/missing.git"
    said = github.fails("git", "ls-remote", missing, code=128)
    assert "Repository not found." in said


def test_an_empty_repository_takes_its_first_push(github):
    github.hub.create("acme", "new")
    github.ok("git", "push", "-q", "https://github.com/acme/new.git", "main")
    assert github.api("GET", "/repos/acme/new/commits/main").json()[
        "sha"
    ] == github.ok("git", "rev-parse", "HEAD")


def test_the_loopback_address_serves_git_too(github):
    assert github.ok(
        "git", "ls-remote", f"{github.url}/acme/tool.git", "HEAD"
    ).endswith("HEAD")


def test_without_open_push_a_push_needs_the_token(tmp_path):
    with local_github(tmp_path, open_push=False) as github:
        commit(github)
        assert "could not read Username" in github.fails(
            "git", "push", "origin", "main", code=128
        )
        wrong = github.fails(
            "git",
            "push",
            "https://x:wrong@github.com/acme/tool.git",
            "main",
            code=128,
        )
        assert "Authentication failed" in wrong
        github.hub.add_token("reader", Rights.READ)
        reader = github.fails(
            "git",
            "push",
            "https://x:reader@github.com/acme/tool.git",
            "main",
            code=128,
        )
        assert "Write access to repository not granted" in reader
        github.ok(
            "git",
            "push",
            f"https://x-access-token:{TOKEN}@github.com/acme/tool.git",
            "main",
        )


@pytest.mark.tools("gh")
def test_without_open_push_the_credential_helper_of_gh_is_accepted(tmp_path):
    with local_github(tmp_path, open_push=False) as github:
        head = commit(github)
        github.ok(
            "git",
            "-c",
            "credential.helper=!gh auth git-credential",
            "push",
            "-q",
            "origin",
            "main",
        )
        assert github.remote_refs()["refs/heads/main"] == head
