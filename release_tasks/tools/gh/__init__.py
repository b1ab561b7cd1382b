"""gh: what GitHub has of a release, and the few calls that change it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from invoke.context import Context

from release_tasks import endpoints, http
from release_tasks.errors import ReleaseError
from release_tasks.memo import On, memoized_on
from release_tasks.shell import Failed, ask, ask_bytes, do, found
from release_tasks.tools.gh import pages as gh_pages
from release_tasks.tools.gh import refusals as gh_refusals
from release_tasks.tools.gh.pages import Asset, Page
from release_tasks.tools.gh.refusals import TOKENS

__all__ = ["Asset", "Page"]  # and what follows


def pages(repository: str, tag: str) -> tuple[Page, ...]:
    """Return every release of a tag, drafts included where there is a token to see them.

    Two drafts of one tag are possible: GitHub makes another one whenever it is asked.
    """
    return tuple(gh_pages.parse(row) for row in releases(repository) if row["tag_name"] == tag)


def releases(repository: str) -> list[dict[str, Any]]:
    """Return every release as GitHub's API shows it; raise `ReleaseError` where the repository cannot be seen."""
    rows: list[dict[str, Any]] | None = read(
        f"repos/{repository}/releases?per_page=100", every_page=True
    )
    if rows is None:
        raise ReleaseError(
            f"GitHub shows no repository {repository}",
            "set GH_TOKEN to a token that may read it, or mend origin",
        )
    return rows


def page(repository: str, tag: str) -> Page | None:
    """Return the one release of a tag, or None; raise `ReleaseError` where there are several with files."""
    return gh_pages.chosen(repository, tag, pages(repository, tag))


def latest(repository: str) -> str | None:
    """Return the tag of the release that GitHub calls "Latest", or None."""
    row = read(f"repos/{repository}/releases/latest")
    return None if row is None else str(row["tag_name"])


def issues(repository: str, label: str) -> list[dict[str, Any]]:
    """Return the open issues with a label, pull requests left out."""
    path = f"repos/{repository}/issues?state=open&labels={quote(label, safe='')}&per_page=100"
    return [row for row in read(path, every_page=True) or () if "pull_request" not in row]


def open_in_milestone(repository: str, title: str) -> int | None:
    """Return how many issues and pull requests of a milestone are open, None where there is no milestone of that title."""
    rows = read(f"repos/{repository}/milestones?state=all&per_page=100", every_page=True) or ()
    return next((int(row["open_issues"]) for row in rows if row["title"] == title), None)


def scopes(password: str = "") -> frozenset[str] | None:
    """Return what a token may do (gh's own without `password`), None where GitHub does not say: only of classic ones it does."""
    answer = http.get(
        f"{endpoints.GITHUB_API}/rate_limit",
        {"Authorization": f"Bearer {password or token()}"},
        (200, 401, 403),
    )
    if answer.status != 200 and not password:
        read("rate_limit")  # gh says in its words what is wrong with its token
    said = answer.headers.get("x-oauth-scopes")
    return (
        None
        if said is None
        else frozenset(word.strip() for word in said.split(",") if word.strip())
    )


@memoized_on(On.REMOTE)
def read(path: str, every_page: bool = False, *fields: str) -> Any:
    """Return the JSON of a GET on GitHub's API (a POST with `fields`), None for what is not there; anonymous without a token."""
    if not token():
        accept = {"Accept": "application/vnd.github+json"}
        answers = http.get_pages(
            f"{endpoints.GITHUB_API}/{path}", accept, (200, 403, 404, 422, 429)
        )
        if answers[0].status in (404, 422):  # a commit that nobody pushed is 422
            return None
        if answers[0].status != 200:
            reset = gh_refusals.clock(int(answers[0].headers.get("x-ratelimit-reset", 0)))
            raise ReleaseError(
                f"GitHub answers nobody without a token now: {answers[0].body.decode()[:200]}",
                f"set GH_TOKEN, or wait until {reset}",
            )
        return (
            [row for answer in answers for row in _rows(answer.json())]
            if every_page
            else answers[0].json()
        )
    paging = ["--paginate"] if every_page else []
    try:
        text = ask(["gh", "api", *paging, path, *fields], secrets=TOKENS)
    except Failed as error:
        if "HTTP 404" in error.output or "No commit found" in error.output:
            return None
        raise gh_refusals.explain(error) from error
    return _arrays(text) if every_page else json.loads(text)


