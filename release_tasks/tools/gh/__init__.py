"""gh: releases on GitHub, and the few calls that change them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from invoke.context import Context

from release_tasks import files, http, terminal
from release_tasks.errors import ReleaseError
from release_tasks.memo import On, memoized_on
from release_tasks.shell import Failed, ask, ask_bytes, do, found
from release_tasks.tools.gh import hosts
from release_tasks.tools.gh import pages as gh_pages
from release_tasks.tools.gh import refusals as gh_refusals
from release_tasks.tools.gh.pages import Asset, Page

JSON = "application/vnd.github+json"
BYTES = "application/octet-stream"
# else JSON may come in colors
PLAIN = {"CLICOLOR_FORCE": "0", "GH_FORCE_TTY": ""}
# seconds before a call that is safe to repeat is repeated
WAITS = (0.5, 1.0, 2.0, 4.0)

T = TypeVar("T")


def pages(repository: str, tag: str) -> tuple[Page, ...]:
    """Return every release of a tag, drafts included where a token can see them.

    A tag can have several drafts: GitHub makes another one each time it is asked to.
    """
    return tuple(
        gh_pages.parse(row)
        for row in releases(repository)
        if row["tag_name"] == tag
    )


def releases(repository: str) -> list[dict[str, Any]]:
    """Return every release as in GitHub's API; raise `ReleaseError` for an unknown repository."""
    path = f"repos/{repository}/releases?per_page=100"
    rows: list[dict[str, Any]] | None = read(path, every_page=True)
    if rows is None:
        raise ReleaseError(
            f"GitHub shows no repository {repository}",
            "set GH_TOKEN to a token that may read it, or fix the URL of the remote origin",
        )
    return rows


def page(repository: str, tag: str) -> Page | None:
    """Return the release of a tag, or None; raise `ReleaseError` for several drafts with files."""
    return gh_pages.chosen(repository, tag, pages(repository, tag))


def latest(repository: str) -> str | None:
    """Return the tag of the release that GitHub shows as "Latest", or None."""
    row = read(f"repos/{repository}/releases/latest")
    return None if row is None else str(row["tag_name"])


def issues(repository: str, label: str) -> list[dict[str, Any]]:
    """Return the open issues with a label, without pull requests."""
    path = f"repos/{repository}/issues?state=open&labels={quote(label, safe='')}&per_page=100"
    return [
        row
        for row in read(path, every_page=True) or ()
        if "pull_request" not in row
    ]


def issues_since(
    repository: str, label: str, since: str
) -> list[dict[str, Any]]:
    """Return the issues with a label that were opened since a moment (ISO 8601, UTC).

    Closed ones are among them, pull requests are not.
    """
    query = f"state=all&labels={quote(label, safe='')}&since={since}"
    path = f"repos/{repository}/issues?{query}&per_page=100"
    return [
        row
        for row in read(path, every_page=True) or ()
        if "pull_request" not in row and row["created_at"] >= since
    ]


def issue_titles(repository: str) -> dict[str, str]:
    """Return the address of each issue, open or closed, by its title; the oldest counts."""
    path = f"repos/{repository}/issues?state=all&per_page=100"
    rows = [
        row
        for row in read(path, every_page=True) or ()
        if "pull_request" not in row
    ]
    rows.sort(key=lambda row: int(row["number"]), reverse=True)
    return {row["title"]: row["html_url"] for row in rows}


class Milestone(NamedTuple):
    """A milestone of a repository, and how many issues and pull requests are open in it."""

    number: int
    title: str
    is_open: bool
    open_issues: int


def milestones(repository: str) -> tuple[Milestone, ...]:
    """Return every milestone, the closed ones, too."""
    path = f"repos/{repository}/milestones?state=all&per_page=100"
    return tuple(
        Milestone(
            int(row["number"]),
            str(row["title"]),
            row["state"] == "open",
            int(row["open_issues"]),
        )
        for row in read(path, every_page=True) or ()
    )


def open_items(repository: str, milestone: Milestone) -> list[str]:
    """Return `#NUMBER TITLE` of what is open in a milestone, pull requests included."""
    path = f"repos/{repository}/issues?state=open&milestone={milestone.number}&per_page=100"
    return [
        f"#{row['number']} {row['title']}"
        for row in read(path, every_page=True) or ()
    ]


def open_in_milestone(repository: str, title: str) -> int | None:
    """Return how many issues and pull requests of a milestone are open, None without one."""
    for milestone in milestones(repository):
        if milestone.title == title:
            return milestone.open_issues
    return None


