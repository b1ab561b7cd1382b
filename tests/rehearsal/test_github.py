"""The REST API of the GitHub stand-in: who may ask, what it refuses, and in which words."""

from __future__ import annotations

import hashlib
import io
import socket
import tarfile
import time

import pytest
import requests
from support.github_world import TOKEN, running

pytestmark = pytest.mark.tools("git")


@pytest.fixture
def world(tmp_path):
    with running(tmp_path) as world:
        yield world


def errors(answer, status=422):
    """Return the message and the errors of a refusal."""
    assert answer.status_code == status, answer.text
    return answer.json()["message"], answer.json().get("errors", [])


def draft(world, tag="v1.0.0", **more):
    return world.api("POST", "releases", json={"tag_name": tag, "draft": True} | more).json()


def published(world, tag="v1.0.0", **more):
    return world.api("POST", "releases", json={"tag_name": tag} | more).json()


def test_a_wrong_token_is_told_so_and_none_reads_what_is_public(world):
    release = draft(world)
    assert errors(world.api("GET", "releases", token="wrong"), 401)[0] == "Bad credentials"
    assert world.api("GET", "releases", token=None).json() == []
    assert errors(world.api("GET", f"releases/{release['id']}", token=None), 404)[0] == "Not Found"
    assert (
        errors(world.api("POST", "releases", token=None, json={"tag_name": "v2"}), 401)[0]
        == "Requires authentication"
    )
    assert [found["tag_name"] for found in world.api("GET", "releases").json()] == ["v1.0.0"]


def test_the_token_counts_in_every_spelling(world):
    for value in (f"token {TOKEN}", f"Bearer {TOKEN}"):
        assert (
            world.api("GET", "/user", token=None, headers={"Authorization": value}).json()["login"]
            == "rehearsal"
        )
    assert (
        requests.get(f"{world.url}/api/v3/user", auth=("x", TOKEN), timeout=30).status_code == 200
    )


def test_a_repository_tells_its_default_branch_and_rights(world):
    shown = world.api("GET", "").json()
    assert (shown["full_name"], shown["default_branch"], shown["visibility"]) == (
        "acme/tool",
        "main",
        "public",
    )
    assert shown["permissions"]["push"]
    assert "push" not in world.api("GET", "/repos/ACME/Tool", token=None).json()["permissions"]
    assert errors(world.api("GET", "/repos/acme/other"), 404)[0] == "Not Found"


def test_the_server_tells_limits_and_scopes(world):
    answer = world.api("GET", "/rate_limit")
    assert answer.json()["rate"]["limit"] == 5000
    assert "repo" in answer.headers["X-OAuth-Scopes"]
    assert world.api("GET", "/meta").status_code == 200


def test_a_tag_is_never_found_as_a_draft(world):
    release = draft(world)
    assert release["published_at"] is None
    assert world.api("GET", "releases/tags/v1.0.0").status_code == 404
    world.api("PATCH", f"releases/{release['id']}", json={"draft": False})
    assert world.api("GET", "releases/tags/v1.0.0").json()["id"] == release["id"]


def test_a_release_needs_a_good_tag_and_target(world):
    assert '"tag_name" wasn\'t supplied' in errors(world.api("POST", "releases", json={}))[0]
    _, wrong = errors(world.api("POST", "releases", json={"tag_name": "a b"}))
    assert "tag_name is not well-formed" in [error["message"] for error in wrong]
    _, wrong = errors(
        world.api("POST", "releases", json={"tag_name": "v1", "target_commitish": "nowhere"})
    )
    assert wrong[-1] == {"resource": "Release", "code": "invalid", "field": "target_commitish"}
    assert errors(world.api("POST", "releases", data=b"{"), 400)[0] == "Problems parsing JSON"
    world.hub.create("acme", "empty")
    assert (
        errors(world.api("POST", "/repos/acme/empty/releases", json={"tag_name": "v1"}))[0]
        == "Repository is empty."
    )


def test_lists_come_in_pages_with_links(world):
    release = draft(world)
    for number in range(5):
        world.upload(release, f"part-{number}", b"x")
    answer = world.api("GET", f"releases/{release['id']}/assets", params={"per_page": 2, "page": 2})
    assert [asset["name"] for asset in answer.json()] == ["part-2", "part-3"]
    assert set(answer.links) == {"next", "last", "prev", "first"}
    assert answer.links["next"]["url"].endswith(
        f"/releases/{release['id']}/assets?per_page=2&page=3"
    )
    last = world.api("GET", answer.links["last"]["url"])
    assert [asset["name"] for asset in last.json()] == ["part-4"]
    assert "next" not in last.links


