"""gh: pull requests that propose a branch."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote

from invoke.context import Context

from release_tasks.tools import gh
from release_tasks.tools.gh import hosts


class PullRequest(NamedTuple):
    """A pull request: its `head` is the commit of its branch, or the last that it had."""

    number: int
    title: str
    url: str
    is_open: bool
    is_merged: bool
    head: str


def of_branch(
    repository: str, owner: str, branch: str
) -> tuple[PullRequest, ...]:
    """Return the pull requests of a branch of `owner`'s repository, the newest first."""
    head = quote(f"{owner}:{branch}", safe="")
    path = f"repos/{repository}/pulls?state=all&head={head}&per_page=100"
    found = [_pull_request(row) for row in gh.read(path, every_page=True) or ()]
    return tuple(sorted(found, key=lambda one: one.number, reverse=True))


def open_one(c: Context, repository: str, data: dict[str, Any]) -> None:
    """Open a pull request with `title`, `body`, `head`, `base` and `draft`.

    GitHub has one for a branch and its base, so a second call makes no other.
    """
    gh.send(c, repository, "POST", f"repos/{repository}/pulls", data)


def edit(
    c: Context, repository: str, number: int, data: dict[str, Any]
) -> None:
    """Give a pull request another `title` and `body`."""
    path = f"repos/{repository}/pulls/{number}"
    gh.send(c, repository, "PATCH", path, data)


def default_branch(repository: str) -> str | None:
    """Return the branch that a clone checks out, None for a repository that is not shown."""
    row = gh.read(f"repos/{repository}")
    return None if row is None else str(row["default_branch"])


def owner(repository: str) -> str:
    """Return the owner of `[HOST/]OWNER/NAME`."""
    return hosts.without_host(repository).partition("/")[0]


def _pull_request(row: dict[str, Any]) -> PullRequest:
    return PullRequest(
        int(row["number"]),
        str(row["title"]),
        str(row["html_url"]),
        row["state"] == "open",
        row.get("merged_at") is not None,
        str(row["head"]["sha"]),
    )
