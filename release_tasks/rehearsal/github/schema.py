"""What GraphQL can ask the GitHub stand-in for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from release_tasks.rehearsal.github import git as github_git
from release_tasks.rehearsal.github import releases as github_releases
from release_tasks.rehearsal.github.graphql import GraphQLError, Node, connection
from release_tasks.rehearsal.github.model import JSON, LOGIN, Release, Repository, Urls

NO = (
    "autoMergeAllowed deleteBranchOnMerge hasDiscussionsEnabled hasProjectsEnabled hasWikiEnabled isArchived"
    " isBlankIssuesEnabled isFork isInOrganization isMirror isPrivate isSecurityPolicyEnabled isTemplate"
    " isUserConfigurationRepository usesCustomOpenGraphImage viewerHasStarred"
)
YES = "forkingAllowed hasIssuesEnabled mergeCommitAllowed rebaseMergeAllowed squashMergeAllowed viewerCanAdminister"
ABSENT = (
    "codeOfConduct licenseInfo mirrorUrl parent primaryLanguage securityPolicyUrl templateRepository"
    " viewerDefaultCommitEmail viewerSubscription description homepageUrl openGraphImageUrl"
)
LISTS = "contactLinks fundingLinks issueTemplates pullRequestTemplates viewerPossibleCommitEmails"
CONNECTIONS = "assignableUsers labels languages mentionableUsers projects projectsV2 pullRequests repositoryTopics watchers"
RELEASE_FIELDS = "databaseId id name tagName isDraft isLatest isPrerelease immutable createdAt publishedAt url description"
ISSUE_ABSENT = "closedAt stateReason"
ISSUE_CONNECTIONS = "assignees comments projectCards projectItems"
REPOSITORY_FIELDS = f"{NO} {YES} {ABSENT} {LISTS} {CONNECTIONS} visibility"


def roots(
    urls: Urls, find: Callable[[str, str], Repository | None], make: Callable[[str, str], None]
) -> dict[str, Node]:
    """Return the entries to all data and to changes; `find` and `make` get a repository's owner and name."""

    def repository(args: JSON) -> Node:
        repo = find(args["owner"], args["name"])
        if repo is None:
            name = f"{args['owner']}/{args['name']}"
            raise GraphQLError(
                f"Could not resolve to a Repository with the name '{name}'.", "NOT_FOUND"
            )
        return _repository(urls, repo)

    def search(args: JSON) -> Node:
        words = str(args.get("query", "")).split()
        named = [
            word.removeprefix("repo:").split("/", 1) for word in words if word.startswith("repo:")
        ]
        repos = [repo for owner, name in named if (repo := find(owner, name))]
        text = [word.strip('"').lower() for word in words if ":" not in word]
        state = next(
            (word[6:].upper() for word in words if word in ("state:open", "state:closed")), ""
        )
        states = [state] if state else []
        is_for_pulls = "type:pr" in words or "is:pr" in words
        found = (
            [] if is_for_pulls else [node for repo in repos for node in _issues(urls, repo, states)]
        )
        matching = [node for node in found if all(word in node["title"].lower() for word in text)]
        return connection(matching)(args)

    def create_repository(args: JSON) -> Node:
        owner = str(args["input"].get("ownerId") or f"U_{LOGIN}").removeprefix("U_")
        name = args["input"]["name"]
        make(owner, name)
        return {
            "__typename": "CreateRepositoryPayload",
            "repository": repository({"owner": owner, "name": name}),
        }

    data = {
        "viewer": _account(urls, LOGIN),
        "repository": repository,
        "search": search,
        "__type": _type,
    }
    changes = {"__typename": "Mutation", "createRepository": create_repository}
    return {"query": {"__typename": "Query", **data}, "mutation": changes}


def _account(urls: Urls, login: str) -> Node:
    url = f"{urls.web}/{login}"
    return {
        "__typename": "User",
        "id": f"U_{login}",
        "databaseId": 1,
        "login": login,
        "name": login,
        "url": url,
    }


def _type(args: JSON) -> Node | None:
    known = {"Release": RELEASE_FIELDS, "Repository": REPOSITORY_FIELDS, "Issue": "stateReason"}
    fields = [
        {"__typename": "__Field", "name": name} for name in known.get(args["name"], "").split()
    ]
    return {"__typename": "__Type", "name": args["name"], "fields": fields, "enumValues": []}