def test_an_asset_keeps_its_bytes_digest_and_type(world):
    release, data = draft(world), bytes(range(256)) * 999
    made = world.upload(release, "tool.bin", data)
    assert made.status_code == 201
    asset = made.json()
    assert (asset["state"], asset["size"]) == ("uploaded", len(data))
    assert asset["digest"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
    raw = world.api("GET", asset["url"], headers={"Accept": "application/octet-stream"})
    assert raw.content == data
    assert world.api("GET", asset["url"]).json()["download_count"] == 1


def test_an_asset_of_the_same_name_is_refused(world):
    release = draft(world)
    world.upload(release, "a", b"x")
    assert errors(world.upload(release, "a", b"y")) == (
        "Validation Failed",
        [{"resource": "ReleaseAsset", "code": "already_exists", "field": "name"}],
    )


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a b (1)~rc.txt", "a.b.1.rc.txt"),
        ("tool-1.0+cpu.whl", "tool-1.0+cpu.whl"),
        (".env", "default.env"),
    ],
)
def test_special_characters_of_a_name_become_dots(world, sent, kept):
    assert world.upload(draft(world), sent, b"x").json()["name"] == kept


def test_empty_files_are_refused(world):
    release = draft(world)
    assert (
        errors(world.upload(release, "empty", b""))[1][0]["message"]
        == "size must be greater than or equal to 1"
    )
    assert errors(world.upload(release, "chunked", iter([b"x"])), 400)[0] == "Bad Content-Length: "


def test_an_asset_can_be_renamed_and_labelled(world):
    release = draft(world)
    world.upload(release, "taken", b"x")
    asset = world.upload(release, "a", b"x").json()
    changed = world.api("PATCH", asset["url"], json={"name": "b", "label": "Bee"}).json()
    assert (changed["name"], changed["label"]) == ("b", "Bee")
    assert (
        errors(world.api("PATCH", asset["url"], json={"name": "taken"}))[1][0]["code"]
        == "already_exists"
    )


def test_an_upload_that_is_cut_leaves_a_starter_that_can_be_deleted(world):
    release = draft(world)
    place = release["upload_url"].split(world.url)[1].replace("{?name,label}", "?name=cut.bin")
    head = f"POST {place} HTTP/1.1\r\nHost: x\r\nAuthorization: token {TOKEN}\r\nContent-Length: 100\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(world.url.rsplit(":", 1)[1]))) as connection:
        connection.sendall(head.encode() + b"only these")
    for _ in range(100):
        if left := world.api("GET", f"releases/{release['id']}").json()["assets"]:
            break
        time.sleep(0.05)
    assert (left[0]["state"], left[0]["digest"]) == ("starter", None)
    assert errors(world.upload(release, "cut.bin", b"again"))[1][0]["code"] == "already_exists"
    assert (
        world.api("GET", left[0]["url"], headers={"Accept": "application/octet-stream"}).status_code
        == 404
    )
    assert world.api("DELETE", left[0]["url"]).status_code == 204
    assert world.upload(release, "cut.bin", b"again").status_code == 201


def test_a_test_can_leave_a_starter(world):
    draft(world)
    world.hub.leave_starter("acme", "tool", "v1.0.0", "half.bin")
    assert world.release("v1.0.0")["assets"]["half.bin"] == {
        "size": 0,
        "digest": "",
        "state": "starter",
    }


def test_files_of_published_releases_are_there_for_everyone(world):
    release = draft(world)
    asset = world.upload(release, "a.txt", b"text").json()
    assert requests.get(asset["browser_download_url"], timeout=30).status_code == 404
    shown = world.api("PATCH", f"releases/{release['id']}", json={"draft": False}).json()
    assert (
        shown["assets"][0]["browser_download_url"]
        == f"{world.url}/acme/tool/releases/download/v1.0.0/a.txt"
    )
    for path in ("download/v1.0.0/a.txt", "latest/download/a.txt"):
        assert requests.get(f"{world.url}/acme/tool/releases/{path}", timeout=30).content == b"text"
    answer = requests.get(
        f"{world.url}/acme/tool/releases/latest", timeout=30, allow_redirects=False
    )
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        f"{world.url}/acme/tool/releases/tag/v1.0.0",
    )


def test_the_source_of_a_tag_can_be_fetched_as_an_archive(world):
    answer = requests.get(f"{world.url}/acme/tool/archive/refs/tags/v0.1.0.tar.gz", timeout=30)
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as file:
        assert "tool-0.1.0/README.md" in file.getnames()


