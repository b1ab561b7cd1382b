"""Manifests of the OCI registry, and what is found by them: tags and referrers."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from typing import Any
from urllib.parse import parse_qs, quote

from release_tasks.rehearsal.oci.store import TAG, Manifest, Refused, Repository, Store, checked
from release_tasks.rehearsal.web import Request, Response

LARGEST = 4 << 20  # bytes of a manifest
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LAYER_FROM_ELSEWHERE = ("nondistributable", "foreign")


def fetch(store: Store, request: Request, name: str, reference: str) -> Response:
    """Answer with a manifest, byte by byte and with the media type that it was pushed with."""
    repository = store.find(name)
    digest = repository.tags.get(reference, reference)
    manifest = repository.manifests.get(digest)
    if manifest is None:
        raise Refused(404, "MANIFEST_UNKNOWN", f"{name} has no manifest {reference}")
    headers = {"Content-Type": manifest.media_type, "Docker-Content-Digest": digest}
    return Response(200, store.path(digest), headers)


def push(store: Store, request: Request, name: str, reference: str) -> Response:
    """Store a manifest under its digest and its tags: the reference, or each `tag=`."""
    raw = _read(request)
    document = _parsed(raw)
    digest, tags = _names(request, reference, raw)
    manifest = _described(request, document, digest, len(raw))
    if request.public:
        _demand_blobs(store, name, document)
    path = store.path(digest)
    with store.lock:
        path.write_bytes(raw) if not path.exists() else None
        repository = store.make(name)
        repository.manifests[digest] = manifest
        repository.tags |= dict.fromkeys(tags, digest)
        if manifest.subject:
            repository.referrers.setdefault(manifest.subject, {})[digest] = manifest
    headers = {"Location": f"/v2/{name}/manifests/{digest}", "Docker-Content-Digest": digest}
    headers |= {"OCI-Subject": manifest.subject} if manifest.subject else {}
    headers |= {"OCI-Tag": ", ".join(tags)} if tags else {}
    return Response(201, b"", headers)


def remove(store: Store, request: Request, name: str, reference: str) -> Response:
    """Delete a tag alone, or a manifest with its tags."""
    with store.lock:
        repository = store.find(name)
        if repository.tags.pop(reference, None):
            return Response(202)
        manifest = repository.manifests.pop(reference, None)
        if manifest is None:
            raise Refused(404, "MANIFEST_UNKNOWN", f"{name} has no manifest {reference}")
        repository.tags = {t: d for t, d in repository.tags.items() if d != reference}
        repository.referrers.get(manifest.subject or "", {}).pop(reference, None)
    return Response(202)


def list_tags(store: Store, request: Request, name: str, reference: str) -> Response:
    """List the tags in the order of their bytes: at most `n`, those behind `last`."""
    if reference != "list":
        raise Refused(404, "UNSUPPORTED", f"there is nothing at tags/{reference}")
    count = request.query.get("n")
    if count is not None and not count.isdecimal():
        raise Refused(400, "PAGINATION_NUMBER_INVALID", f"n={count} is no number")
    with store.lock:
        tags = sorted(store.find(name).tags)
    tags = tags[bisect_right(tags, request.query.get("last", "")) :]
    page = tags[: int(count)] if count is not None else tags
    answer = Response.of_json({"name": name, "tags": page})
    if page and len(page) < len(tags):
        following = f"/v2/{name}/tags/list?n={count}&last={quote(page[-1])}"
        answer.headers["Link"] = f'<{following}>; rel="next"'
    return answer


def list_referrers(store: Store, request: Request, name: str, reference: str) -> Response:
    """List the manifests whose subject is this digest, as an index; an unknown one has none."""
    subject = checked(reference)
    wanted = request.query.get("artifactType")
    with store.lock:
        repository = store.repositories.get(name, Repository())
        found = [m.descriptor for m in repository.referrers.get(subject, {}).values()]
    if wanted:
        found = [d for d in found if d.get("artifactType") == wanted]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": found}
    answer = Response.of_json(index, content_type=INDEX)
    if wanted:
        answer.headers["OCI-Filters-Applied"] = "artifactType"
    return answer


def _read(request: Request) -> bytes:
    raw = bytearray()
    for data in request.chunks():  # to the end: the rest would be taken for the next request
        raw += data if len(raw) <= LARGEST else b""
    if len(raw) > LARGEST:
        raise Refused(413, "SIZE_INVALID", f"the manifest is larger than {LARGEST} bytes")
    return bytes(raw)


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except ValueError as error:
        raise Refused(400, "MANIFEST_INVALID", f"the manifest is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise Refused(400, "MANIFEST_INVALID", "the manifest is no JSON object")
    return document


def _names(request: Request, reference: str, raw: bytes) -> tuple[str, list[str]]:
    """Return the digest and the tags that a manifest gets."""
    if ":" not in reference:
        digest, tags = f"sha256:{hashlib.sha256(raw).hexdigest()}", [reference]
    else:
        algorithm = checked(reference).partition(":")[0]
        digest = f"{algorithm}:{hashlib.new(algorithm, raw).hexdigest()}"
        tags = parse_qs(request.target.partition("?")[2]).get("tag", [])
        if digest != reference:
            raise Refused(400, "DIGEST_INVALID", f"the manifest has the digest {digest}")
    for tag in tags:
        if not TAG.fullmatch(tag):
            raise Refused(400, "TAG_INVALID", f"{tag!r} is no tag")
    return digest, tags


def _described(request: Request, document: dict[str, Any], digest: str, size: int) -> Manifest:
    said = document.get("mediaType")
    media_type = request.headers.get("content-type") or said or IMAGE
    kind = media_type.partition(";")[0].strip()
    if said and said != kind:
        raise Refused(400, "MANIFEST_INVALID", f"the manifest is {said}, but was sent as {kind}")
    descriptor = {"mediaType": kind, "digest": digest, "size": size}
    artifact_type = document.get("artifactType") or _part(document, "config").get("mediaType")
    descriptor |= {"artifactType": artifact_type} if artifact_type else {}
    notes = document.get("annotations")
    descriptor |= {"annotations": notes} if notes else {}
    subject = _part(document, "subject").get("digest")
    return Manifest(digest, media_type, checked(subject) if subject else None, descriptor)


def _demand_blobs(store: Store, name: str, document: dict[str, Any]) -> None:
    """Refuse an image whose blobs are absent, as public registries do; the specification
    allows sparse manifests too, so the registry takes them at its own address."""
    known = store.repositories.get(name, Repository()).blobs
    for part in filter(None, (_part(document, "config"), *(document.get("layers") or ()))):
        elsewhere = any(word in part.get("mediaType", "") for word in LAYER_FROM_ELSEWHERE)
        if not elsewhere and part.get("digest") not in known:
            raise Refused(404, "MANIFEST_BLOB_UNKNOWN", f"{name} has no blob {part.get('digest')}")


def _part(document: dict[str, Any], key: str) -> dict[str, Any]:
    part = document.get(key) or {}
    if not isinstance(part, dict):
        raise Refused(400, "MANIFEST_INVALID", f"{key} of the manifest is no JSON object")
    return part
