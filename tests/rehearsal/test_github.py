"""The REST API of the local GitHub: who may ask, what it refuses, and with which message."""

from __future__ import annotations

import hashlib
import io
import socket
import tarfile
from typing import Any

import pytest
import requests
from support.github_client import TOKEN, local_github
from support.waiting import wait_until

pytestmark = pytest.mark.tools("git")


@pytest.fixture
def github(tmp_path):
    with local_github(tmp_path) as github:
        yield github


def errors(answer, status=422):
    """Return the message and the errors of a refusal."""
    assert answer.status_code == status, answer.text
    return answer.json()["message"], answer.json().get("errors", [])


def draft(github, tag="v1.0.0", **more):
    return github.api(
        "POST", "releases", json={"tag_name": tag, "draft": True} | more
    ).json()


def published(github, tag="v1.0.0", **more):
    return github.api("POST", "releases", json={"tag_name": tag} | more).json()


def test_a_wrong_token_is_refused_and_public_data_needs_none(github):
    release = draft(github)
    assert (
        errors(github.api("GET", "releases", token="wrong"), 401)[0]
        == "Bad credentials"
    )
    assert github.api("GET", "releases", token=None).json() == []
    assert (
        errors(github.api("GET", f"releases/{release['id']}", token=None), 404)[
            0
        ]
        == "Not Found"
    )
    assert (
        errors(
            github.api("POST", "releases", token=None, json={"tag_name": "v2"}),
            401,
        )[0]
        == "Requires authentication"
    )
    assert [
        found["tag_name"] for found in github.api("GET", "releases").json()
    ] == ["v1.0.0"]


def test_the_token_is_accepted_in_every_form_of_header(github):
    for value in (f"token {TOKEN}", f"Bearer {TOKEN}"):
        assert (
            github.api(
                "GET", "/user", token=None, headers={"Authorization": value}
            ).json()["login"]
            == "rehearsal"
        )
    assert (
        requests.get(
            f"{github.url}/api/v3/user", auth=("x", TOKEN), timeout=30
        ).status_code
        == 200
    )


def test_a_repository_shows_its_default_branch_and_rights(github):
    shown = github.api("GET", "").json()
    assert (
        shown["full_name"],
        shown["default_branch"],
        shown["visibility"],
    ) == (
        "acme/tool",
        "main",
        "public",
    )
    assert shown["permissions"]["push"]
    assert (
        "push"
        not in github.api("GET", "/repos/ACME/Tool", token=None).json()[
            "permissions"
        ]
    )
    assert errors(github.api("GET", "/repos/acme/other"), 404)[0] == "Not Found"


def test_the_server_shows_limits_and_scopes(github):
    answer = github.api("GET", "/rate_limit")
    assert answer.json()["rate"]["limit"] == 5000
    assert "repo" in answer.headers["X-OAuth-Scopes"]
    assert github.api("GET", "/meta").status_code == 200


def test_a_draft_is_not_found_by_its_tag(github):
    release = draft(github)
    assert release["published_at"] is None
    assert github.api("GET", "releases/tags/v1.0.0").status_code == 404
    github.api("PATCH", f"releases/{release['id']}", json={"draft": False})
    assert (
        github.api("GET", "releases/tags/v1.0.0").json()["id"] == release["id"]
    )


def test_a_release_needs_a_valid_tag_and_target(github):
    assert (
        '"tag_name" wasn\'t supplied'
        in errors(github.api("POST", "releases", json={}))[0]
    )
    _, wrong = errors(github.api("POST", "releases", json={"tag_name": "a b"}))
    assert "tag_name is not well-formed" in [
        error["message"] for error in wrong
    ]
    _, wrong = errors(
        github.api(
            "POST",
            "releases",
            json={"tag_name": "v1", "target_commitish": "nowhere"},
        )
    )
    assert wrong[-1] == {
        "resource": "Release",
        "code": "invalid",
        "field": "target_commitish",
    }
    assert (
        errors(github.api("POST", "releases", data=b"{"), 400)[0]
        == "Problems parsing JSON"
    )
    github.hub.create("acme", "empty")
    assert (
        errors(
            github.api(
                "POST", "/repos/acme/empty/releases", json={"tag_name": "v1"}
            )
        )[0]
        == "Repository is empty."
    )


def test_lists_come_in_pages_with_links(github):
    release = draft(github)
    for number in range(5):
        github.upload(release, f"part-{number}", b"x")
    answer = github.api(
        "GET",
        f"releases/{release['id']}/assets",
        params={"per_page": 2, "page": 2},
    )
    assert [asset["name"] for asset in answer.json()] == ["part-2", "part-3"]
    assert set(answer.links) == {"next", "last", "prev", "first"}
    assert answer.links["next"]["url"].endswith(
        f"/releases/{release['id']}/assets?per_page=2&page=3"
    )
    last = github.api("GET", answer.links["last"]["url"])
    assert [asset["name"] for asset in last.json()] == ["part-4"]
    assert "next" not in last.links