def scopes(password: str = "") -> frozenset[str] | None:
    """Return the scopes of a token (gh's own without `password`), None where GitHub shows none.

    It shows them for classic tokens only. Raises `ReleaseError` where gh's own does not work.
    """
    answer = http.get(
        f"{hosts.api(hosts.DOT_COM)}/rate_limit",
        {"Authorization": f"Bearer {password or token()}"},
        (200, 401, 403),
    )
    if answer.status != 200 and not password:
        read("rate_limit")  # gh says what is wrong with its token
    header = answer.headers.get("x-oauth-scopes")
    if header is None:
        return None
    return frozenset(
        scope.strip() for scope in header.split(",") if scope.strip()
    )


@memoized_on(On.REMOTE)
def read(path: str, every_page: bool = False, *fields: str) -> Any:
    """Return the JSON of a GET on GitHub's API, None for what does not exist.

    A `path` of a repository begins with `repos/[HOST/]OWNER/NAME`. With `fields` it is a POST.
    Without a token it is read anonymously.
    """
    host, below = _located(path)
    if not token(host):
        return _read_anonymously(f"{hosts.api(host)}/{below}", every_page)
    paging = ["--paginate"] if every_page else []
    try:
        text = _repeated(lambda: _ask(host, *paging, below, *fields)).decode()
    except Failed as error:
        if "HTTP 404" in error.output or "No commit found" in error.output:
            return None
        raise gh_refusals.explain(error, host) from error
    if every_page:
        return [row for value in _values(text) for row in _rows(value)]
    return _one_value(text)


@memoized_on()
def token(host: str = hosts.DOT_COM) -> str:
    """Return gh's token for a host, of the environment or gh's own settings.

    It is "" without a token or gh.
    """
    if not found("gh"):
        return ""
    names = hosts.tokens(host)
    for name in names:
        if value := os.environ.get(name):
            return value
    argv = ["gh", "auth", "token", "--hostname", host]
    try:
        return ask(argv, secrets=names).strip()
    except Failed:
        return ""


@memoized_on(On.REMOTE)
def may_write(repository: str) -> bool:
    """Tell whether the token may write contents, without which GitHub shows it no drafts.

    What GitHub says of a user's `permissions` is not the token's, and a workflow's token has none.
    So GitHub is asked for generated notes, which changes nothing and takes the same right.
    """
    host, below = _located(f"repos/{repository}/releases/generate-notes")
    try:
        _repeated(lambda: _ask(host, below, "-f", "tag_name=HEAD"))
    except Failed as error:
        is_refused = re.search(r"HTTP 40[134]", error.output)
        if is_refused and not re.search(gh_refusals.RATE_LIMIT, error.output):
            return False
        if "HTTP 422" not in error.output:
            raise gh_refusals.explain(error, host) from error
    return True


def fetch(repository: str, asset: Asset) -> bytes:
    """Return the bytes of an asset, also of a draft's."""
    host, below = _located(f"repos/{repository}/releases/assets/{asset.id}")
    if not token(host):
        url = f"{hosts.api(host)}/{below}"
        return http.get(url, {"Accept": BYTES}, (200,), remember=False).body
    return _repeated(lambda: _ask(host, "-H", f"Accept: {BYTES}", below))


def text(path: str) -> str:
    """Return what a GET on GitHub's API answers that is no JSON, such as the log of a job."""
    host, below = _located(path)
    if not token(host):
        raise ReleaseError(
            "GitHub shows logs to nobody without a token", "gh auth login"
        )
    return _repeated(lambda: _ask(host, below)).decode(errors="replace")


def create(
    c: Context, repository: str, tag: str, title: str, notes: Path, *flags: str
) -> None:
    """Make a release of a tag that origin has."""
    words = ["release", "create", tag, "--verify-tag", "--title", title]
    words += ["--notes-file", str(notes), *flags, "--repo", repository]
    _do(c, repository, *words)


def generated_notes(
    repository: str, tag: str, commit: str, previous: str
) -> str:
    """Return the notes that GitHub writes for a tag, which need not exist; `previous` may be ""."""
    fields = {"tag_name": tag, "target_commitish": commit}
    if previous:
        fields["previous_tag_name"] = previous
    words: list[str] = []
    for name, value in fields.items():
        words += ["-f", f"{name}={value}"]
    answer = read(f"repos/{repository}/releases/generate-notes", False, *words)
    if answer is None:
        raise ReleaseError(
            f"GitHub writes no notes for {tag}",
            "set GH_TOKEN to a token that may write contents, or run `gh auth login`",
        )
    return str(answer["body"])


