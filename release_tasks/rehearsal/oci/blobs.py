"""Blobs of the local OCI registry: fetched whole or in part, uploaded, mounted, deleted."""

from __future__ import annotations

import re

from release_tasks.rehearsal.oci.store import Refused, Store, Upload, checked
from release_tasks.rehearsal.web import Request, Response

CONTENT_RANGE = re.compile(r"(?:bytes )?(\d+)-(\d+)(?:/\S+)?")


def fetch(store: Store, request: Request, name: str, reference: str) -> Response:
    """Answer with a blob, or with the part that a single `Range` of bytes asks for."""
    digest = checked(reference)
    if digest not in store.find(name).blobs:
        raise Refused(404, "BLOB_UNKNOWN", f"{name} has no blob {digest}")
    headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest}
    path = store.path(digest)
    if request.method == "HEAD":
        return Response(200, path, headers | {"Accept-Ranges": "bytes"})
    answer = Response.of_file(path, request.headers.get("range", ""), headers)
    if answer.status == 416:
        span = answer.headers["Content-Range"]
        message = f"the blob has {path.stat().st_size} bytes"
        raise Refused(416, "UNSUPPORTED", message, {"Content-Range": span})
    return answer


def remove(store: Store, request: Request, name: str, reference: str) -> Response:
    """Delete a blob from this repository only."""
    store.drop(name, checked(reference))
    return Response(202)


def begin(store: Store, request: Request, name: str, reference: str) -> Response:
    """Begin an upload (202), or complete it at once (201): mounted, or whole in this request."""
    mounted = request.query.get("mount")
    if mounted and store.mount(checked(mounted), request.query.get("from"), name):
        return _created(name, mounted)
    if mounted or "digest" not in request.query:
        return _progress(store.begin(name), 202)
    digest = checked(request.query["digest"])
    upload = store.begin(name)
    _append(upload, request)
    store.keep(upload, digest)
    return _created(name, digest)


def append(store: Store, request: Request, name: str, reference: str) -> Response:
    """Append the next chunk, with `Content-Range` or without."""
    with store.upload(name, reference) as upload:
        _append(upload, request)
        return _progress(upload, 202)


def status(store: Store, request: Request, name: str, reference: str) -> Response:
    """Answer how much has arrived."""
    with store.upload(name, reference) as upload:
        return _progress(upload, 204)


def finish(store: Store, request: Request, name: str, reference: str) -> Response:
    """Append the last chunk, which may be empty, and compare the digest of the whole."""
    digest = checked(request.query.get("digest", ""))
    with store.upload(name, reference) as upload:
        _append(upload, request)
        store.keep(upload, digest)
    return _created(name, digest)


def cancel(store: Store, request: Request, name: str, reference: str) -> Response:
    """End an upload without a blob."""
    with store.upload(name, reference) as upload:
        store.forget(upload)
    return Response(204)


def _append(upload: Upload, request: Request) -> None:
    start = upload.size
    chunk = request.headers.get("content-range")
    end = chunk and _end(chunk, start, upload)
    with upload.path.open("ab") as file:
        for data in request.chunks():
            file.write(data)
        if chunk and file.tell() != end:
            file.truncate(start)
            raise Refused(400, "SIZE_INVALID", f"the length of the chunk is not that of {chunk}")


def _end(chunk: str, start: int, upload: Upload) -> int:
    """Return where a chunk that must begin at `start` ends, from `FIRST-LAST` in bytes."""
    found = CONTENT_RANGE.fullmatch(chunk)
    if found is None or int(found[1]) != start:
        headers = _progress(upload, 416).headers
        message = f"{chunk} is out of order, {start} bytes have arrived"
        raise Refused(416, "BLOB_UPLOAD_INVALID", message, headers)
    return int(found[2]) + 1


def _progress(upload: Upload, status: int) -> Response:
    headers = {
        # Relative, because helm refuses an address on another host than the one it asked.
        "Location": f"/v2/{upload.repository}/blobs/uploads/{upload.id}",
        "Range": f"0-{max(upload.size - 1, 0)}",
        "Docker-Upload-UUID": upload.id,
    }
    return Response(status, b"", headers)


def _created(name: str, digest: str) -> Response:
    headers = {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest}
    return Response(201, b"", headers)
