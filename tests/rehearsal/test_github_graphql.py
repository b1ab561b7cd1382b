"""What gh asks for in GraphQL, that of 2.23 by running it, that of later ones in their words."""

from __future__ import annotations

import json

import pytest
import requests
from support.github_client import TOKEN, local_github

pytestmark = pytest.mark.tools("gh", "git")
LATER_LIST = """
query RepositoryReleaseList(
  $direction: OrderDirection!, $endCursor: String, $name: String!, $owner: String!, $perPage: Int!
) {
  repository(owner: $owner, name: $name) {
    releases(
      first: $perPage, orderBy: {field: CREATED_AT, direction: $direction}, after: $endCursor
    ) {
      nodes { name, tagName, isDraft, immutable, isLatest, isPrerelease, createdAt, publishedAt }
      pageInfo { hasNextPage, endCursor }
    }
  }
}
"""


@pytest.fixture
def github(tmp_path):
    with local_github(tmp_path) as github:
        yield github


def ask(github, query, **variables):
    answer = requests.post(
        f"{github.url}/api/graphql",
        json={"query": query, "variables": variables},
        timeout=30,
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("name", "full"), [("kit", "rehearsal/kit"), ("someone/kit", "someone/kit")]
)
def test_gh_makes_a_repository_once(github, name, full):
    create = (
        "gh",
        "repo",
        "create",
        name,
        "--public",
        "--source",
        ".",
        "--remote",
        "fresh",
        "--push",
    )
    assert f"https://github.com/{full}" in github.ok(*create)
    assert github.hub.repository(*full.split("/")).full == full
    head = github.ok("git", "rev-parse", "HEAD")
    assert (
        github.ok("git", "ls-remote", "fresh", "refs/heads/main").split()[0]
        == head
    )
    assert "Name already exists on this account" in github.fails(
        "gh", "repo", "create", name, "--public"
    )


def test_repo_view_shows_the_repository(github):
    github.ok(
        "gh", "release", "create", "v1.0.0", "--notes", "N", "--title", "One"
    )
    fields = (
        "defaultBranchRef,isPrivate,latestRelease,nameWithOwner,owner,sshUrl,url,"
        "viewerPermission"
    )
    shown = json.loads(github.ok("gh", "repo", "view", "--json", fields))
    assert shown["nameWithOwner"] == "acme/tool"
    assert shown["defaultBranchRef"] == {"name": "main"}
    assert shown["latestRelease"]["tagName"] == "v1.0.0"
    assert shown["sshUrl"] == "git@github.com:acme/tool.git"
    assert github.ok("gh", "repo", "view").startswith("name:\tacme/tool")
    assert (
        "Could not resolve to a Repository with the name 'acme/other'"
        in github.fails("gh", "repo", "view", "acme/other")
    )


def test_every_field_of_repo_view_is_answered(github):
    listed = (
        github.fails("gh", "repo", "view", "--json").split(":\n", 1)[1].split()
    )
    assert len(listed) > 50
    shown = json.loads(
        github.ok("gh", "repo", "view", "--json", ",".join(listed))
    )
    assert set(shown) == set(listed)


def test_repo_clone_makes_a_checkout(github):
    github.ok("gh", "repo", "clone", "acme/tool", "copy", cwd=github.folder)
    assert (github.folder / "copy" / "README.md").exists()


def test_auth_status_names_the_account(github):
    done = github.run("gh", "auth", "status")
    assert done.returncode == 0
    assert "Logged in to github.com as rehearsal (GH_TOKEN)" in done.stderr
    assert "authentication failed" in github.fails(
        "gh", "auth", "status", GH_TOKEN="wrong"
    )
    assert "Bad credentials" in github.fails(
        "gh", "release", "list", GH_TOKEN="wrong"
    )


def test_issues_are_listed_and_there_are_no_pull_requests(github):
    for title in ("A bug", "A wish"):
        github.ok(
            "gh",
            "api",
            "repos/acme/tool/issues",
            "-f",
            f"title={title}",
            "-f",
            "labels[]=open",
        )
    assert [
        line.split("\t")[2]
        for line in github.ok("gh", "issue", "list").splitlines()
    ] == [
        "A wish",
        "A bug",
    ]
    assert json.loads(
        github.ok(
            "gh", "issue", "list", "--search", "bug", "--json", "number,state"
        )
    ) == [{"number": 1, "state": "OPEN"}]
    assert github.ok("gh", "pr", "list", "--json", "number") == "[]"


