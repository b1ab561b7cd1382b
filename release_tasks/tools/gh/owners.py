"""What the owners of a repository have set up on GitHub, as far as a token is shown it.

docs.github.com: REST API, "Deployment environments", "Actions secrets", "Actions permissions",
"Rules".
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote

from release_tasks.errors import ReleaseError
from release_tasks.tools import gh

REVIEWERS = "required_reviewers"


class WorkflowRights(NamedTuple):
    """What the token of a workflow may do that names no permissions."""

    default: str  # "read" or "write"
    may_make_pull_requests: bool


def environments(repository: str) -> dict[str, bool] | None:
    """Return the environments, each with whether it has reviewers; None where none is shown.

    Names are in lower case, as GitHub tells no cases apart in them.
    """
    data = _shown(f"repos/{repository}/environments?per_page=100")
    if data is None:
        return None
    found = {}
    for row in data["environments"]:
        types = [rule["type"] for rule in row.get("protection_rules", ())]
        found[row["name"].lower()] = REVIEWERS in types
    return found


def secrets(repository: str) -> list[str] | None:
    """Return the names of the secrets, None where they are not shown."""
    data = _shown(f"repos/{repository}/actions/secrets?per_page=100")
    return None if data is None else [row["name"] for row in data["secrets"]]


def workflow_rights(repository: str) -> WorkflowRights | None:
    """Return what a workflow may do that names no permissions, None where it is not shown."""
    data = _shown(f"repos/{repository}/actions/permissions/workflow")
    if data is None:
        return None
    return WorkflowRights(
        data["default_workflow_permissions"],
        bool(data["can_approve_pull_request_reviews"]),
    )


def branch_rules(repository: str, branch: str) -> list[str] | None:
    """Return the types of the rules for a branch, None where they are not shown."""
    name = quote(branch, safe="")
    data = _shown(f"repos/{repository}/rules/branches/{name}")
    return None if data is None else [row["type"] for row in data]


def _shown(path: str) -> Any:
    """Return the JSON of a path, None where it is not there or not for this token."""
    try:
        return gh.read(path)
    except ReleaseError as error:
        if "HTTP 403" in error.problem or "rate limit" in error.problem:
            return None
        raise
