"""Releases of the local GitHub: drafts, publication, "Latest", immutability."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from release_tasks.rehearsal.github import git
from release_tasks.rehearsal.github.assets import assets_json
from release_tasks.rehearsal.github.call import (
    Call,
    Refused,
    Route,
    invalid,
    not_found,
    paged,
)
from release_tasks.rehearsal.github.model import (
    JSON,
    Release,
    Repository,
    next_id,
    now,
    user,
)
from release_tasks.rehearsal.web import Response
from release_tasks.rules import github

# The fields that a client can set: our name and the type of each.
FIELDS: dict[str, tuple[str, type]] = {
    "tag_name": ("tag", str),
    "target_commitish": ("target", str),
    "name": ("name", str),
    "body": ("body", str),
    "draft": ("draft", bool),
    "prerelease": ("prerelease", bool),
}
TYPE_NAMES = {str: "string", bool: "boolean"}
# of an immutable release; title and notes may change
FROZEN = ("tag", "target", "draft")
BAD_TAG = {"resource": "Release", "code": "custom", "field": "tag_name"}
NO_TAG = {
    "resource": "Release",
    "code": "custom",
    "message": "Published releases must have a valid tag",
}


def release_json(call: Call, release: Release) -> JSON:
    """Return a release as the API shows it."""
    url = f"{call.base}/releases/{release.id}"
    upload = f"{call.urls.uploads}/repos/{call.repo.full}/releases/{release.id}/assets"
    tarball = zipball = None
    if not release.draft:
        tarball = f"{call.base}/tarball/{quote(release.tag)}"
        zipball = f"{call.base}/zipball/{quote(release.tag)}"
    return {
        "url": url,
        "assets_url": f"{url}/assets",
        "upload_url": f"{upload}{{?name,label}}",
        "html_url": f"{call.web}/releases/tag/{quote(release.page)}",
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
        "tarball_url": tarball,
        "zipball_url": zipball,
        "assets": assets_json(call, release),
    }


def newest_first(repo: Repository) -> list[Release]:
    """Return releases and drafts in the order of the API: by the date of their commit."""

    def age(release: Release) -> tuple[str, int]:
        return release.created, release.id

    return sorted(repo.releases.values(), key=age, reverse=True)


def latest(repo: Repository) -> Release | None:
    """Return the release that is "Latest": made so by request, else the newest finished one."""
    finished = []
    for release in newest_first(repo):
        if not release.draft and not release.prerelease:
            finished.append(release)
    chosen = [release for release in finished if release.id == repo.latest]
    allowed = [release for release in finished if not release.never_latest]
    return next(iter(chosen or allowed or finished), None)


def latest_tag(repo: Repository) -> str:
    """Return the tag of the "Latest" release, "" where there is none."""
    release = latest(repo)
    if release is None:
        return ""
    return release.tag


def unpublish_untagged(repo: Repository) -> None:
    """Turn published releases whose tag was deleted into drafts, as GitHub does."""
    existing = git.tags(repo.path)
    for release in repo.releases.values():
        if not release.draft and release.tag not in existing:
            release.draft = True
            release.published = None


def _list(call: Call) -> Response:
    shown = newest_first(call.repo)
    if not call.sees_drafts:
        shown = [release for release in shown if not release.draft]
    return paged(call, [release_json(call, release) for release in shown])


def _show(call: Call) -> JSON:
    return release_json(call, call.release())


def _show_latest(call: Call) -> JSON:
    release = latest(call.repo)
    if release is None:
        raise not_found()
    return release_json(call, release)


def _show_published(call: Call) -> JSON:
    release = call.repo.published(call.groups[0])
    if release is None:
        raise not_found()
    return release_json(call, release)


def _create(call: Call) -> Response:
    data = call.json()
    tag = data.get("tag_name")
    if not tag:
        raise Refused(422, 'Invalid request.\n\n"tag_name" wasn\'t supplied.')
    branch = git.default_branch(call.repo.path)
    release = Release(next_id(), tag, target=branch, draft=True)
    if data.get("generate_release_notes"):
        notes = _notes(call, data)
        parts = (data.get("body"), notes["body"])
        data["name"] = data.get("name") or notes["name"]
        data["body"] = "\n\n".join(filter(None, parts))
    saved = _save(call, release, {"draft": False, **data}, is_new=True)
    answer = Response.of_json(release_json(call, saved), 201)
    answer.headers["Location"] = f"{call.base}/releases/{saved.id}"
    return answer


def _edit(call: Call) -> JSON:
    saved = _save(call, call.release(), call.json(), is_new=False)
    return release_json(call, saved)


def _save(call: Call, old: Release, data: JSON, is_new: bool) -> Release:
    repo = call.repo
    new = replace(old, **_changes(data))
    for refusal in github.notes(new.body or ""):
        raise invalid("Release", "custom", "body", refusal)
    if old.immutable and _is_frozen_changed(old, new):
        message = "Cannot change the tag or state of an immutable release."
        raise invalid("Release", "custom", message=message)
    make_latest = str(data.get("make_latest", "")).lower()
    if make_latest == "true" and (new.prerelease or (new.draft and not is_new)):
        message = "Latest release cannot be draft or prerelease"
        raise invalid("Release", "custom", message=message)
    if not new.draft:
        _publish(repo, old, new)
    new.created = new.created or now()
    repo.releases[new.id] = new
    if old.draft and not make_latest:
        # a publication is latest unless the request sets it otherwise
        make_latest = "true"
    if make_latest and not new.draft and not new.prerelease:
        _set_latest(repo, new, make_latest)
    git.lock_tags(repo)
    return new


def _is_frozen_changed(old: Release, new: Release) -> bool:
    return any(getattr(old, name) != getattr(new, name) for name in FROZEN)


def _set_latest(repo: Repository, release: Release, make_latest: str) -> None:
    """Apply `make_latest` of a request: `true`, `false` or `legacy` (by date)."""
    release.never_latest = make_latest == "false"
    if make_latest == "true":
        repo.latest = release.id
    elif repo.latest == release.id:
        repo.latest = 0


def _changes(data: JSON) -> dict[str, Any]:
    """Return the wanted fields by our names; refuse `gh api -f draft=false`, a string."""
    changes = {}
    for key, (name, kind) in FIELDS.items():
        value = data.get(key)
        if value is None:
            continue
        if not isinstance(value, kind):
            fact = f"{json.dumps(value)} is not a {TYPE_NAMES[kind]}."
            raise Refused(
                422, f"Invalid request.\n\nFor 'properties/{key}', {fact}"
            )
        changes[name] = value
    return changes


def _publish(repo: Repository, old: Release, new: Release) -> None:
    """Check what a published release needs, make its tag, and set its dates."""
    other = repo.published(new.tag)
    if other is not None and other.id != new.id:
        raise invalid("Release", "already_exists", "tag_name")
    if old.draft and new.tag in repo.used_tags:
        raise invalid(
            "Release",
            "custom",
            "tag_name",
            "tag_name was used by an immutable release",
        )
    if new.tag not in git.tags(repo.path):
        _make_tag(repo, new)
    if not old.draft:
        return
    new.created = _commit_date(repo, new.tag)
    new.published = now()
    new.immutable = repo.immutable
    if new.immutable:
        repo.used_tags.add(new.tag)


def _commit_date(repo: Repository, tag: str) -> str:
    commit = git.commit_of(repo.path, f"refs/tags/{tag}")
    form = "--date=format-local:%Y-%m-%dT%H:%M:%SZ"  # local is UTC there
    date = git.run(repo.path, "log", "-1", form, "--format=%cd", commit)
    return date.strip()


def _make_tag(repo: Repository, release: Release) -> None:
    invalid_tag = BAD_TAG | {"message": "tag_name is not a valid tag"}
    for refusal in github.tag(release.tag):
        malformed = BAD_TAG | {"message": refusal}
        raise Refused(422, "Validation Failed", invalid_tag, malformed, NO_TAG)
    commit = git.commit_of(repo.path, release.target)
    if commit:
        git.run(repo.path, "update-ref", f"refs/tags/{release.tag}", commit, "")
        return
    if not git.refs(repo.path, "refs/heads/"):
        raise Refused(422, "Repository is empty.")
    target = {
        "resource": "Release",
        "code": "invalid",
        "field": "target_commitish",
    }
    raise Refused(422, "Validation Failed", invalid_tag, NO_TAG, target)


def _delete(call: Call) -> Response:
    release = call.release()
    del call.repo.releases[release.id]
    for asset in release.assets.values():
        asset.path.unlink(missing_ok=True)
    git.lock_tags(call.repo)
    return Response(204)


def _generate_notes(call: Call) -> JSON:
    return _notes(call, call.json())


def _notes(call: Call, data: JSON) -> JSON:
    tag = str(data.get("tag_name", ""))
    previous = data.get("previous_tag_name") or _previous_tag(call.repo, tag)
    changes = f"commits/{tag}"
    if previous:
        changes = f"compare/{previous}...{tag}"
    return {"name": tag, "body": f"**Full Changelog**: {call.web}/{changes}"}


def _previous_tag(repo: Repository, tag: str) -> str:
    """Return the tag of the newest published release with another tag, "" for none."""
    for release in newest_first(repo):
        if not release.draft and release.tag != tag:
            return release.tag
    return ""


ROUTES: tuple[Route, ...] = (
    ("GET", "/releases", _list),
    ("POST", "/releases", _create),
    ("POST", "/releases/generate-notes", _generate_notes),
    ("GET", "/releases/latest", _show_latest),
    ("GET", "/releases/tags/(.+)", _show_published),
    ("GET", r"/releases/(\d+)", _show),
    ("PATCH", r"/releases/(\d+)", _edit),
    ("DELETE", r"/releases/(\d+)", _delete),
)
