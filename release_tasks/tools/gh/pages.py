"""A release and its files, as GitHub shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from release_tasks.errors import ReleaseError


@dataclass(frozen=True)
class Asset:
    """A file of a release. `digest` is `sha256:` and 64 hex digits, empty on old servers;
    `is_complete` is False for an upload that was cut (state `starter`)."""

    id: int
    name: str
    size: int
    digest: str
    is_complete: bool


@dataclass(frozen=True)
class Page:
    """A release as GitHub has it, a draft or public."""

    id: int
    tag: str
    is_draft: bool
    is_prerelease: bool
    is_immutable: bool
    url: str
    assets: tuple[Asset, ...]

    def asset(self, name: str) -> Asset | None:
        """Return the asset of that name, or None."""
        return next((asset for asset in self.assets if asset.name == name), None)

    def holds(self, name: str, *digests: str) -> bool:
        """Tell whether there is a whole asset of that name, and with one of these digests, where any are given."""
        asset = self.asset(name)
        return asset is not None and asset.is_complete and (not digests or asset.digest in digests)


def chosen(repository: str, tag: str, found_pages: tuple[Page, ...]) -> Page | None:
    """Choose what is public, else the draft with files, else the oldest: the same one on every machine."""
    oldest_first = sorted(found_pages, key=lambda one: one.id)
    public = [one for one in oldest_first if not one.is_draft]
    filled = [one for one in oldest_first if one.assets]
    if len(filled) > 1 and not public:
        surplus = " ".join(str(one.id) for one in filled[1:])
        raise ReleaseError(
            f"GitHub has {len(filled)} drafts of {tag}",
            f"gh api -X DELETE repos/{repository}/releases/ID for all but one (surplus: {surplus})",
        )
    return next(iter(public or filled or oldest_first), None)


def parse(row: dict[str, Any]) -> Page:
    """Return a release out of the JSON of GitHub's API."""
    assets = tuple(
        Asset(a["id"], a["name"], a["size"], a.get("digest") or "", a["state"] == "uploaded")
        for a in row["assets"]
    )
    return Page(
        row["id"],
        row["tag_name"],
        row["draft"],
        row["prerelease"],
        bool(row.get("immutable")),
        row["html_url"],
        assets,
    )
