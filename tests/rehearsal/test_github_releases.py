"""Releases with an unchanged gh: made, shown, edited, filled, fetched, taken back."""

from __future__ import annotations

import hashlib
import json

import pytest
from support.github_client import local_github

pytestmark = pytest.mark.tools("gh", "git")
VIEW = (
    "apiUrl,author,assets,body,createdAt,id,isDraft,isPrerelease,name,publishedAt,"
    "tagName,tarballUrl,targetCommitish,uploadUrl,url,zipballUrl"
)


@pytest.fixture
def github(tmp_path):
    with local_github(tmp_path) as github:
        yield github


def test_a_draft_has_its_files_and_no_tag(github):
    wheel, text = github.file("tool-1.whl"), github.file("notes.txt")
    notes = github.file("NOTES.md", "What is new\n")
    github.ok("git", "push", "-q", "origin", "main")
    said = github.ok(
        "gh",
        "release",
        "create",
        "v1.0.0",
        wheel,
        f"{text}#Read me",
        "--draft",
        "--prerelease",
        "-t",
        "One",
        "-F",
        notes,
    )
    assert said.startswith(
        "https://github.com/acme/tool/releases/tag/untagged-"
    )
    made = github.release("v1.0.0")
    assert (made["draft"], made["prerelease"], made["name"], made["body"]) == (
        True,
        True,
        "One",
        "What is new\n",
    )
    digest = hashlib.sha256(b"bytes of tool-1.whl\n").hexdigest()
    assert made["assets"]["tool-1.whl"] == {
        "size": 20,
        "digest": f"sha256:{digest}",
        "state": "uploaded",
    }
    assert "refs/tags/v1.0.0" not in github.remote_refs()
    assert github.ok("gh", "release", "list").startswith("One\tDraft\tv1.0.0\t")


def test_view_shows_every_field_of_a_draft(github):
    github.ok(
        "gh",
        "release",
        "create",
        "v1.0.0",
        f"{github.file('a.tar.gz')}#Source",
        "--draft",
        "--notes",
        "N",
    )
    shown = json.loads(
        github.ok("gh", "release", "view", "v1.0.0", "--json", VIEW)
    )
    assert shown["isDraft"]
    assert shown["publishedAt"] is None
    assert shown["targetCommitish"] == "main"
    assert shown["uploadUrl"].startswith(
        "https://uploads.github.com/repos/acme/tool/releases/"
    )
    [asset] = shown["assets"]
    assert (
        asset["name"],
        asset["label"],
        asset["contentType"],
        asset["state"],
    ) == (
        "a.tar.gz",
        "Source",
        "application/x-gtar",
        "uploaded",
    )


def test_verify_tag_stops_without_the_tag_and_not_with_it(github):
    said = github.fails(
        "gh", "release", "create", "v9.9.9", "--verify-tag", "--notes", "N"
    )
    assert (
        said.strip()
        == "tag v9.9.9 doesn't exist in the repo acme/tool, aborting due to --verify-tag flag"
    )
    github.ok(
        "gh", "release", "create", "v0.1.0", "--verify-tag", "--notes", "N"
    )


def test_a_published_release_makes_its_tag(github):
    assert (
        github.ok("gh", "release", "create", "v1.0.0", "--notes", "N")
        == "https://github.com/acme/tool/releases/tag/v1.0.0"
    )
    assert github.remote_refs()["refs/tags/v1.0.0"] == github.ok(
        "git", "rev-parse", "main"
    )
    assert "published:" in github.ok("gh", "release", "view", "v1.0.0")


def test_a_release_of_a_published_tag_is_refused(github):
    github.ok("gh", "release", "create", "v0.1.0", "--notes", "N")
    bare = github.fails("gh", "release", "create", "v0.1.0", "--notes", "N")
    assert "HTTP 422: Validation Failed" in bare
    assert "Release.tag_name already exists" in bare
    filled = github.fails(
        "gh", "release", "create", "v0.1.0", github.file("a"), "--notes", "N"
    )
    assert (
        filled.strip()
        == "a release with the same tag name already exists: v0.1.0"
    )


def test_two_drafts_of_one_tag_are_possible_and_only_one_can_be_published(
    github,
):
    first = github.api(
        "POST", "releases", json={"tag_name": "v1.0.0", "draft": True}
    ).json()
    second = github.api(
        "POST", "releases", json={"tag_name": "v1.0.0", "draft": True}
    ).json()
    assert (
        github.api("PATCH", f"releases/{first['id']}", json={"draft": False})
        .json()["html_url"]
        .endswith("/tag/v1.0.0")
    )
    refused = github.api(
        "PATCH", f"releases/{second['id']}", json={"draft": False}
    )
    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {"resource": "Release", "code": "already_exists", "field": "tag_name"}
    ]


