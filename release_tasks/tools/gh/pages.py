"""A release and its assets, as GitHub has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from release_tasks.errors import ReleaseError
from release_tasks.tools.gh import yank_notice


@dataclass(frozen=True)
class Asset:
    """A file of a release.

    `digest` is `sha256:` and 64 hex digits, empty for files that are older than GitHub's digests.
    `is_complete` is False for an upload that broke off (state `starter`).
    """

    id: int
    name: str
    size: int  # bytes
    digest: str
    is_complete: bool


@dataclass(frozen=True)
class Page:
    """A release on GitHub, a draft or public."""

    id: int
    tag: str
    is_draft: bool
    is_prerelease: bool
    is_immutable: bool
    url: str
    assets: tuple[Asset, ...]
    title: str = ""
    body: str = ""  # Markdown

    @property
    def is_yanked(self) -> bool:
        """Tell whether it says that its version was taken back."""
        return yank_notice.is_in(self.body)

    def asset(self, name: str) -> Asset | None:
        """Return the asset of that name, or None."""
        for asset in self.assets:
            if asset.name == name:
                return asset
        return None

    def holds(self, name: str, *digests: str) -> bool:
        """Tell whether there is a complete asset of that name, with one of `digests` if any."""
        asset = self.asset(name)
        if asset is None or not asset.is_complete:
            return False
        return not digests or asset.digest in digests


def chosen(repository: str, tag: str, pages: Sequence[Page]) -> Page | None:
    """Return the public release of a tag, else the draft with files, else the oldest draft.

    So every machine chooses the same one. Raises `ReleaseError` for several drafts with files.
    """
    oldest_first = sorted(pages, key=lambda page: page.id)
    public = [page for page in oldest_first if not page.is_draft]
    if public:
        return public[0]
    filled = [page for page in oldest_first if page.assets]
    if len(filled) > 1:
        surplus = " ".join(str(page.id) for page in filled[1:])
        raise ReleaseError(
            f"GitHub has {len(filled)} drafts of {tag}",
            f"gh api -X DELETE repos/{repository}/releases/ID for all but one (surplus: {surplus})",
        )
    drafts = filled or oldest_first
    return drafts[0] if drafts else None


def parse(row: dict[str, Any]) -> Page:
    """Return a release of the JSON of GitHub's API (`GET /repos/OWNER/NAME/releases`)."""
    return Page(
        id=row["id"],
        tag=row["tag_name"],
        is_draft=row["draft"],
        is_prerelease=row["prerelease"],
        is_immutable=bool(row.get("immutable")),
        url=row["html_url"],
        assets=tuple(map(_asset, row["assets"])),
        title=row.get("name") or "",
        body=row.get("body") or "",
    )


def _asset(row: dict[str, Any]) -> Asset:
    return Asset(
        id=row["id"],
        name=row["name"],
        size=row["size"],
        digest=row.get("digest") or "",
        is_complete=row["state"] == "uploaded",
    )
