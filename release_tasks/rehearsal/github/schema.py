"""What GraphQL queries can read from the local GitHub, and change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from release_tasks.rehearsal.github import git, issues, releases
from release_tasks.rehearsal.github.graphql import (
    GraphQLError,
    Node,
    connection,
)
from release_tasks.rehearsal.github.model import (
    JSON,
    LOGIN,
    Asset,
    Release,
    Repository,
    Urls,
)

# Fields of a repository that gh asks for, by the value that they have here.
FALSE = [
    "autoMergeAllowed",
    "deleteBranchOnMerge",
    "hasDiscussionsEnabled",
    "hasProjectsEnabled",
    "hasWikiEnabled",
    "isArchived",
    "isBlankIssuesEnabled",
    "isFork",
    "isInOrganization",
    "isMirror",
    "isPrivate",
    "isSecurityPolicyEnabled",
    "isTemplate",
    "isUserConfigurationRepository",
    "usesCustomOpenGraphImage",
    "viewerHasStarred",
]
TRUE = [
    "forkingAllowed",
    "hasIssuesEnabled",
    "mergeCommitAllowed",
    "rebaseMergeAllowed",
    "squashMergeAllowed",
    "viewerCanAdminister",
]
NULL = [
    "codeOfConduct",
    "licenseInfo",
    "mirrorUrl",
    "parent",
    "primaryLanguage",
    "securityPolicyUrl",
    "templateRepository",
    "viewerDefaultCommitEmail",
    "viewerSubscription",
    "description",
    "homepageUrl",
    "openGraphImageUrl",
]
EMPTY_LISTS = [
    "contactLinks",
    "fundingLinks",
    "issueTemplates",
    "pullRequestTemplates",
    "viewerPossibleCommitEmails",
]
EMPTY_CONNECTIONS = [
    "assignableUsers",
    "labels",
    "languages",
    "mentionableUsers",
    "projects",
    "projectsV2",
    "pullRequests",
    "repositoryTopics",
    "watchers",
]
DATES = ("createdAt", "pushedAt", "updatedAt")
RELEASE_FIELDS = [
    "databaseId",
    "id",
    "name",
    "tagName",
    "isDraft",
    "isLatest",
    "isPrerelease",
    "immutable",
    "createdAt",
    "publishedAt",
    "url",
    "description",
]
ISSUE_NULL = ("closedAt", "stateReason")
ISSUE_CONNECTIONS = ("assignees", "comments", "projectCards", "projectItems")
# What `__type` answers: gh asks which of its newer fields a server has.
TYPES = {
    "Release": RELEASE_FIELDS,
    "Repository": [
        *FALSE,
        *TRUE,
        *NULL,
        *EMPTY_LISTS,
        *EMPTY_CONNECTIONS,
        "visibility",
    ],
    "Issue": ["stateReason"],
}

Find = Callable[[str, str], Repository | None]  # by owner and name
Make = Callable[[str, str], None]


def roots(urls: Urls, find: Find, make: Make) -> dict[str, Node]:
    """Return the entries to all data ("query") and to all changes ("mutation").

    `find` and `make` get the owner and the name of a repository.
    """
    schema = _Schema(urls, find, make)
    return {
        "query": {
            "__typename": "Query",
            "viewer": _account(urls, LOGIN),
            "repository": schema.repository,
            "search": schema.search,
            "__type": _type,
        },
        "mutation": {
            "__typename": "Mutation",
            "createRepository": schema.create_repository,
        },
    }


@dataclass(frozen=True)
class _Schema:
    urls: Urls
    find: Find
    make: Make

    def repository(self, args: JSON) -> Node:
        owner, name = args["owner"], args["name"]
        repo = self.find(owner, name)
        if repo is None:
            message = f"Could not resolve to a Repository with the name '{owner}/{name}'."
            raise GraphQLError(message, "NOT_FOUND")
        return _repository(self.urls, repo)

    def create_repository(self, args: JSON) -> Node:
        wanted = args["input"]
        owner = str(wanted.get("ownerId") or f"U_{LOGIN}").removeprefix("U_")
        self.make(owner, wanted["name"])
        made = self.repository({"owner": owner, "name": wanted["name"]})
        return {"__typename": "CreateRepositoryPayload", "repository": made}

    def search(self, args: JSON) -> Node:
        """Find issues by `repo:`, `state:` and words of the title."""
        words = str(args.get("query", "")).split()
        if "type:pr" in words or "is:pr" in words:
            return connection([])(args)
        states, title = [], []
        for word in words:
            if word in ("state:open", "state:closed"):
                states.append(word.removeprefix("state:").upper())
            elif ":" not in word:
                title.append(word.strip('"').lower())
        found = []
        for repo in self._repositories(words):
            for node in _issues(self.urls, repo, states[:1]):
                if _has_words(node["title"], title):
                    found.append(node)
        return connection(found)(args)

    def _repositories(self, words: list[str]) -> list[Repository]:
        found = []
        for word in words:
            if word.startswith("repo:"):
                owner, name = word.removeprefix("repo:").split("/", 1)
                repo = self.find(owner, name)
                if repo is not None:
                    found.append(repo)
        return found


def _has_words(title: str, words: list[str]) -> bool:
    return all(word in title.lower() for word in words)


def _account(urls: Urls, login: str) -> Node:
    return {
        "__typename": "User",
        "id": f"U_{login}",
        "databaseId": 1,
        "login": login,
        "name": login,
        "url": f"{urls.web}/{login}",
    }


def _type(args: JSON) -> Node | None:
    names = TYPES.get(args["name"], [])
    return {
        "__typename": "__Type",
        "name": args["name"],
        "fields": [{"__typename": "__Field", "name": name} for name in names],
        "enumValues": [],
    }


def _repository(urls: Urls, repo: Repository) -> Node:
    return {
        **dict.fromkeys(FALSE, False),
        **dict.fromkeys(TRUE, True),
        **dict.fromkeys(NULL),
        **{name: [] for name in EMPTY_LISTS},
        **dict.fromkeys(EMPTY_CONNECTIONS, connection([])),
        **dict.fromkeys(DATES, "2020-01-01T00:00:00Z"),
        "__typename": "Repository",
        "id": f"R_{repo.full}",
        "databaseId": 1,
        "name": repo.name,
        "nameWithOwner": repo.full,
        "owner": _account(urls, repo.owner),
        "url": f"{urls.web}/{repo.full}",
        "visibility": "PUBLIC",
        "sshUrl": f"git@{urls.web.split('://')[1]}:{repo.full}.git",
        "forkCount": 0,
        "stargazerCount": 0,
        "diskUsage": 1,
        "isEmpty": not git.refs(repo.path, "refs/heads/"),
        "viewerPermission": "ADMIN",
        "viewerDefaultMergeMethod": "MERGE",
        "defaultBranchRef": _default_branch(repo),
        "ref": lambda args: _ref(repo, args["qualifiedName"]),
        "release": lambda args: _release_of(urls, repo, args["tagName"]),
        "releases": lambda args: connection(_releases(urls, repo, args))(args),
        "latestRelease": _release(urls, repo, releases.latest(repo)),
        "issues": lambda args: connection(
            _issues(urls, repo, args.get("states") or [])
        )(args),
        "issueOrPullRequest": lambda args: _issue_of(
            urls, repo, args["number"]
        ),
        "milestones": connection(
            [_milestone(item) for item in repo.milestones]
        ),
    }


def _default_branch(repo: Repository) -> Node:
    """Return the branch that HEAD names, with no target while the repository is empty."""
    name = git.default_branch(repo.path)
    empty = {"__typename": "Ref", "id": "", "name": name, "target": None}
    return _ref(repo, f"refs/heads/{name}") or empty


def _ref(repo: Repository, name: str) -> Node | None:
    ref = git.refs(repo.path, name).get(name)
    if ref is None:
        return None
    return {
        "__typename": "Ref",
        "id": f"REF_{name}",
        "name": name.split("/", 2)[-1],
        "target": {
            "__typename": ref.kind.title(),
            "oid": ref.sha,
            "id": ref.sha,
        },
    }


def _releases(urls: Urls, repo: Repository, args: JSON) -> list[Node | None]:
    nodes = [
        _release(urls, repo, release) for release in releases.newest_first(repo)
    ]
    order = args.get("orderBy") or {}
    if order.get("direction") == "ASC":
        nodes.reverse()
    return nodes


def _release_of(urls: Urls, repo: Repository, tag: str) -> Node | None:
    """Return the published release of a tag, else its newest draft."""
    found = repo.published(tag)
    if found is not None:
        return _release(urls, repo, found)
    for release in releases.newest_first(repo):
        if release.tag == tag:
            return _release(urls, repo, release)
    return None


def _release(
    urls: Urls, repo: Repository, release: Release | None
) -> Node | None:
    if release is None:
        return None
    assets = [_asset(asset) for asset in release.assets.values()]
    return {
        "__typename": "Release",
        "databaseId": release.id,
        "id": f"RE_{release.id}",
        "name": release.name,
        "tagName": release.tag,
        "isDraft": release.draft,
        "isLatest": release is releases.latest(repo),
        "isPrerelease": release.prerelease,
        "immutable": release.immutable,
        "createdAt": release.created,
        "publishedAt": release.published,
        "description": release.body,
        "author": _account(urls, LOGIN),
        "url": f"{urls.web}/{repo.full}/releases/tag/{quote(release.page)}",
        "releaseAssets": connection(assets),
    }


def _asset(asset: Asset) -> Node:
    return {
        "__typename": "ReleaseAsset",
        "id": f"RA_{asset.id}",
        "name": asset.name,
        "size": asset.size,
        "digest": asset.digest or None,
        "contentType": asset.content_type,
        "downloadCount": asset.downloads,
    }


def _milestone(milestone: JSON | None) -> Node | None:
    if milestone is None:
        return None
    return {
        "__typename": "Milestone",
        "number": milestone["number"],
        "title": milestone["title"],
        "dueOn": milestone.get("due_on"),
        "description": milestone.get("description"),
        "state": milestone["state"].upper(),
    }


def _issues(urls: Urls, repo: Repository, states: list[str]) -> list[Node]:
    """Return the issues in one of the `states` (of any without), newest first."""
    found = []
    for item in reversed(repo.issues):
        if not states or item["state"].upper() in states:
            found.append(_issue(urls, repo, item))
    return found


def _issue_of(urls: Urls, repo: Repository, number: int) -> Node | None:
    for item in repo.issues:
        if item["number"] == number:
            return _issue(urls, repo, item)
    return None


def _issue(urls: Urls, repo: Repository, item: JSON) -> Node:
    return {
        **dict.fromkeys(ISSUE_NULL),
        **dict.fromkeys(ISSUE_CONNECTIONS, connection([])),
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
        "labels": connection([_label(label) for label in item["labels"]]),
        "reactionGroups": [],
        "milestone": _milestone(issues.milestone_of(repo, item)),
    }


def _label(label: JSON) -> dict[str, Any]:
    return {"__typename": "Label", "id": "", "description": "", **label}
