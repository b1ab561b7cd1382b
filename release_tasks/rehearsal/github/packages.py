"""Container packages of the local GitHub: the versions that GHCR has, deleted and restored.

GitHub Docs, "REST API endpoints for packages": a version is a manifest with all of its tags.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote

from release_tasks.rehearsal.github.call import Refused, not_found
from release_tasks.rehearsal.github.model import JSON, LOGIN, Urls, now
from release_tasks.rehearsal.oci.store import Manifest, Repository, Store
from release_tasks.rehearsal.web import Request, Response

PATH = re.compile(
    r"/(?:user|(?:users|orgs)/([^/]+))/packages/container/"
    r"(.+?)(?:/versions(?:/(\d+)(/restore)?)?)?"
)
READ, DELETE = "read:packages", "delete:packages"
LAST_TAGGED = (
    "You cannot delete the last tagged version of a package. "
    "You must delete the package instead."
)


@dataclass
class Packages:
    """The packages of GHCR's `store`, and the versions that can be restored."""

    store: Store
    # by repository: manifests with the tags that they had
    deleted: dict[str, list[tuple[Manifest, list[str]]]] = field(
        default_factory=dict
    )

    def answer(
        self, request: Request, urls: Urls, path: str, scopes: str
    ) -> Response:
        """Answer a request for a `path` that `PATH` matches; `scopes` are those of the token."""
        match = PATH.fullmatch(path)
        assert match is not None
        owner, package, number, is_restore = match.groups()
        name = f"{owner or LOGIN}/{package}"
        method = request.read_method
        granted = {scope.strip() for scope in scopes.split(",")}
        _require(granted, READ, "list packages")
        if method != "GET":
            _require(granted, DELETE, "delete packages")
        with self.store.lock:
            if method == "GET" and not number:
                return self._list(request, urls, path, name)
            if method == "DELETE" and number:
                return self._delete(name, int(number))
            if method == "DELETE":
                return self._delete_all(name)
            if method == "POST" and is_restore:
                return self._restore(name, int(number))
        raise not_found()

    def _list(
        self, request: Request, urls: Urls, path: str, name: str
    ) -> Response:
        """List the versions; all of them fit on one page here."""
        if request.query.get("state") == "deleted":
            rows = self.deleted.get(name, [])
        else:
            repository = self._find(name)
            rows = [
                (manifest, _tags(repository, manifest))
                for manifest in repository.manifests.values()
            ]
        base = f"{urls.api}{quote(path)}"
        return Response.of_json([_json(base, *row) for row in rows])

    def _delete(self, name: str, number: int) -> Response:
        repository = self._find(name)
        for manifest in list(repository.manifests.values()):
            if _id(manifest) != number:
                continue
            tags = _tags(repository, manifest)
            if tags and set(repository.tags) == set(tags):
                raise Refused(400, LAST_TAGGED)
            repository.remove(manifest)
            self.deleted.setdefault(name, []).append((manifest, tags))
            return Response(204)
        raise not_found()

    def _delete_all(self, name: str) -> Response:
        self._find(name)
        del self.store.repositories[name]
        return Response(204)

    def _restore(self, name: str, number: int) -> Response:
        for row in self.deleted.get(name, []):
            manifest, tags = row
            if _id(manifest) == number:
                self.store.make(name).add(manifest, tags)
                self.deleted[name].remove(row)
                return Response(204)
        raise not_found()

    def _find(self, name: str) -> Repository:
        repository = self.store.repositories.get(name)
        if repository is None:
            raise Refused(404, "Package not found.")
        return repository


def _require(granted: set[str], scope: str, verb: str) -> None:
    if scope not in granted:
        raise Refused(403, f"You need at least {scope} scope to {verb}.")


def _tags(repository: Repository, manifest: Manifest) -> list[str]:
    return [
        tag
        for tag, digest in repository.tags.items()
        if digest == manifest.digest
    ]


def _id(manifest: Manifest) -> int:
    return int(manifest.digest.partition(":")[2][:8], 16)


def _json(base: str, manifest: Manifest, tags: list[str]) -> JSON:
    return {
        "id": _id(manifest),
        "name": manifest.digest,
        "url": f"{base}/{_id(manifest)}",
        "created_at": now(),
        "updated_at": now(),
        "metadata": {
            "package_type": "container",
            "container": {"tags": tags},
        },
    }