def test_api_graphql_answers_exactly_the_requested_fields(github):
    github.ok(
        "gh", "release", "create", "v1.0.0", github.file("a"), "--notes", "N"
    )
    query = (
        'query($o:String!){repository(owner:$o,name:"tool"){'
        "all:releases(first:1){nodes{tagName ...files}}}} "
        "fragment files on Release{releaseAssets(first:9){totalCount nodes{name}}}"
    )
    shown = json.loads(
        github.ok(
            "gh", "api", "graphql", "-f", f"query={query}", "-f", "o=acme"
        )
    )
    assert shown == {
        "data": {
            "repository": {
                "all": {
                    "nodes": [
                        {
                            "tagName": "v1.0.0",
                            "releaseAssets": {
                                "totalCount": 1,
                                "nodes": [{"name": "a"}],
                            },
                        }
                    ]
                }
            }
        }
    }


def test_later_versions_of_gh_list_releases_in_either_order_and_by_page(github):
    for tag in ("v1.0.0", "v1.1.0", "v1.2.0"):
        github.ok("gh", "release", "create", tag, "--notes", "N")
    seen, cursor = [], None
    while True:
        data = ask(
            github,
            LATER_LIST,
            owner="acme",
            name="tool",
            perPage=2,
            direction="ASC",
            endCursor=cursor,
        )
        page = data["data"]["repository"]["releases"]
        seen += [
            (node["tagName"], node["immutable"], node["isLatest"])
            for node in page["nodes"]
        ]
        if not page["pageInfo"]["hasNextPage"]:
            break
        cursor = page["pageInfo"]["endCursor"]
    assert seen == [
        ("v1.0.0", False, False),
        ("v1.1.0", False, False),
        ("v1.2.0", False, True),
    ]


def test_later_versions_of_gh_detect_the_fields_of_a_release(github):
    data = ask(
        github,
        'query Release_fields{Release: __type(name: "Release"){fields{name}}}',
    )
    assert {"name": "immutable"} in data["data"]["Release"]["fields"]


def test_an_unknown_field_is_an_error_with_its_name(github):
    [error] = ask(github, "{viewer{login shoeSize}}")["errors"]
    assert error["message"] == "Field 'shoeSize' doesn't exist on type 'User'"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("{ viewer {", "Parse error"),
        (
            "mutation M{addStar{clientMutationId}}",
            "doesn't exist on type 'Mutation'",
        ),
        ("subscription S{x}", "does not support subscription"),
    ],
)
def test_what_cannot_be_read_or_done_is_an_error(github, query, said):
    [error] = ask(github, query)["errors"]
    assert said in error["message"]


def test_a_fragment_applies_to_its_own_type_only(github):
    data = ask(github, "{viewer{login ...on Bot{shoeSize} ...on User{name}}}")
    assert data == {
        "data": {"viewer": {"login": "rehearsal", "name": "rehearsal"}}
    }


def test_graphql_needs_the_token(github):
    answer = requests.post(
        f"{github.url}/api/graphql",
        json={"query": "{viewer{login}}"},
        timeout=30,
    )
    assert answer.status_code == 401


DOUBLING = "{...f0}" + "".join(
    f" fragment f{i} on Query{{...f{i + 1} ...f{i + 1}}}" for i in range(40)
)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{...other}", "useAndDefineFragment"),
        ("{...a} fragment a on Query{...a}", "infiniteLoop"),
        (
            "{...a} fragment a on Query{...b} fragment b on Query{...a}",
            "infiniteLoop",
        ),
        (DOUBLING + " fragment f40 on Query{viewer{login}}", "infiniteLoop"),
    ],
)
def test_a_fragment_without_an_end_is_refused(github, query, code):
    (error,) = ask(github, query)["errors"]
    assert error["extensions"]["code"] == code