def delete(c: Context, repository: str, what: Asset | Page) -> None:
    """Delete a draft, or one asset of it."""
    kind = "releases/assets" if isinstance(what, Asset) else "releases"
    _, path = _located(f"repos/{repository}/{kind}/{what.id}")
    act(c, hosts.host_of(repository), "DELETE", path)


def one_draft(c: Context, repository: str, tag: str) -> Page | None:
    """Return the release of a tag, and delete its other, empty drafts.

    Several machines may have made one each at the same time.
    """
    candidates = pages(repository, tag)
    kept = gh_pages.chosen(repository, tag, candidates)
    for candidate in candidates:
        if candidate.is_draft and not candidate.assets and candidate != kept:
            with suppress(ReleaseError):  # another machine has deleted it
                delete(c, repository, candidate)
    return kept


def upload(
    c: Context, repository: str, page: Page | None, files: Sequence[Path]
) -> None:
    """Upload files to a release, and replace its assets of the same names.

    There is no page in a dry run that would make it. `gh release upload` would look for the tag,
    and find any one of several drafts. An upload whose answer is lost is begun again.
    """
    release = page.id if page else "<id>"
    host, below = _located(f"repos/{repository}/releases/{release}/assets")
    url = f"{hosts.uploads(host)}/{below}"
    for file in files:
        old = page.asset(file.name) if page else None
        if old:
            delete(c, repository, old)
        words = [
            "api",
            "--silent",
            "-X",
            "POST",
            "-H",
            f"Content-Type: {BYTES}",
        ]
        words += ["--input", str(file), f"{url}?name={quote(file.name)}"]
        try:
            _do(c, repository, *words)
        except Broken:
            assert page is not None  # a dry run uploads nothing
            _upload_again(c, repository, page, file, words)


def publish(c: Context, repository: str, tag: str, is_prerelease: bool) -> None:
    """Make a draft public, and leave "Latest" where it is."""
    kind = f"--prerelease={str(is_prerelease).lower()}"
    words = ["release", "edit", tag, "--draft=false", "--latest=false", kind]
    _do_safely(c, repository, *words, "--repo", repository)


def set_latest(c: Context, repository: str, tag: str) -> None:
    """Make a release GitHub's "Latest"."""
    _do_safely(
        c, repository, "release", "edit", tag, "--latest", "--repo", repository
    )


def rewrite(
    c: Context, repository: str, page: Page, title: str, notes: Path
) -> None:
    """Give a release another title and other notes, and leave everything else as it is."""
    words = ["release", "edit", page.tag, "--title", title]
    words += ["--notes-file", str(notes), "--repo", repository]
    _do_safely(c, repository, *words)


def unpublish(c: Context, repository: str, tag: str) -> None:
    """Make a public release a draft again; its tag stays."""
    words = ("release", "edit", tag, "--draft=true", "--repo", repository)
    _do_safely(c, repository, *words)


def close_milestone(c: Context, repository: str, milestone: Milestone) -> None:
    """Close a milestone."""
    host, path = _located(f"repos/{repository}/milestones/{milestone.number}")
    words = ("api", "--silent", "-X", "PATCH", path, "-f", "state=closed")
    _do_safely(c, host, *words)


def make_milestone(
    c: Context, repository: str, title: str, description: str
) -> None:
    """Make a milestone. GitHub has one of each title, so a second call makes no other."""
    host, path = _located(f"repos/{repository}/milestones")
    words = ["api", "--silent", "-X", "POST", path, "-f", f"title={title}"]
    words += ["-f", f"description={description}"]
    try:
        _do(c, host, *words)
    except Broken:
        known = [milestone.title for milestone in milestones(repository)]
        if title not in known:
            _do(c, host, *words)


def open_issue(c: Context, repository: str, data: dict[str, Any]) -> None:
    """Open an issue with the `title`, `body` and `labels` of `data`.

    It is not repeated: a second one could not be deleted.
    """
    send(c, repository, "POST", f"repos/{repository}/issues", data)


def send(
    c: Context, repository: str, method: str, path: str, data: dict[str, Any]
) -> None:
    """Send JSON to the API, once; `path` is that of `read`."""
    _, below = _located(path)
    with files.scratch("request") as folder:
        body = folder / "request.json"
        files.write_bytes(body, json.dumps(data).encode())
        words = ("api", "--silent", "-X", method, below, "--input", str(body))
        _do(c, repository, *words)


