"""The JSON API of the local crates.io: what cargo, scripts and people read and change."""

from __future__ import annotations

from typing import Any

from release_tasks.rehearsal.crates_io.categories import SLUGS
from release_tasks.rehearsal.crates_io.store import (
    Record,
    Refused,
    Store,
    without_build,
)
from release_tasks.rehearsal.web import Request

JSON = dict[str, Any]
DETAILS = ("description", "homepage", "documentation", "repository")
LAST_OWNER = (
    "cannot remove all individual owners of a crate. Team member don't have permission to modify "
    "owners, so at least one individual owner is required."
)


def show_crate(store: Store, name: str) -> JSON:
    """Return a crate with all its versions, newest first; raise `Refused` (404)."""
    records = _records(store, name)
    return {
        "crate": _crate_json(store, records),
        "versions": [
            _version_json(store, record) for record in reversed(records)
        ],
        "keywords": [],
        "categories": [],
    }


def show_version(store: Store, name: str, version: str) -> JSON:
    """Return one version; raise `Refused` (404) for a crate or version that is not there."""
    for record in _records(store, name):
        if record["vers"] == version:
            return {"version": _version_json(store, record)}
    raise Refused(f"crate `{name}` does not have a version `{version}`", 404)


def search(store: Store, request: Request) -> JSON:
    """Return the crates published here whose name has the words of `q`."""
    words = _searched(request.query.get("q", "")).split()
    found = []
    for name, records in sorted(store.published().items()):
        if all(word in _searched(name) for word in words):
            found.append(_crate_json(store, records))
    size = int(request.query.get("per_page", 10))
    end = int(request.query.get("page", 1)) * size
    return {"crates": found[end - size : end], "meta": {"total": len(found)}}


def owners(store: Store, request: Request, name: str) -> JSON:
    """List the owners of a crate, add some (PUT) or remove some (DELETE)."""
    _records(store, name)
    with store.lock:
        listed = store.owners.setdefault(name.lower(), ["rehearsal"])
        if request.method == "GET":
            return {"users": [_user_json(login) for login in listed]}
        sent = request.json()
        logins = sent.get("users") or sent.get("owners") or []
        if request.method == "PUT":
            return _add_owners(listed, logins, name)
        return _remove_owners(listed, logins)


def categories() -> JSON:
    """Return all category slugs."""
    slugs = [{"id": slug, "slug": slug} for slug in sorted(SLUGS)]
    return {"category_slugs": slugs}


def published(name: str) -> JSON:
    """Return the answer to an accepted upload."""
    warnings: JSON = {
        "invalid_categories": [],
        "invalid_badges": [],
        "other": [],
    }
    return {"crate": {"id": name, "name": name}, "warnings": warnings}


def _searched(text: str) -> str:
    """Return a text in the form in which names are searched."""
    return text.lower().replace("_", "-")


def _records(store: Store, name: str) -> list[Record]:
    records = store.versions(name)
    if not records:
        raise Refused(f"crate `{name}` does not exist", 404)
    return records


def _add_owners(listed: list[str], logins: list[str], name: str) -> JSON:
    messages = []
    for login in logins:
        messages.append(
            f"user {login} has been invited to be an owner of crate {name}"
        )
        if login not in listed:
            listed.append(login)
    return {"msg": ",".join(messages), "ok": True}


def _remove_owners(listed: list[str], logins: list[str]) -> JSON:
    remaining = [login for login in listed if login not in logins]
    if not remaining:
        raise Refused(LAST_OWNER)
    listed[:] = remaining
    return {"msg": "owners successfully removed", "ok": True}


def _crate_json(store: Store, records: list[Record]) -> JSON:
    from semver import Version

    newest = records[-1]
    details = store.details_of(newest)
    versions = [record["vers"] for record in records if not record["yanked"]]
    versions = versions or [newest["vers"]]
    stable = [
        version for version in versions if "-" not in without_build(version)
    ]
    highest = max(versions, key=Version.parse)
    return {
        **{key: details.get(key) for key in DETAILS},
        "id": newest["name"],
        "name": newest["name"],
        "max_version": highest,
        "newest_version": newest["vers"],
        "max_stable_version": max(stable, key=Version.parse, default=None),
        "default_version": highest,
        "num_versions": len(records),
        "yanked": all(record["yanked"] for record in records),
        "downloads": sum(_downloads(store, record) for record in records),
        "created_at": records[0].get("pubtime"),
        "updated_at": newest.get("pubtime"),
        "exact_match": False,
    }


def _version_json(store: Store, record: Record) -> JSON:
    name, version = record["name"], record["vers"]
    details = store.details_of(record)
    return {
        "crate": name,
        "num": version,
        "yanked": record["yanked"],
        "checksum": record["cksum"],
        "dl_path": f"/api/v1/crates/{name}/{version}/download",
        "features": record.get("features", {}),
        "created_at": record.get("pubtime"),
        "updated_at": record.get("pubtime"),
        "license": details.get("license"),
        "description": details.get("description"),
        "rust_version": record.get("rust_version"),
        "links": record.get("links"),
        "crate_size": store.own_size(name, version),
        "downloads": _downloads(store, record),
    }


def _downloads(store: Store, record: Record) -> int:
    return store.downloads[str(record["name"]).lower(), record["vers"]]


def _user_json(login: str) -> JSON:
    return {
        "id": 1,
        "login": login,
        "name": login.title(),
        "kind": "user",
        "url": None,
        "avatar": None,
    }
