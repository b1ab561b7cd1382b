"""Clones, fetches and pushes with an unchanged git, under both spellings of the remote."""

from __future__ import annotations

import pytest
from support.github_world import TOKEN, running

pytestmark = pytest.mark.tools("git")


@pytest.fixture
def world(tmp_path):
    with running(tmp_path) as world:
        yield world


def commit(world, message="Go on"):
    world.ok("git", "commit", "-q", "--allow-empty", "-m", message)
    return world.ok("git", "rev-parse", "HEAD")


def test_a_new_repository_has_the_branches_and_tags_of_its_source(world):
    head = world.ok("git", "rev-parse", "HEAD")
    refs = world.remote_refs()
    assert refs["HEAD"] == refs["refs/heads/main"] == refs["refs/tags/v0.1.0^{}"] == head


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/tool.git",
        "https://github.com/acme/tool",
        "git@github.com:acme/tool.git",
    ],
)
def test_a_clone_gets_everything(world, url):
    world.ok("git", "clone", "-q", url, "copy", cwd=world.folder)
    assert (world.folder / "copy" / "README.md").read_text() == "# tool\n"
    assert world.ok("git", "tag", cwd=world.folder / "copy") == "v0.1.0"


def test_a_shallow_clone_works_with_both_protocols(world):
    commit(world)
    world.ok("git", "push", "-q", "origin", "main")
    for version in ("0", "2"):
        target = f"shallow{version}"
        world.ok(
            "git",
            "-c",
            f"protocol.version={version}",
            "clone",
            "-q",
            "--depth",
            "1",
            "https://github.com/acme/tool",
            target,
            cwd=world.folder,
        )
        assert world.ok("git", "rev-list", "--count", "HEAD", cwd=world.folder / target) == "1"


def test_an_atomic_push_of_branch_and_tag_arrives(world):
    head = commit(world)
    world.ok("git", "tag", "v0.2.0")
    shown = world.run("git", "push", "--atomic", "origin", "main", "v0.2.0")
    assert shown.returncode == 0
    assert "To https://github.com/acme/tool.git" in shown.stderr
    assert "* [new tag]         v0.2.0 -> v0.2.0" in shown.stderr
    refs = world.remote_refs()
    assert refs["refs/heads/main"] == refs["refs/tags/v0.2.0"] == head


def test_an_atomic_push_changes_nothing_when_one_part_is_refused(world):
    before = world.remote_refs()
    commit(world)
    world.ok("git", "tag", "-f", "v0.1.0")
    said = world.fails("git", "push", "--atomic", "origin", "main", "v0.1.0")
    assert "[rejected]        v0.1.0 -> v0.1.0 (already exists)" in said
    assert world.remote_refs() == before


def test_a_large_push_is_sent_in_chunks_and_arrives(world):
    (world.work / "big").write_bytes(bytes(range(256)) * 12_000)
    world.ok("git", "add", "big")
    head = commit(world, "Add a large file")
    world.ok(
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
    assert world.remote_refs()["refs/heads/main"] == head


def test_a_deleted_tag_turns_its_release_into_a_draft(world):
    world.api("POST", "releases", json={"tag_name": "v0.1.0"})
    assert not world.release("v0.1.0")["draft"]
    assert "[deleted]" in world.run("git", "push", "origin", "--delete", "v0.1.0").stderr
    assert "refs/tags/v0.1.0" not in world.remote_refs()
    assert world.release("v0.1.0")["draft"]


def test_a_fetch_brings_the_tag_that_a_release_made(world):
    world.api("POST", "releases", json={"tag_name": "v0.3.0", "target_commitish": "main"})
    world.ok("git", "fetch", "-q", "--tags", "origin")
    assert world.ok("git", "rev-parse", "v0.3.0") == world.ok("git", "rev-parse", "main")


def test_an_unknown_repository_is_not_found(world):
    said = world.fails("git", "ls-remote", "https://github.com/acme/other.git", code=128)
    assert "Repository not found." in said


def test_an_empty_repository_takes_its_first_push(world):
    world.hub.create("acme", "new")
    world.ok("git", "push", "-q", "https://github.com/acme/new.git", "main")
    assert world.api("GET", "/repos/acme/new/commits/main").json()["sha"] == world.ok(
        "git", "rev-parse", "HEAD"
    )


def test_the_loopback_address_serves_git_too(world):
    assert world.ok("git", "ls-remote", f"{world.url}/acme/tool.git", "HEAD").endswith("HEAD")


def test_a_closed_stand_in_wants_the_token_for_a_push(tmp_path):
    with running(tmp_path, open_push=False) as world:
        commit(world)
        assert "could not read Username" in world.fails("git", "push", "origin", "main", code=128)
        wrong = world.fails(
            "git", "push", "https://x:wrong@github.com/acme/tool.git", "main", code=128
        )
        assert "Authentication failed" in wrong
        world.ok("git", "push", f"https://x-access-token:{TOKEN}@github.com/acme/tool.git", "main")


@pytest.mark.tools("gh")
def test_a_closed_stand_in_accepts_the_credential_helper_of_gh(tmp_path):
    with running(tmp_path, open_push=False) as world:
        head = commit(world)
        world.ok(
            "git", "-c", "credential.helper=!gh auth git-credential", "push", "-q", "origin", "main"
        )
        assert world.remote_refs()["refs/heads/main"] == head
