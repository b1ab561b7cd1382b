"""The JSON API of the crates.io stand-in: what cargo, scripts and people ask and change."""

from __future__ import annotations

from typing import Any

from release_tasks.rehearsal.crates_io.store import Record, Refused, Store, bare
from release_tasks.rehearsal.web import Request, Response

JSON = dict[str, Any]


def show_crate(store: Store, name: str) -> JSON:
    """Return a crate with all its versions, newest first; raise `Refused` (404)."""
    records = store.versions(name)
    if not records:
        raise Refused(f"crate `{name}` does not exist", 404)
    versions = [_version(store, record) for record in reversed(records)]
    return {"crate": _crate(store, records), "versions": versions, "keywords": [], "categories": []}


def show_version(store: Store, name: str, version: str) -> JSON:
    """Return one version; raise `Refused` (404) for a crate or version that is not there."""
    for found in show_crate(store, name)["versions"]:
        if found["num"] == version:
            return {"version": found}
    raise Refused(f"crate `{name}` does not have a version `{version}`", 404)


def search(store: Store, request: Request) -> JSON:
    """Return the crates published here whose name holds the words of `q`."""
    words = request.query.get("q", "").lower().replace("_", "-").split()
    found = [
        _crate(store, records)
        for name, records in sorted(store.published().items())
        if all(word in name.lower().replace("_", "-") for word in words)
    ]
    page, size = int(request.query.get("page", 1)), int(request.query.get("per_page", 10))
    return {"crates": found[(page - 1) * size : page * size], "meta": {"total": len(found)}}


def owners(store: Store, request: Request, name: str) -> JSON:
    """List the owners of a crate, invite some (PUT) or remove some (DELETE)."""
    if not store.versions(name):
        raise Refused(f"crate `{name}` does not exist", 404)
    with store.lock:
        listed = store.owners.setdefault(name.lower(), ["rehearsal"])
        if request.method == "GET":
            return {"users": [_user(login) for login in listed]}
        sent = request.json()
        wanted = [str(login) for login in sent.get("users") or sent.get("owners") or []]
        if request.method == "PUT":
            listed += [login for login in wanted if login not in listed]
            said = [
                f"user {login} has been invited to be an owner of crate {name}" for login in wanted
            ]
            return {"msg": ",".join(said), "ok": True}
        if not set(listed) - set(wanted):
            raise Refused(
                "cannot remove all individual owners of a crate. Team member don't have permission to modify "
                "owners, so at least one individual owner is required."
            )
        listed[:] = [login for login in listed if login not in wanted]
        return {"msg": "owners successfully removed", "ok": True}


def published(name: str) -> Response:
    """Answer an upload that was taken."""
    warnings: JSON = {"invalid_categories": [], "invalid_badges": [], "other": []}
    return Response.of_json({"crate": {"id": name, "name": name}, "warnings": warnings})


def _crate(store: Store, records: list[Record]) -> JSON:
    from semver import Version

    newest = records[-1]
    kept = [r["vers"] for r in records if not r["yanked"]] or [newest["vers"]]
    highest = max(kept, key=Version.parse)
    stable = [vers for vers in kept if "-" not in bare(vers)]
    about = store.details.get((newest["name"].lower(), newest["vers"]), {})
    shown = {
        key: about.get(key) for key in ("description", "homepage", "documentation", "repository")
    }
    return shown | {
        "id": newest["name"],
        "name": newest["name"],
        "max_version": highest,
        "newest_version": newest["vers"],
        "max_stable_version": max(stable, key=Version.parse, default=None),
        "default_version": highest,
        "num_versions": len(records),
        "yanked": all(r["yanked"] for r in records),
        "downloads": 0,
        "created_at": records[0].get("pubtime"),
        "updated_at": newest.get("pubtime"),
        "exact_match": False,
    }


def _version(store: Store, record: Record) -> JSON:
    name, version = record["name"], record["vers"]
    about = store.details.get((name.lower(), version), {})
    own = store.own_file(name, version)
    return {
        "crate": name,
        "num": version,
        "yanked": record["yanked"],
        "checksum": record["cksum"],
        "dl_path": f"/api/v1/crates/{name}/{version}/download",
        "features": record.get("features", {}),
        "created_at": record.get("pubtime"),
        "updated_at": record.get("pubtime"),
        "license": about.get("license"),
        "description": about.get("description"),
        "rust_version": record.get("rust_version"),
        "links": record.get("links"),
        "crate_size": own.stat().st_size if own.exists() else None,
        "downloads": 0,
    }


def _user(login: str) -> JSON:
    return {
        "id": 1,
        "login": login,
        "name": login.title(),
        "kind": "user",
        "url": None,
        "avatar": None,
    }
