"""Releases of the GitHub stand-in: drafts, publication, "Latest", immutability."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from release_tasks.rehearsal.github import assets as github_assets
from release_tasks.rehearsal.github import git as github_git
from release_tasks.rehearsal.github.call import Call, Refused, Route, invalid, not_found, paged
from release_tasks.rehearsal.github.model import JSON, Release, Repository, next_id, now, user
from release_tasks.rehearsal.web import Response
from release_tasks.shell import Failed

FIELDS = {
    "tag_name": "tag",
    "target_commitish": "target",
    "name": "name",
    "body": "body",
    "draft": "draft",
    "prerelease": "prerelease",
}
FROZEN = ("tag", "target", "draft")  # of an immutable release; title and notes may change


def view(call: Call, release: Release) -> JSON:
    """Return a release as the API shows it."""
    url, page = f"{call.base}/releases/{release.id}", quote(release.page)
    upload = f"{call.urls.uploads}/repos/{call.repo.full}/releases/{release.id}/assets"
    ball = None if release.draft else f"{call.base}/{{}}ball/{quote(release.tag)}"
    return {
        "url": url,
        "assets_url": f"{url}/assets",
        "upload_url": f"{upload}{{?name,label}}",
        "html_url": f"{call.web}/releases/tag/{page}",
        "id": release.id,
        "node_id": f"RE_{release.id}",
        "author": user(call.urls),
        "tag_name": release.tag,
        "target_commitish": release.target,
        "name": release.name,
        "body": release.body,
        "draft": release.draft,
        "prerelease": release.prerelease,
        "immutable": release.immutable,
        "created_at": release.created,
        "published_at": release.published,
        "updated_at": release.published or release.created,
        "tarball_url": ball and ball.format("tar"),
        "zipball_url": ball and ball.format("zip"),
        "assets": [github_assets.view(call, release, asset) for asset in release.assets.values()],
    }


def newest_first(repo: Repository) -> list[Release]:
    """Return releases and drafts in the order of the API: by the date of their commit."""
    return sorted(
        repo.releases.values(), key=lambda release: (release.created, release.id), reverse=True
    )


def latest(repo: Repository) -> Release | None:
    """Return the release that is "Latest": made so, else the newest finished one."""
    finished = [r for r in newest_first(repo) if not r.draft and not r.prerelease]
    chosen = [r for r in finished if r.id == repo.latest]
    willing = [r for r in finished if not r.never_latest]
    return next(iter(chosen or willing or finished), None)


def settle(repo: Repository) -> None:
    """Turn published releases whose tag was deleted into drafts, as GitHub does."""
    tags = github_git.refs(repo.path, "refs/tags/")
    for release in repo.releases.values():
        if not release.draft and f"refs/tags/{release.tag}" not in tags:
            release.draft, release.published = True, None


def _list(call: Call) -> Response:
    seen = [release for release in newest_first(call.repo) if call.signed or not release.draft]
    return paged(call, [view(call, release) for release in seen])


def _shown(call: Call, release: Release | None) -> JSON:
    if release is None:
        raise not_found()
    return view(call, release)


def _create(call: Call) -> Response:
    data = call.json()
    if not data.get("tag_name"):
        raise Refused(422, 'Invalid request.\n\n"tag_name" wasn\'t supplied.')
    release = Release(
        next_id(), data["tag_name"], github_git.default_branch(call.repo.path), draft=True
    )
    if data.get("generate_release_notes"):
        made = _notes(call, data)
        data["name"] = data.get("name") or made["name"]
        data["body"] = "\n\n".join(filter(None, (data.get("body"), made["body"])))
    saved = _save(call, release, {"draft": False, **data}, is_new=True)
    answer = Response.of_json(view(call, saved), 201)
    return Response(
        201, answer.body, answer.headers | {"Location": f"{call.base}/releases/{saved.id}"}
    )


def _edit(call: Call) -> JSON:
    return view(call, _save(call, call.release(), call.json(), is_new=False))


def _save(call: Call, old: Release, data: JSON, is_new: bool) -> Release:
    repo, new = call.repo, replace(old, **_changes(data))
    if old.immutable and any(getattr(old, name) != getattr(new, name) for name in FROZEN):
        raise invalid(
            "Release", "custom", message="Cannot change the tag or state of an immutable release."
        )
    wish = str(data.get("make_latest", "")).lower()
    if wish == "true" and (new.prerelease or (new.draft and not is_new)):
        raise invalid("Release", "custom", message="Latest release cannot be draft or prerelease")
    if not new.draft:
        _publish(repo, old, new)
    new.created = new.created or now()
    repo.releases[new.id] = new
    wish = wish or ("true" if old.draft else "")  # a publication is latest unless it says otherwise
    if not new.draft and not new.prerelease and wish:
        new.never_latest = wish == "false"
        repo.latest = new.id if wish == "true" else 0 if repo.latest == new.id else repo.latest
    github_git.lock_tags(repo)
    return new


def _changes(data: JSON) -> dict[str, Any]:
    """Return the wanted fields by our names; refuse `gh api -f draft=false`, a string."""
    changes = {}
    for key, name in FIELDS.items():
        value = data.get(key)
        kind, word = (bool, "boolean") if name in ("draft", "prerelease") else (str, "string")
        if value is not None and not isinstance(value, kind):
            raise Refused(
                422,
                f"Invalid request.\n\nFor 'properties/{key}', {json.dumps(value)} is not a {word}.",
            )
        if value is not None:
            changes[name] = value
    return changes


def _publish(repo: Repository, old: Release, new: Release) -> None:
    """Check what a published release needs, make its tag, and set its dates."""
    other = repo.published(new.tag)
    if other is not None and other.id != new.id:
        raise invalid("Release", "already_exists", "tag_name")
    if old.draft and new.tag in repo.used_tags:
        raise invalid("Release", "custom", "tag_name", "tag_name was used by an immutable release")
    if f"refs/tags/{new.tag}" not in github_git.refs(repo.path, "refs/tags/"):
        _make_tag(repo, new)
    if old.draft:
        commit = github_git.commit_of(repo.path, f"refs/tags/{new.tag}")
        form = "--date=format-local:%Y-%m-%dT%H:%M:%SZ"  # local is UTC there
        date = github_git.git(repo.path, "log", "-1", form, "--format=%cd", commit)
        new.created, new.published, new.immutable = date.strip(), now(), repo.immutable
        if new.immutable:
            repo.used_tags.add(new.tag)


def _make_tag(repo: Repository, release: Release) -> None:
    rule = {
        "resource": "Release",
        "code": "custom",
        "message": "Published releases must have a valid tag",
    }
    wrong = {"resource": "Release", "code": "custom", "field": "tag_name"}
    try:
        github_git.git(repo.path, "check-ref-format", f"refs/tags/{release.tag}")
    except Failed:
        raise Refused(
            422,
            "Validation Failed",
            wrong | {"message": "tag_name is not a valid tag"},
            wrong | {"message": "tag_name is not well-formed"},
            rule,
        ) from None
    commit = github_git.commit_of(repo.path, release.target)
    if not commit:
        target = {"resource": "Release", "code": "invalid", "field": "target_commitish"}
        empty = not github_git.refs(repo.path, "refs/heads/")
        details = (
            () if empty else (wrong | {"message": "tag_name is not a valid tag"}, rule, target)
        )
        raise Refused(422, "Repository is empty." if empty else "Validation Failed", *details)
    github_git.git(repo.path, "update-ref", f"refs/tags/{release.tag}", commit, "")


def _delete(call: Call) -> Response:
    release = call.release()
    del call.repo.releases[release.id]
    for asset in release.assets.values():
        asset.path.unlink(missing_ok=True)
    github_git.lock_tags(call.repo)
    return Response(204)


def _notes(call: Call, data: JSON) -> JSON:
    tag = str(data.get("tag_name", ""))
    published = [
        release.tag
        for release in newest_first(call.repo)
        if not release.draft and release.tag != tag
    ]
    before = data.get("previous_tag_name") or next(iter(published), "")
    changes = f"compare/{before}...{tag}" if before else f"commits/{tag}"
    return {"name": tag, "body": f"**Full Changelog**: {call.web}/{changes}"}


ROUTES: tuple[Route, ...] = (
    ("GET", "/releases", _list),
    ("POST", "/releases", _create),
    ("POST", "/releases/generate-notes", lambda call: _notes(call, call.json())),
    ("GET", "/releases/latest", lambda call: _shown(call, latest(call.repo))),
    ("GET", "/releases/tags/(.+)", lambda call: _shown(call, call.repo.published(call.words[0]))),
    ("GET", r"/releases/(\d+)", lambda call: view(call, call.release())),
    ("PATCH", r"/releases/(\d+)", _edit),
    ("DELETE", r"/releases/(\d+)", _delete),
)