@memoized_on()
def token() -> str:
    """Return gh's token, from the environment or its own settings; an empty text where there is none, or no gh."""
    if not found("gh"):
        return ""
    try:
        return (
            next((value for name in TOKENS if (value := os.environ.get(name))), "")
            or ask(["gh", "auth", "token"], secrets=TOKENS).strip()
        )
    except Failed:
        return ""


def fetch(repository: str, asset: Asset) -> bytes:
    """Return the bytes of an asset, also of a draft's."""
    path = f"repos/{repository}/releases/assets/{asset.id}"
    if not token():
        return http.get(
            f"{endpoints.GITHUB_API}/{path}",
            {"Accept": "application/octet-stream"},
            (200,),
            remember=False,
        ).body
    return ask_bytes(["gh", "api", "-H", "Accept: application/octet-stream", path], secrets=TOKENS)


def create(c: Context, repository: str, tag: str, title: str, notes: Path, *flags: str) -> None:
    """Make a release of a tag that origin has."""
    _do(
        c,
        "release",
        "create",
        tag,
        "--verify-tag",
        "--title",
        title,
        "--notes-file",
        str(notes),
        *flags,
        "--repo",
        repository,
    )


def generated_notes(repository: str, tag: str, commit: str, previous: str) -> str:
    """Return the notes that GitHub writes for a tag, which it need not have yet; `previous` may be empty."""
    fields = {"tag_name": tag, "target_commitish": commit} | (
        {"previous_tag_name": previous} if previous else {}
    )
    given = [word for key, value in fields.items() for word in ("-f", f"{key}={value}")]
    answer = read(f"repos/{repository}/releases/generate-notes", False, *given)
    if answer is None:
        raise ReleaseError(
            f"GitHub writes no notes for {tag}",
            "set GH_TOKEN to a token that may write contents, or run `gh auth login`",
        )
    return str(answer["body"])


def delete(c: Context, repository: str, what: Asset | Page) -> None:
    """Remove a draft, or one asset from it."""
    kind = "releases/assets" if isinstance(what, Asset) else "releases"
    _do(c, "api", "--silent", "-X", "DELETE", f"repos/{repository}/{kind}/{what.id}")


def one_draft(c: Context, repository: str, tag: str) -> Page | None:
    """Return the release of a tag, and remove empty drafts beside it: several machines may have made theirs at once."""
    found_pages = pages(repository, tag)
    kept = gh_pages.chosen(repository, tag, found_pages)
    for one in found_pages:
        if one.is_draft and not one.assets and one != kept:
            with suppress(ReleaseError):  # the other machine was quicker
                delete(c, repository, one)
    return kept


def upload(c: Context, repository: str, page: Page | None, files: Sequence[Path]) -> None:
    """Upload files to a release in place of its assets of the same names; there is no page in a dry run that makes one.

    `gh release upload` would look for the tag, and find any one of several drafts.
    """
    for file in files:
        if page and (old := page.asset(file.name)):
            delete(c, repository, old)
        url = f"{endpoints.GITHUB_UPLOADS}/repos/{repository}/releases/{page.id if page else '<id>'}/assets?name={quote(file.name)}"
        _do(
            c,
            "api",
            "--silent",
            "-X",
            "POST",
            "-H",
            "Content-Type: application/octet-stream",
            "--input",
            str(file),
            url,
        )


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


def _arrays(text: str) -> list[Any]:
    """Read the pages of `gh api --paginate`: one JSON value behind the other."""
    rows: list[Any] = []
    decoder, at = json.JSONDecoder(), 0
    while at < len(text.rstrip()):
        page_rows, at = decoder.raw_decode(text, at + len(text[at:]) - len(text[at:].lstrip()))
        rows += _rows(page_rows)
    return rows


def _rows(page: Any) -> list[Any]:
    """Return the rows of a page: an array, or an object with its length and one array."""
    return (
        page
        if isinstance(page, list)
        else next((value for value in page.values() if isinstance(value, list)), [])
    )