def test_generated_notes_point_at_the_changes(github):
    github.ok("gh", "release", "create", "v1.0.0", "--generate-notes")
    assert (
        github.release("v1.0.0")["body"]
        == "**Full Changelog**: https://github.com/acme/tool/commits/v1.0.0"
    )
    github.ok(
        "gh",
        "release",
        "create",
        "v1.1.0",
        "--generate-notes",
        "--notes",
        "Mine",
    )
    assert github.release("v1.1.0")["name"] == "v1.1.0"
    assert (
        github.release("v1.1.0")["body"]
        == "Mine\n\n**Full Changelog**: https://github.com/acme/tool/compare/v1.0.0...v1.1.0"
    )
    github.ok(
        "gh",
        "release",
        "create",
        "v1.2.0",
        "--generate-notes",
        "--notes-start-tag",
        "v0.1.0",
    )
    assert github.release("v1.2.0")["body"].endswith("/compare/v0.1.0...v1.2.0")


def test_latest_is_the_newest_final_release_unless_make_latest_is_set(github):
    github.ok("gh", "release", "create", "v1.0.0", "--notes", "N")
    github.ok(
        "gh", "release", "create", "v1.1.0-rc.1", "--notes", "N", "--prerelease"
    )
    assert (
        github.ok(
            "gh", "release", "view", "--json", "tagName", "-q", ".tagName"
        )
        == "v1.0.0"
    )
    github.ok(
        "gh", "release", "create", "py-v2.0.0", "--notes", "N", "--latest=false"
    )
    assert github.release("v1.0.0")["latest"]
    github.ok("gh", "release", "edit", "py-v2.0.0", "--latest")
    assert "py-v2.0.0\tLatest\tpy-v2.0.0" in github.ok("gh", "release", "list")
    github.ok("gh", "release", "edit", "v1.0.0", "--latest")
    assert github.release("v1.0.0")["latest"]
    github.ok("gh", "release", "delete", "v1.0.0", "--yes")
    assert (
        github.api("GET", "releases/latest").json()["tag_name"] == "py-v2.0.0"
    )


def test_neither_a_draft_nor_a_prerelease_can_be_made_latest(github):
    said = github.fails(
        "gh",
        "release",
        "create",
        "v1.0.0",
        "--notes",
        "N",
        "--prerelease",
        "--latest",
    )
    assert "Latest release cannot be draft or prerelease" in said
    github.ok(
        "gh",
        "release",
        "create",
        "v1.0.0",
        "--notes",
        "N",
        "--draft",
        "--latest",
    )
    assert "Latest release cannot be draft" in github.fails(
        "gh", "release", "edit", "v1.0.0", "--latest"
    )


def test_upload_adds_files_and_replaces_one_only_with_clobber(github):
    github.ok("gh", "release", "create", "v1.0.0", "--draft", "--notes", "N")
    names = [github.file(f"part-{number}.bin") for number in range(12)]
    github.ok("gh", "release", "upload", "v1.0.0", *names)
    assert set(github.release("v1.0.0")["assets"]) == set(names)
    said = github.fails("gh", "release", "upload", "v1.0.0", names[0])
    assert (
        said.strip() == "asset under the same name already exists: [part-0.bin]"
    )
    github.file(names[0], "other bytes")
    github.ok("gh", "release", "upload", "v1.0.0", names[0], "--clobber")
    assert github.release("v1.0.0")["assets"][names[0]]["size"] == 11


def test_an_edit_publishes_a_draft(github):
    github.ok(
        "gh",
        "release",
        "create",
        "v1.0.0",
        "--draft",
        "--prerelease",
        "--notes",
        "N",
    )
    said = github.ok(
        "gh",
        "release",
        "edit",
        "v1.0.0",
        "--draft=false",
        "--prerelease=false",
        "--latest",
        "-t",
        "One",
        "-n",
        "New",
    )
    assert said == "https://github.com/acme/tool/releases/tag/v1.0.0"
    made = github.release("v1.0.0")
    assert (
        made["draft"],
        made["prerelease"],
        made["latest"],
        made["name"],
        made["body"],
    ) == (
        False,
        False,
        True,
        "One",
        "New",
    )
    assert "refs/tags/v1.0.0" in github.remote_refs()


