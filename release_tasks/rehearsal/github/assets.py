"""Assets of the local GitHub: upload, listing, download, renaming, removal."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

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
    Asset,
    Release,
    Repository,
    next_id,
    now,
    user,
)
from release_tasks.rehearsal.web import Response
from release_tasks.rules import github

BINARY = "application/octet-stream"


def asset_json(call: Call, release: Release, asset: Asset) -> JSON:
    """Return an asset as the API shows it."""
    path = f"{quote(release.page)}/{quote(asset.name)}"
    return {
        "url": f"{call.base}/releases/assets/{asset.id}",
        "id": asset.id,
        "node_id": f"RA_{asset.id}",
        "name": asset.name,
        "label": asset.label,
        "uploader": user(call.urls),
        "content_type": asset.content_type,
        "state": asset.state,
        "size": asset.size,
        "digest": asset.digest or None,
        "download_count": asset.downloads,
        "created_at": asset.created,
        "updated_at": asset.created,
        "browser_download_url": f"{call.web}/releases/download/{path}",
    }


def assets_json(call: Call, release: Release) -> list[JSON]:
    """Return all assets of a release as the API shows them."""
    return [
        asset_json(call, release, asset) for asset in release.assets.values()
    ]


def begin(
    repo: Repository, release: Release, name: str, label: str, content_type: str
) -> Asset:
    """Add an asset as a `starter`; raise `Refused` where the release takes none."""
    if not name:
        raise invalid("ReleaseAsset", "missing_field", "name")
    name = github.stored_name(name)
    if release.immutable:
        raise Refused(422, "Cannot upload assets to an immutable release.")
    for refusal in github.asset_count(len(release.assets) + 1):
        raise invalid("ReleaseAsset", "custom", "file_count", refusal)
    if release.asset(name) is not None:
        raise invalid("ReleaseAsset", "already_exists", "name")
    number = next_id()
    path = repo.files / str(number)
    asset = Asset(number, name, path, content_type, label, created=now())
    release.assets[number] = asset
    return asset


def upload(call: Call) -> Response:
    """Store the bytes of a new asset; when they end early the asset stays a `starter`."""
    headers = call.request.headers
    if "content-length" not in headers:
        raise Refused(400, "Bad Content-Length: ")
    for refusal in github.asset_size(call.request.length):
        raise invalid("ReleaseAsset", "custom", "size", refusal)
    kind = headers.get("content-type", BINARY)
    name = call.query.get("name", "")
    label = call.query.get("label", "")
    with call.repo.lock:
        release = call.release()
        asset = begin(call.repo, release, name, label, kind)
    digest = hashlib.sha256()
    size = 0
    with asset.path.open("wb") as out:
        for chunk in call.request.chunks():
            out.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    with call.repo.lock:
        asset.size = size
        asset.digest = f"sha256:{digest.hexdigest()}"
        asset.state = "uploaded"
        return Response.of_json(asset_json(call, release, asset), 201)


def download(asset: Asset) -> Response:
    """Answer the bytes of an asset, and count the download."""
    if asset.state != "uploaded":
        raise not_found()
    asset.downloads += 1
    headers = {
        "Content-Type": asset.content_type,
        "Content-Disposition": f"attachment; filename={asset.name}",
    }
    return Response(200, asset.path, headers)


def public_file(repo: Repository, tag: str, name: str) -> Response:
    """Answer a file of a published release as its web address does."""
    release = repo.published(tag)
    if release is None:
        raise not_found()
    asset = release.asset(name)
    if asset is None:
        raise not_found()
    return download(asset)


def _find(call: Call) -> tuple[Release, Asset]:
    number = int(call.groups[0])
    for release in call.repo.releases.values():
        is_shown = call.sees_drafts or not release.draft
        if is_shown and number in release.assets:
            return release, release.assets[number]
    raise not_found()


def _list(call: Call) -> Response:
    return paged(call, assets_json(call, call.release()))


def _get(call: Call) -> Any:
    release, asset = _find(call)
    if BINARY in call.request.header("accept"):
        return download(asset)
    return asset_json(call, release, asset)


def _edit(call: Call) -> JSON:
    release, asset = _find(call)
    data = call.json()
    name = github.stored_name(data.get("name") or asset.name)
    if release.immutable:
        raise Refused(422, "Cannot update assets of an immutable release.")
    other = release.asset(name)
    if other is not None and other is not asset:
        raise invalid("ReleaseAsset", "already_exists", "name")
    asset.name = name
    asset.label = data.get("label", asset.label)
    return asset_json(call, release, asset)


def _delete(call: Call) -> Response:
    release, asset = _find(call)
    if release.immutable:
        raise Refused(422, "Cannot delete assets of an immutable release.")
    del release.assets[asset.id]
    asset.path.unlink(missing_ok=True)
    return Response(204)


ROUTES: tuple[Route, ...] = (
    ("GET", r"/releases/(\d+)/assets", _list),
    ("GET", r"/releases/assets/(\d+)", _get),
    ("PATCH", r"/releases/assets/(\d+)", _edit),
    ("DELETE", r"/releases/assets/(\d+)", _delete),
)