def _repository(urls: Urls, repo: Repository) -> Node:
    url = f"{urls.web}/{repo.full}"
    node: Node = dict.fromkeys(NO.split(), False) | dict.fromkeys(YES.split(), True)
    node |= dict.fromkeys(ABSENT.split()) | {key: [] for key in LISTS.split()}
    node |= dict.fromkeys(CONNECTIONS.split(), connection([]))
    newest = github_releases.latest(repo)
    branch = f"refs/heads/{github_git.default_branch(repo.path)}"
    dates = dict.fromkeys(("createdAt", "pushedAt", "updatedAt"), "2020-01-01T00:00:00Z")
    return (
        node
        | dates
        | {
            "__typename": "Repository",
            "id": f"R_{repo.full}",
            "databaseId": 1,
            "name": repo.name,
            "nameWithOwner": repo.full,
            "owner": _account(urls, repo.owner),
            "url": url,
            "visibility": "PUBLIC",
            "sshUrl": f"git@{urls.web.split('://')[1]}:{repo.full}.git",
            "forkCount": 0,
            "stargazerCount": 0,
            "diskUsage": 1,
            "isEmpty": not github_git.refs(repo.path, "refs/heads/"),
            "viewerPermission": "ADMIN",
            "viewerDefaultMergeMethod": "MERGE",
            "defaultBranchRef": _ref(repo, branch)
            or {"__typename": "Ref", "id": "", "name": branch[11:], "target": None},
            "ref": lambda args: _ref(repo, args["qualifiedName"]),
            "release": lambda args: _release_of(urls, repo, args["tagName"]),
            "releases": lambda args: connection(_releases(urls, repo, args))(args),
            "latestRelease": _release(urls, repo, newest) if newest else None,
            "issues": lambda args: connection(_issues(urls, repo, args.get("states") or []))(args),
            "issueOrPullRequest": lambda args: _issue_of(urls, repo, args["number"]),
            "milestones": connection([_milestone(item) for item in repo.milestones]),
        }
    )


def _ref(repo: Repository, name: str) -> Node | None:
    at = github_git.refs(repo.path, name).get(name)
    target = {"__typename": at[1].title(), "oid": at[0], "id": at[0]} if at else None
    short = name.split("/", 2)[-1]
    return (
        {"__typename": "Ref", "id": f"REF_{name}", "name": short, "target": target}
        if target
        else None
    )


def _releases(urls: Urls, repo: Repository, args: JSON) -> list[Node]:
    nodes = [_release(urls, repo, release) for release in github_releases.newest_first(repo)]
    order = args.get("orderBy") or {}
    return nodes[::-1] if order.get("direction") == "ASC" else nodes


def _release_of(urls: Urls, repo: Repository, tag: str) -> Node | None:
    """Return the release of a tag, else the newest draft that wants it."""
    drafts = [release for release in github_releases.newest_first(repo) if release.tag == tag]
    release = repo.published(tag) or next(iter(drafts), None)
    return _release(urls, repo, release) if release else None


def _release(urls: Urls, repo: Repository, release: Release) -> Node:
    newest = github_releases.latest(repo)
    assets = [
        {
            "__typename": "ReleaseAsset",
            "id": f"RA_{asset.id}",
            "name": asset.name,
            "size": asset.size,
            "digest": asset.digest or None,
            "contentType": asset.content_type,
            "downloadCount": asset.downloads,
        }
        for asset in release.assets.values()
    ]
    return {
        "__typename": "Release",
        "databaseId": release.id,
        "id": f"RE_{release.id}",
        "name": release.name,
        "tagName": release.tag,
        "isDraft": release.draft,
        "isLatest": release is newest,
        "isPrerelease": release.prerelease,
        "immutable": release.immutable,
        "createdAt": release.created,
        "publishedAt": release.published,
        "description": release.body,
        "author": _account(urls, LOGIN),
        "url": f"{urls.web}/{repo.full}/releases/tag/{quote(release.page)}",
        "releaseAssets": connection(assets),
    }


def _milestone(item: JSON) -> Node:
    due = item.get("due_on")
    return {
        "__typename": "Milestone",
        "number": item["number"],
        "title": item["title"],
        "dueOn": due,
        "description": item.get("description"),
        "state": item["state"].upper(),
    }


def _issues(urls: Urls, repo: Repository, states: list[str]) -> list[Node]:
    wanted = [item for item in repo.issues if not states or item["state"].upper() in states]
    return [_issue(urls, repo, item) for item in reversed(wanted)]


def _issue_of(urls: Urls, repo: Repository, number: int) -> Node | None:
    return next(
        (_issue(urls, repo, item) for item in repo.issues if item["number"] == number), None
    )


def _issue(urls: Urls, repo: Repository, item: JSON) -> Node:
    milestone = next((m for m in repo.milestones if m["number"] == item.get("milestone")), None)
    labels: list[Any] = [
        {"__typename": "Label", "id": "", "description": "", **label} for label in item["labels"]
    ]
    node: Node = dict.fromkeys(ISSUE_ABSENT.split()) | dict.fromkeys(
        ISSUE_CONNECTIONS.split(), connection([])
    )
    return node | {
        "__typename": "Issue",
        "id": item["node_id"],
        "number": item["number"],
        "title": item["title"],
        "body": item["body"] or "",
        "state": item["state"].upper(),
        "closed": item["state"] == "closed",
        "createdAt": item["created_at"],
        "updatedAt": item["updated_at"],
        "author": _account(urls, LOGIN),
        "url": f"{urls.web}/{repo.full}/issues/{item['number']}",
        "labels": connection(labels),
        "reactionGroups": [],
        "milestone": _milestone(milestone) if milestone else None,
    }