def test_an_asset_keeps_its_bytes_digest_and_type(github):
    release, data = draft(github), bytes(range(256)) * 999
    made = github.upload(release, "tool.bin", data)
    assert made.status_code == 201
    asset = made.json()
    assert (asset["state"], asset["size"]) == ("uploaded", len(data))
    assert asset["digest"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
    raw = github.api(
        "GET", asset["url"], headers={"Accept": "application/octet-stream"}
    )
    assert raw.content == data
    assert github.api("GET", asset["url"]).json()["download_count"] == 1


def test_an_asset_of_the_same_name_is_refused(github):
    release = draft(github)
    github.upload(release, "a", b"x")
    assert errors(github.upload(release, "a", b"y")) == (
        "Validation Failed",
        [
            {
                "resource": "ReleaseAsset",
                "code": "already_exists",
                "field": "name",
            }
        ],
    )


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a b (1)~rc.txt", "a.b.1.rc.txt"),
        ("tool-1.0+cpu.whl", "tool-1.0+cpu.whl"),
        (".env", "default.env"),
    ],
)
def test_special_characters_of_a_name_become_dots(github, sent, kept):
    assert github.upload(draft(github), sent, b"x").json()["name"] == kept


def test_empty_files_are_refused(github):
    release = draft(github)
    assert (
        errors(github.upload(release, "empty", b""))[1][0]["message"]
        == "size must be greater than or equal to 1"
    )
    assert (
        errors(github.upload(release, "chunked", iter([b"x"])), 400)[0]
        == "Bad Content-Length: "
    )


def test_an_asset_can_be_renamed_and_labelled(github):
    release = draft(github)
    github.upload(release, "taken", b"x")
    asset = github.upload(release, "a", b"x").json()
    changed = github.api(
        "PATCH", asset["url"], json={"name": "b", "label": "Bee"}
    ).json()
    assert (changed["name"], changed["label"]) == ("b", "Bee")
    assert (
        errors(github.api("PATCH", asset["url"], json={"name": "taken"}))[1][0][
            "code"
        ]
        == "already_exists"
    )


def test_an_interrupted_upload_leaves_a_starter_that_can_be_deleted(github):
    release = draft(github)
    place = (
        release["upload_url"]
        .split(github.url)[1]
        .replace("{?name,label}", "?name=cut.bin")
    )
    head = (
        f"POST {place} HTTP/1.1\r\nHost: localhost\r\nAuthorization: token {TOKEN}\r\n"
        f"Content-Length: 100\r\n\r\n"
    )
    with socket.create_connection(
        ("127.0.0.1", int(github.url.rsplit(":", 1)[1]))
    ) as connection:
        connection.sendall(head.encode() + b"only these")

    def left() -> Any:
        return github.api("GET", f"releases/{release['id']}").json()["assets"]

    wait_until(left)
    [cut] = left()
    assert (cut["state"], cut["digest"]) == ("starter", None)
    assert (
        errors(github.upload(release, "cut.bin", b"again"))[1][0]["code"]
        == "already_exists"
    )
    assert (
        github.api(
            "GET",
            cut["url"],
            headers={"Accept": "application/octet-stream"},
        ).status_code
        == 404
    )
    assert github.api("DELETE", cut["url"]).status_code == 204
    assert github.upload(release, "cut.bin", b"again").status_code == 201


def test_leave_starter_adds_an_unfinished_asset(github):
    draft(github)
    github.hub.leave_starter("acme", "tool", "v1.0.0", "half.bin")
    assert github.release("v1.0.0")["assets"]["half.bin"] == {
        "size": 0,
        "digest": "",
        "state": "starter",
    }


def test_files_of_published_releases_are_public(github):
    release = draft(github)
    asset = github.upload(release, "a.txt", b"text").json()
    assert (
        requests.get(asset["browser_download_url"], timeout=30).status_code
        == 404
    )
    shown = github.api(
        "PATCH", f"releases/{release['id']}", json={"draft": False}
    ).json()
    assert (
        shown["assets"][0]["browser_download_url"]
        == f"{github.url}/acme/tool/releases/download/v1.0.0/a.txt"
    )
    for path in ("download/v1.0.0/a.txt", "latest/download/a.txt"):
        assert (
            requests.get(
                f"{github.url}/acme/tool/releases/{path}", timeout=30
            ).content
            == b"text"
        )
    answer = requests.get(
        f"{github.url}/acme/tool/releases/latest",
        timeout=30,
        allow_redirects=False,
    )
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        f"{github.url}/acme/tool/releases/tag/v1.0.0",
    )


def test_the_source_of_a_tag_can_be_fetched_as_an_archive(github):
    answer = requests.get(
        f"{github.url}/acme/tool/archive/refs/tags/v0.1.0.tar.gz", timeout=30
    )
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as file:
        assert "tool-0.1.0/README.md" in file.getnames()


