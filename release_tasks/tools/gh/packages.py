"""Versions of container packages on GHCR, which only GitHub's API can delete.

GitHub Docs, "REST API endpoints for packages": a version is one manifest with all of its tags. A
deleted one can be restored for 30 days; the last tagged version of a package, and a public version
with more than 5000 downloads, cannot be deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from invoke.context import Context

from release_tasks.tools import gh
from release_tasks.tools.gh import hosts

SCOPES = "read:packages,delete:packages"
DAYS_TO_RESTORE = 30


@dataclass(frozen=True)
class PackageVersion:
    """A manifest of a package, by its digest (`sha256:` and 64 hex digits)."""

    id: int
    digest: str
    tags: tuple[str, ...]


def versions(
    owner: str, package: str, is_deleted: bool = False
) -> tuple[PackageVersion, ...]:
    """Return the versions of a package, or those that were deleted and can be restored.

    `package` is the repository below its owner, as `charts/hello`. Returns nothing for an unknown
    package. Raises `ReleaseError` where the token may not read packages.
    """
    state = "deleted" if is_deleted else "active"
    base = _base(owner, package, is_own=is_deleted)
    rows = gh.read(f"{base}/versions?per_page=100&state={state}", True)
    return tuple(map(_parsed, rows or ()))


def delete(
    c: Context, owner: str, package: str, version: PackageVersion
) -> None:
    """Delete a version with all of its tags."""
    path = f"{_base(owner, package)}/versions/{version.id}"
    gh.act(c, hosts.DOT_COM, "DELETE", path)


def restore(
    c: Context, owner: str, package: str, version: PackageVersion
) -> None:
    """Restore a version that was deleted."""
    path = f"{_base(owner, package)}/versions/{version.id}/restore"
    gh.act(c, hosts.DOT_COM, "POST", path)


def delete_package_line(owner: str, package: str) -> str:
    """Return the command that deletes a whole package."""
    return f"gh api -X DELETE {_base(owner, package)}"


def _base(owner: str, package: str, is_own: bool = False) -> str:
    """Return the API's path of a package: an organization's and a user's differ.

    Of a user, only the path of the one who is logged in lists what was deleted (`is_own`).
    """
    account: dict[str, Any] = gh.read(f"users/{owner}") or {}
    start = f"users/{owner}"
    if account.get("type") == "Organization":
        start = f"orgs/{owner}"
    elif is_own:
        start = "user"
    return f"{start}/packages/container/{quote(package, safe='')}"


def _parsed(row: dict[str, Any]) -> PackageVersion:
    container = row.get("metadata", {}).get("container", {})
    return PackageVersion(
        int(row["id"]), str(row["name"]), tuple(container.get("tags") or ())
    )