def act(c: Context, host: str, method: str, path: str) -> None:
    """Send a request without a body to GitHub's API; one without an answer is repeated once.

    The same request again must do no harm: what it asks for may be done already (404).
    """
    words = ("api", "--silent", "-X", method, path)
    try:
        _do(c, host, *words)
    except Broken:
        try:
            _do_safely(c, host, *words)
        except ReleaseError as again:
            if "HTTP 404" not in again.problem:
                raise


class Broken(ReleaseError):
    """A call without an answer, or with a 5xx: nobody knows whether it was done."""


def _upload_again(
    c: Context, repository: str, page: Page, file: Path, words: Sequence[str]
) -> None:
    """Upload a file whose first upload has no answer, in place of what arrived of it."""
    for seconds in WAITS:
        terminal.pause(
            seconds, f"GitHub did not answer the upload of {file.name}"
        )
        for now in pages(repository, page.tag):
            arrived = now.asset(file.name) if now.id == page.id else None
            if arrived:
                delete(c, repository, arrived)
        with suppress(Broken):
            _do(c, repository, *words)
            return
    _do(c, repository, *words)


def _located(path: str) -> tuple[str, str]:
    """Return the host of an API path, and the path without it."""
    start = "repos/"
    if not path.startswith(start):
        return hosts.DOT_COM, path
    named = path.removeprefix(start)
    return hosts.host_of(named), start + hosts.without_host(named)


def _ask(host: str, *words: str) -> bytes:
    argv = ["gh", "api", *words]
    env = hosts.pinned(host) | PLAIN
    return ask_bytes(argv, env=env, secrets=hosts.tokens(host))


def _repeated(call: Callable[[], T]) -> T:
    """Return what a call answers that is safe to repeat, and is where GitHub fails."""
    for seconds in WAITS:
        try:
            return call()
        except Failed as error:
            if not gh_refusals.is_passing(error):
                raise
        terminal.pause(seconds)
    return call()


def _do_safely(c: Context, repository: str, *words: str) -> None:
    """Do what is the same when it is done twice; repeat it where GitHub fails."""
    for seconds in WAITS:
        with suppress(Broken):
            _do(c, repository, *words)
            return
        terminal.pause(seconds, "GitHub did not answer, trying again")
    _do(c, repository, *words)


def _do(c: Context, repository: str, *words: str) -> None:
    """Act with gh; raise `Broken` where GitHub gives no answer, or a 5xx."""
    host = hosts.host_of(repository)
    try:
        do(
            c,
            ["gh", *words],
            env=hosts.pinned(host),
            secrets=hosts.tokens(host),
        )
    except Failed as error:
        explained = gh_refusals.explain(error, host)
        if gh_refusals.is_passing(error):
            raise Broken(explained.problem, explained.fix) from error
        raise explained from error


def _read_anonymously(url: str, every_page: bool) -> Any:
    answers = http.get_pages(url, {"Accept": JSON}, (200, 403, 404, 422, 429))
    first = answers[0]
    if first.status in (404, 422):  # 422 is a commit that was never pushed
        return None
    if first.status != 200:
        reset = gh_refusals.time_of_day(
            first.headers.get("x-ratelimit-reset", 0)
        )
        said = first.body.decode(errors="replace")[:200]
        raise ReleaseError(
            f"anonymous GitHub rate limit reached: {said}",
            f"set GH_TOKEN, or wait until {reset}",
        )
    if not every_page:
        return first.json()
    rows: list[Any] = []
    for answer in answers:
        rows += _rows(answer.json())
    return rows


def _one_value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _not_json(text) from error


def _not_json(text: str) -> ReleaseError:
    fact = f"GitHub did not return valid JSON: {text[:60]!r}"
    return ReleaseError(fact, "try again later")


def _values(text: str) -> list[Any]:
    """Return the JSON values of `gh api`, which prints one after the other with `--paginate`."""
    values: list[Any] = []
    decoder = json.JSONDecoder()
    rest = text.strip()
    while rest:
        try:
            value, end = decoder.raw_decode(rest)
        except (ValueError, RecursionError) as error:
            raise _not_json(rest) from error
        values.append(value)
        rest = rest[end:].lstrip()
    return values


def _rows(value: Any) -> list[Any]:
    """Return the rows of a page: an array, or the array in an object (`{"total_count": ...}`)."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        for member in value.values():
            if isinstance(member, list):
                return member
    return []