def test_refs_are_read_made_and_deleted(github):
    head = github.ok("git", "rev-parse", "HEAD")
    assert (
        github.api("GET", "git/ref/tags/v0.1.0").json()["object"]["type"]
        == "tag"
    )
    assert github.api("GET", "git/ref/tags/v0").status_code == 404
    made = github.api(
        "POST", "git/refs", json={"ref": "refs/tags/v0.2.0", "sha": head}
    )
    assert (made.status_code, made.json()["object"]["sha"]) == (201, head)
    assert (
        errors(
            github.api(
                "POST",
                "git/refs",
                json={"ref": "refs/tags/v0.2.0", "sha": head},
            )
        )[0]
        == "Reference already exists"
    )
    assert (
        errors(
            github.api(
                "POST", "git/refs", json={"ref": "refs/tags/x", "sha": "0" * 40}
            )
        )[0]
        == "Object does not exist"
    )
    assert [
        ref["ref"]
        for ref in github.api("GET", "git/matching-refs/tags/v0").json()
    ] == [
        "refs/tags/v0.1.0",
        "refs/tags/v0.2.0",
    ]
    assert [tag["name"] for tag in github.api("GET", "tags").json()] == [
        "v0.2.0",
        "v0.1.0",
    ]
    assert github.api("DELETE", "git/refs/tags/v0.2.0").status_code == 204
    assert (
        errors(github.api("DELETE", "git/refs/tags/v0.2.0"))[0]
        == "Reference does not exist"
    )


def test_a_commit_is_found_by_every_name(github):
    head = github.ok("git", "rev-parse", "HEAD")
    for name in ("main", "v0.1.0", head, head[:8], "HEAD"):
        assert github.api("GET", f"commits/{name}").json()["sha"] == head
    shown = github.api("GET", "commits/main").json()["commit"]
    assert (shown["message"], shown["author"]["name"]) == ("Begin", "Rehearsal")
    assert (
        errors(github.api("GET", "commits/nowhere"))[0]
        == "No commit found for SHA: nowhere"
    )


def test_an_immutable_release_keeps_its_files_and_its_tag(tmp_path):
    with local_github(tmp_path, immutable=True) as github:
        release = draft(github)
        asset = github.upload(release, "a", b"x").json()
        shown = github.api(
            "PATCH", f"releases/{release['id']}", json={"draft": False}
        ).json()
        assert shown["immutable"]
        assert (
            errors(github.upload(shown, "b", b"x"))[0]
            == "Cannot upload assets to an immutable release."
        )
        assert github.api("DELETE", asset["url"]).status_code == 422
        assert (
            github.api("PATCH", asset["url"], json={"name": "c"}).status_code
            == 422
        )
        assert (
            github.api(
                "PATCH", shown["url"], json={"tag_name": "v2"}
            ).status_code
            == 422
        )
        assert (
            github.api(
                "PATCH", shown["url"], json={"name": "New", "body": "Notes"}
            ).json()["name"]
            == "New"
        )
        assert (
            "Cannot delete this protected ref"
            in errors(github.api("DELETE", "git/refs/tags/v1.0.0"))[0]
        )
        for push in (
            ("origin", ":v1.0.0"),
            ("-f", "origin", "v0.1.0:refs/tags/v1.0.0"),
        ):
            assert "GH013: Repository rule violations found" in github.fails(
                "git", "push", *push
            )
        assert github.api("GET", "immutable-releases").json()["enabled"]


def test_the_tag_of_a_deleted_immutable_release_can_never_be_used_again(
    tmp_path,
):
    with local_github(tmp_path, immutable=True) as github:
        shown = published(github)
        assert github.api("DELETE", shown["url"]).status_code == 204
        assert github.api("DELETE", "git/refs/tags/v1.0.0").status_code == 204
        _, wrong = errors(
            github.api("POST", "releases", json={"tag_name": "v1.0.0"})
        )
        assert (
            wrong[0]["message"] == "tag_name was used by an immutable release"
        )
        assert "GH013" in github.fails(
            "git", "push", "origin", "main:refs/tags/v1.0.0"
        )
        assert published(github, "v1.0.1")["tag_name"] == "v1.0.1"


def test_milestones_and_issues_can_be_created_listed_and_edited(github):
    assert (
        github.api("POST", "milestones", json={"title": "v1"}).json()["number"]
        == 1
    )
    github.api(
        "POST",
        "issues",
        json={"title": "A bug", "milestone": 1, "labels": ["bug"]},
    )
    assert github.api("GET", "milestones/1").json()["open_issues"] == 1
    assert (
        github.api("PATCH", "issues/1", json={"state": "closed"}).json()[
            "state"
        ]
        == "closed"
    )
    assert github.api("GET", "issues").json() == []
    assert [
        item["title"]
        for item in github.api("GET", "issues?state=all&milestone=1").json()
    ] == ["A bug"]
    assert (
        github.api("PATCH", "milestones/1", json={"state": "closed"}).json()[
            "closed_issues"
        ]
        == 1
    )


def test_an_unknown_path_is_not_found(github):
    for path in (
        "actions/caches",
        "/nothing",
        "releases/1",
        "releases/assets/1",
    ):
        assert github.api("GET", path).status_code == 404
    assert (
        requests.get(f"{github.url}/acme/tool/wiki", timeout=30).status_code
        == 404
    )
