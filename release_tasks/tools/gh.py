"""gh: what GitHub has of a release, and the few calls that change it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from invoke.context import Context

from release_tasks import endpoints, http
from release_tasks.errors import ReleaseError
from release_tasks.shell import Failed, ask, ask_bytes, do, found
from release_tasks.tools import gh_refusals
from release_tasks.tools.gh_refusals import TOKENS


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


def pages(repository: str, tag: str) -> tuple[Page, ...]:
    """Return every release of a tag, drafts included where there is a token to see them.

    Two drafts of one tag are possible: GitHub makes another one whenever it is asked.
    """
    return tuple(_page(row) for row in releases(repository) if row["tag_name"] == tag)


def releases(repository: str) -> list[dict[str, Any]]:
    """Return every release as GitHub's API shows it; raise `ReleaseError` where the repository cannot be seen."""
    rows: list[dict[str, Any]] | None = read(f"repos/{repository}/releases?per_page=100", every_page=True)
    if rows is None:
        raise ReleaseError(f"GitHub shows no repository {repository}", "set GH_TOKEN to a token that may read it, or mend origin")
    return rows


def page(repository: str, tag: str) -> Page | None:
    """Return the one release of a tag, or None; raise `ReleaseError` where there are several."""
    found_pages = pages(repository, tag)
    public = [one for one in found_pages if not one.is_draft]
    if len(found_pages) > 1 and not public:
        surplus = " ".join(str(one.id) for one in found_pages[1:])
        raise ReleaseError(
            f"GitHub has {len(found_pages)} drafts of {tag}",
            f"gh api -X DELETE repos/{repository}/releases/ID for all but one (surplus: {surplus})",
        )
    return next(iter(public or found_pages), None)


def latest(repository: str) -> str | None:
    """Return the tag of the release that GitHub calls "Latest", or None."""
    row = read(f"repos/{repository}/releases/latest")
    return None if row is None else str(row["tag_name"])


def issues(repository: str, label: str) -> list[dict[str, Any]]:
    """Return the open issues with a label, pull requests left out."""
    path = f"repos/{repository}/issues?state=open&labels={quote(label, safe='')}&per_page=100"
    return [row for row in read(path, every_page=True) or () if "pull_request" not in row]


def read(path: str, every_page: bool = False) -> Any:
    """Return the JSON of a GET on GitHub's API, None for 404; anonymous where gh has no token."""
    if not has_token():
        accept = {"Accept": "application/vnd.github+json"}
        answers = http.get_pages(f"{endpoints.GITHUB_API}/{path}", accept, (200, 403, 404, 429))
        if answers[0].status == 404:
            return None
        if answers[0].status != 200:
            reset = gh_refusals.clock(int(answers[0].headers.get("x-ratelimit-reset", 0)))
            raise ReleaseError(f"GitHub answers nobody without a token now: {answers[0].body.decode()[:200]}", f"set GH_TOKEN, or wait until {reset}")
        return [row for answer in answers for row in answer.json()] if every_page else answers[0].json()
    paging = ["--paginate"] if every_page else []
    try:
        text = ask(["gh", "api", *paging, path], secrets=TOKENS)
    except Failed as error:
        if "HTTP 404" in error.output:
            return None
        raise gh_refusals.explain(error) from error
    return _arrays(text) if every_page else json.loads(text)


def has_token() -> bool:
    """Tell whether gh is installed and has a token, from the environment or its own settings."""
    if not found("gh"):
        return False
    if any(os.environ.get(name) for name in TOKENS):
        return True
    try:
        return bool(ask(["gh", "auth", "token"], secrets=TOKENS).strip())
    except Failed:
        return False


def fetch(repository: str, asset: Asset) -> bytes:
    """Return the bytes of an asset, also of a draft's."""
    path = f"repos/{repository}/releases/assets/{asset.id}"
    if not has_token():
        return http.get(f"{endpoints.GITHUB_API}/{path}", {"Accept": "application/octet-stream"}, (200,)).body
    return ask_bytes(["gh", "api", "-H", "Accept: application/octet-stream", path], secrets=TOKENS)


def create_draft(
    c: Context, repository: str, tag: str, title: str, notes: Path | None, is_prerelease: bool
) -> None:
    """Make the draft of a tag that origin has; without `notes`, GitHub generates them."""
    body = ["--generate-notes"] if notes is None else ["--notes-file", str(notes)]
    kind = ["--prerelease"] if is_prerelease else []
    _do(c, "release", "create", tag, "--draft", "--verify-tag", "--title", title, *body, *kind, "--repo", repository)


def upload(c: Context, repository: str, tag: str, files: Sequence[Path]) -> None:
    """Upload files to the release of a tag, in place of assets of the same name."""
    if files:
        _do(c, "release", "upload", tag, *map(str, files), "--clobber", "--repo", repository)


def delete_asset(c: Context, repository: str, asset: Asset) -> None:
    """Remove one asset from a draft."""
    _do(c, "api", "--silent", "-X", "DELETE", f"repos/{repository}/releases/assets/{asset.id}")


def publish(c: Context, repository: str, tag: str, is_prerelease: bool) -> None:
    """Let a draft go public, without touching what GitHub calls "Latest"."""
    kind = f"--prerelease={str(is_prerelease).lower()}"
    _do(c, "release", "edit", tag, "--draft=false", "--latest=false", kind, "--repo", repository)


def set_latest(c: Context, repository: str, tag: str) -> None:
    """Let GitHub call this release "Latest"."""
    _do(c, "release", "edit", tag, "--latest", "--repo", repository)


def _do(c: Context, *words: str) -> None:
    try:
        do(c, ["gh", *words], secrets=TOKENS)
    except Failed as error:
        raise gh_refusals.explain(error) from error


def _page(row: dict[str, Any]) -> Page:
    assets = tuple(
        Asset(a["id"], a["name"], a["size"], a.get("digest") or "", a["state"] == "uploaded") for a in row["assets"]
    )
    return Page(
        row["id"], row["tag_name"], row["draft"], row["prerelease"], bool(row.get("immutable")), row["html_url"], assets
    )


def _arrays(text: str) -> list[Any]:
    """Read the pages of `gh api --paginate`: one JSON array behind the other."""
    rows: list[Any] = []
    decoder, at = json.JSONDecoder(), 0
    while at < len(text.rstrip()):
        page_rows, at = decoder.raw_decode(text, at + len(text[at:]) - len(text[at:].lstrip()))
        rows += page_rows
    return rows