def test_refs_are_read_made_and_deleted(world):
    head = world.ok("git", "rev-parse", "HEAD")
    assert world.api("GET", "git/ref/tags/v0.1.0").json()["object"]["type"] == "tag"
    assert world.api("GET", "git/ref/tags/v0").status_code == 404
    made = world.api("POST", "git/refs", json={"ref": "refs/tags/v0.2.0", "sha": head})
    assert (made.status_code, made.json()["object"]["sha"]) == (201, head)
    assert (
        errors(world.api("POST", "git/refs", json={"ref": "refs/tags/v0.2.0", "sha": head}))[0]
        == "Reference already exists"
    )
    assert (
        errors(world.api("POST", "git/refs", json={"ref": "refs/tags/x", "sha": "0" * 40}))[0]
        == "Object does not exist"
    )
    assert [ref["ref"] for ref in world.api("GET", "git/matching-refs/tags/v0").json()] == [
        "refs/tags/v0.1.0",
        "refs/tags/v0.2.0",
    ]
    assert [tag["name"] for tag in world.api("GET", "tags").json()] == ["v0.2.0", "v0.1.0"]
    assert world.api("DELETE", "git/refs/tags/v0.2.0").status_code == 204
    assert errors(world.api("DELETE", "git/refs/tags/v0.2.0"))[0] == "Reference does not exist"


def test_a_commit_is_found_by_every_name(world):
    head = world.ok("git", "rev-parse", "HEAD")
    for name in ("main", "v0.1.0", head, head[:8], "HEAD"):
        assert world.api("GET", f"commits/{name}").json()["sha"] == head
    shown = world.api("GET", "commits/main").json()["commit"]
    assert (shown["message"], shown["author"]["name"]) == ("Begin", "Rehearsal")
    assert errors(world.api("GET", "commits/nowhere"))[0] == "No commit found for SHA: nowhere"


def test_an_immutable_release_keeps_its_files_and_its_tag(tmp_path):
    with running(tmp_path, immutable=True) as world:
        release = draft(world)
        asset = world.upload(release, "a", b"x").json()
        shown = world.api("PATCH", f"releases/{release['id']}", json={"draft": False}).json()
        assert shown["immutable"]
        assert (
            errors(world.upload(shown, "b", b"x"))[0]
            == "Cannot upload assets to an immutable release."
        )
        assert world.api("DELETE", asset["url"]).status_code == 422
        assert world.api("PATCH", asset["url"], json={"name": "c"}).status_code == 422
        assert world.api("PATCH", shown["url"], json={"tag_name": "v2"}).status_code == 422
        assert (
            world.api("PATCH", shown["url"], json={"name": "New", "body": "Notes"}).json()["name"]
            == "New"
        )
        assert (
            "Cannot delete this protected ref"
            in errors(world.api("DELETE", "git/refs/tags/v1.0.0"))[0]
        )
        for push in (("origin", ":v1.0.0"), ("-f", "origin", "v0.1.0:refs/tags/v1.0.0")):
            assert "GH013: Repository rule violations found" in world.fails("git", "push", *push)
        assert world.api("GET", "immutable-releases").json()["enabled"]


def test_the_tag_of_a_deleted_immutable_release_can_never_be_used_again(tmp_path):
    with running(tmp_path, immutable=True) as world:
        shown = published(world)
        assert world.api("DELETE", shown["url"]).status_code == 204
        assert world.api("DELETE", "git/refs/tags/v1.0.0").status_code == 204
        _, wrong = errors(world.api("POST", "releases", json={"tag_name": "v1.0.0"}))
        assert wrong[0]["message"] == "tag_name was used by an immutable release"
        assert "GH013" in world.fails("git", "push", "origin", "main:refs/tags/v1.0.0")
        assert published(world, "v1.0.1")["tag_name"] == "v1.0.1"


def test_milestones_and_issues_can_be_kept(world):
    assert world.api("POST", "milestones", json={"title": "v1"}).json()["number"] == 1
    world.api("POST", "issues", json={"title": "A bug", "milestone": 1, "labels": ["bug"]})
    assert world.api("GET", "milestones/1").json()["open_issues"] == 1
    assert world.api("PATCH", "issues/1", json={"state": "closed"}).json()["state"] == "closed"
    assert world.api("GET", "issues").json() == []
    assert [item["title"] for item in world.api("GET", "issues?state=all&milestone=1").json()] == [
        "A bug"
    ]
    assert world.api("PATCH", "milestones/1", json={"state": "closed"}).json()["closed_issues"] == 1


def test_what_is_not_known_is_not_found(world):
    for path in ("actions/caches", "/nothing", "releases/1", "releases/assets/1"):
        assert world.api("GET", path).status_code == 404
    assert requests.get(f"{world.url}/acme/tool/wiki", timeout=30).status_code == 404