def test_download_gets_the_files_that_match(github):
    names = [github.file("a.whl"), github.file("b.whl"), github.file("c.txt")]
    github.ok(
        "gh", "release", "create", "v1.0.0", *names, "--draft", "--notes", "N"
    )
    github.ok(
        "gh",
        "release",
        "download",
        "v1.0.0",
        "--pattern",
        "*.whl",
        "--dir",
        "out",
    )
    assert {
        file.name: file.read_text() for file in (github.work / "out").iterdir()
    } == {
        "a.whl": "bytes of a.whl\n",
        "b.whl": "bytes of b.whl\n",
    }
    assert "no assets match" in github.fails(
        "gh", "release", "download", "v1.0.0", "--pattern", "*.zip"
    )
    github.ok("gh", "release", "edit", "v1.0.0", "--draft=false")
    github.ok(
        "gh", "release", "download", "--pattern", "c.txt", "--dir", "latest"
    )
    assert (github.work / "latest" / "c.txt").exists()
    github.ok(
        "gh",
        "release",
        "download",
        "v1.0.0",
        "--archive",
        "tar.gz",
        "--dir",
        "source",
    )
    assert (github.work / "source" / "tool-1.0.0.tar.gz").read_bytes()[
        :2
    ] == b"\x1f\x8b"


def test_delete_can_delete_the_tag_too(github):
    github.ok(
        "gh", "release", "create", "v1.0.0", github.file("a"), "--notes", "N"
    )
    github.ok("gh", "release", "create", "v1.1.0", "--notes", "N")
    github.ok("gh", "release", "delete", "v1.0.0", "--yes", "--cleanup-tag")
    github.ok("gh", "release", "delete", "v1.1.0", "--yes")
    assert github.hub.releases("acme", "tool") == []
    assert "refs/tags/v1.0.0" not in github.remote_refs()
    assert "refs/tags/v1.1.0" in github.remote_refs()
    assert (
        github.fails("gh", "release", "view", "v1.0.0").strip()
        == "release not found"
    )


def test_delete_asset_removes_one_file(github):
    github.ok(
        "gh",
        "release",
        "create",
        "v1.0.0",
        github.file("a"),
        github.file("b"),
        "--draft",
        "--notes",
        "N",
    )
    github.ok("gh", "release", "delete-asset", "v1.0.0", "a", "--yes")
    assert list(github.release("v1.0.0")["assets"]) == ["b"]


def test_api_lists_page_by_page_and_edits_by_field(github):
    for number in range(5):
        github.ok("gh", "release", "create", f"v1.{number}.0", "--notes", "N")
    listed = github.ok(
        "gh",
        "api",
        "--paginate",
        "repos/{owner}/{repo}/releases?per_page=2",
        "--jq",
        ".[].tag_name",
    )
    assert listed.split() == [f"v1.{number}.0" for number in (4, 3, 2, 1, 0)]
    number = github.ok(
        "gh", "api", "repos/acme/tool/releases/tags/v1.2.0", "--jq", ".id"
    )
    path = f"repos/acme/tool/releases/{number}"
    assert (
        github.ok(
            "gh",
            "api",
            "-X",
            "PATCH",
            path,
            "-f",
            "name=Two",
            "-F",
            "draft=true",
            "--jq",
            ".draft,.name",
        )
        == "true\nTwo"
    )
    said = github.fails("gh", "api", "-X", "PATCH", path, "-f", "draft=false")
    assert "For 'properties/draft', \"false\" is not a boolean." in said
    github.ok("gh", "api", "-X", "DELETE", path)
    github.ok(
        "gh", "api", "-X", "DELETE", "repos/acme/tool/git/refs/tags/v1.2.0"
    )
    assert "Reference does not exist (HTTP 422)" in github.fails(
        "gh", "api", "-X", "DELETE", "repos/acme/tool/git/refs/tags/v1.2.0"
    )


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_gh_host_reaches_the_loopback_address(github, name):
    address = f"{name}:{github.url.rsplit(':', 1)[1]}"
    env = {
        "GH_HOST": address,
        "GH_ENTERPRISE_TOKEN": github.env["GH_TOKEN"],
        "HTTPS_PROXY": "",
    }
    repo = ("--repo", f"{address}/acme/tool")
    said = github.ok(
        "gh",
        "release",
        "create",
        "v1.0.0",
        github.file("a"),
        "--draft",
        "--notes",
        "N",
        *repo,
        **env,
    )
    assert said.startswith(
        f"https://{address}/acme/tool/releases/tag/untagged-"
    )
    github.ok("gh", "release", "edit", "v1.0.0", "--draft=false", *repo, **env)
    github.ok(
        "gh", "release", "download", "v1.0.0", "--dir", "out", *repo, **env
    )
    assert (github.work / "out" / "a").read_text() == "bytes of a\n"
    assert (
        github.ok(
            "gh",
            "api",
            "repos/acme/tool/releases/latest",
            "--jq",
            ".tag_name",
            **env,
        )
        == "v1.0.0"
    )
    assert (
        f"Logged in to {address} as rehearsal"
        in github.run("gh", "auth", "status", **env).stderr
    )
    github.ok(
        "gh",
        "release",
        "delete",
        "v1.0.0",
        "--yes",
        "--cleanup-tag",
        *repo,
        **env,
    )
    assert github.hub.releases("acme", "tool") == []
