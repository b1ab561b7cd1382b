"""Manifests of the local OCI registry, and what is found by them: tags and referrers."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, quote

from release_tasks.rehearsal.oci.call import Call
from release_tasks.rehearsal.oci.store import (
    Manifest,
    Refused,
    Repository,
    checked,
)
from release_tasks.rehearsal.web import Request, Response
from release_tasks.rules import oci

LARGEST = 4 << 20  # bytes of a manifest
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
# in media types: layers of another server
EXTERNAL_LAYERS = ("nondistributable", "foreign")

Document = dict[str, Any]


def fetch(call: Call) -> Response:
    """Answer with a manifest, byte for byte and with the media type of its push."""
    repository = call.store.find(call.name)
    digest = repository.tags.get(call.reference, call.reference)
    manifest = repository.manifests.get(digest)
    if manifest is None:
        raise _unknown(call)
    headers = {
        "Content-Type": manifest.media_type,
        "Docker-Content-Digest": digest,
    }
    return Response(200, call.store.path(digest), headers)


def push(call: Call) -> Response:
    """Store a manifest under its digest and its tags: the reference, or each `tag=`."""
    raw = _read(call.request)
    document = _parsed(raw)
    digest = _digest(call.reference, raw)
    tags = _tags(call)
    manifest = _manifest(call.request, document, digest, len(raw))
    if call.request.public:
        _require_blobs(call, document)
    with call.store.lock:
        path = call.store.path(digest)
        if not path.exists():
            path.write_bytes(raw)
        call.store.make(call.name).add(manifest, tags)
    headers = {
        "Location": f"/v2/{call.name}/manifests/{digest}",
        "Docker-Content-Digest": digest,
    }
    if manifest.subject:
        headers["OCI-Subject"] = manifest.subject
    if tags:
        headers["OCI-Tag"] = ", ".join(tags)
    return Response(201, b"", headers)


def remove(call: Call) -> Response:
    """Delete a tag alone, or a manifest with its tags."""
    with call.store.lock:
        repository = call.store.find(call.name)
        if repository.tags.pop(call.reference, None):
            return Response(202)
        manifest = repository.manifests.get(call.reference)
        if manifest is None:
            raise _unknown(call)
        repository.remove(manifest)
    return Response(202)


def list_tags(call: Call) -> Response:
    """List the tags in the order of their bytes: at most `n`, only those after `last`."""
    if call.reference != "list":
        raise Refused(
            404, "UNSUPPORTED", f"there is nothing at tags/{call.reference}"
        )
    count = call.query.get("n")
    if count is not None and not count.isdecimal():
        raise Refused(
            400, "PAGINATION_NUMBER_INVALID", f"n={count} is not a number"
        )
    last = call.query.get("last", "")
    with call.store.lock:
        tags = [tag for tag in call.store.find(call.name).tags if tag > last]
    tags.sort()
    page = tags
    if count is not None:
        page = tags[: int(count)]
    answer = Response.of_json({"name": call.name, "tags": page})
    if page and len(page) < len(tags):
        following = (
            f"/v2/{call.name}/tags/list?n={count}&last={quote(page[-1])}"
        )
        answer.headers["Link"] = f'<{following}>; rel="next"'
    return answer


def list_referrers(call: Call) -> Response:
    """List the manifests whose subject is this digest, as an index; an unknown one has none."""
    subject = checked(call.reference)
    with call.store.lock:
        repository = call.store.repositories.get(call.name, Repository())
        manifests = list(repository.referrers.get(subject, {}).values())
    found = [manifest.descriptor for manifest in manifests]
    wanted = call.query.get("artifactType")
    if wanted:
        found = [
            descriptor
            for descriptor in found
            if descriptor.get("artifactType") == wanted
        ]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": found}
    answer = Response.of_json(index, kind=INDEX)
    if wanted:
        answer.headers["OCI-Filters-Applied"] = "artifactType"
    return answer


def _unknown(call: Call) -> Refused:
    return Refused(
        404, "MANIFEST_UNKNOWN", f"{call.name} has no manifest {call.reference}"
    )


def _read(request: Request) -> bytes:
    raw = bytearray()
    # to the end: the rest would be taken for the next request
    for data in request.chunks():
        if len(raw) <= LARGEST:
            raw += data
    if len(raw) > LARGEST:
        raise Refused(
            413, "SIZE_INVALID", f"the manifest is larger than {LARGEST} bytes"
        )
    return bytes(raw)


def _parsed(raw: bytes) -> Document:
    try:
        document = json.loads(raw)
    except ValueError as error:
        raise Refused(
            400, "MANIFEST_INVALID", f"the manifest is not JSON: {error}"
        ) from error
    if not isinstance(document, dict):
        raise Refused(
            400, "MANIFEST_INVALID", "the manifest is not a JSON object"
        )
    return document


def _is_digest(reference: str) -> bool:
    return ":" in reference


def _digest(reference: str, raw: bytes) -> str:
    """Return the digest of a manifest; raise `Refused` where the reference is another one."""
    if not _is_digest(reference):
        return f"sha256:{hashlib.sha256(raw).hexdigest()}"
    algorithm = checked(reference).partition(":")[0]
    digest = f"{algorithm}:{hashlib.new(algorithm, raw).hexdigest()}"
    if digest != reference:
        raise Refused(
            400, "DIGEST_INVALID", f"the manifest has the digest {digest}"
        )
    return digest


def _tags(call: Call) -> list[str]:
    """Return the tags that a manifest gets; raise `Refused` for an invalid one."""
    tags = [call.reference]
    if _is_digest(call.reference):
        tags = parse_qs(call.request.raw_query).get("tag", [])
    for tag in tags:
        if oci.tag(tag):
            raise Refused(400, "TAG_INVALID", f"{tag!r} is not a valid tag")
    return tags


def _manifest(
    request: Request, document: Document, digest: str, size: int
) -> Manifest:
    declared = document.get("mediaType")
    media_type = request.header("content-type") or declared or IMAGE
    kind = media_type.partition(";")[0].strip()
    if declared and declared != kind:
        message = f"the manifest is {declared}, but was sent as {kind}"
        raise Refused(400, "MANIFEST_INVALID", message)
    descriptor = {"mediaType": kind, "digest": digest, "size": size}
    artifact_type = document.get("artifactType") or _part(
        document, "config"
    ).get("mediaType")
    if artifact_type:
        descriptor["artifactType"] = artifact_type
    annotations = document.get("annotations")
    if annotations:
        descriptor["annotations"] = annotations
    subject = _part(document, "subject").get("digest") or None
    if subject:
        checked(subject)
    return Manifest(digest, media_type, subject, descriptor)


def _require_blobs(call: Call, document: Document) -> None:
    """Refuse an image whose blobs are absent, as public registries do.

    The specification allows sparse manifests too, so the registry takes them at its own address.
    """
    known = call.store.repositories.get(call.name, Repository()).blobs
    layers = document.get("layers") or []
    for part in (_part(document, "config"), *layers):
        if not part or _is_external(part):
            continue
        digest = part.get("digest")
        if digest not in known:
            raise Refused(
                404,
                "MANIFEST_BLOB_UNKNOWN",
                f"{call.name} has no blob {digest}",
            )


def _is_external(layer: Document) -> bool:
    return any(word in layer.get("mediaType", "") for word in EXTERNAL_LAYERS)


def _part(document: Document, key: str) -> Document:
    part = document.get(key) or {}
    if not isinstance(part, dict):
        raise Refused(
            400,
            "MANIFEST_INVALID",
            f"{key} of the manifest is not a JSON object",
        )
    return part
