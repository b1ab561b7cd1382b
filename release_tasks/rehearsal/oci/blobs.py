"""Blobs of the OCI registry: fetched whole or in part, deleted, uploaded in every way, mounted."""

from __future__ import annotations

import re
from pathlib import Path

from release_tasks.rehearsal.oci.store import Refused, Store, Upload, checked
from release_tasks.rehearsal.web import Request, Response


def fetch(store: Store, request: Request, name: str, reference: str) -> Response:
    """Answer with a blob, or with the part that a single `Range` of bytes asks for."""
    digest = checked(reference)
    if digest not in store.find(name).blobs:
        raise Refused(404, "BLOB_UNKNOWN", f"{name} has no blob {digest}")
    path = store.path(digest)
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
    headers["Docker-Content-Digest"] = digest
    wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
    if wanted is None or request.method == "HEAD":
        return Response(200, path, headers)
    return _part(path, wanted[1], wanted[2], headers)


def remove(store: Store, request: Request, name: str, reference: str) -> Response:
    """Delete a blob from this repository only."""
    store.drop(name, checked(reference))
    return Response(202)


def begin(store: Store, request: Request, name: str, reference: str) -> Response:
    """Begin an upload (202), or end it at once (201): mounted, or whole in this request."""
    digest = request.query.get("mount")
    if digest and store.mount(checked(digest), request.query.get("from"), name):
        return _created(name, digest)
    whole = "digest" in request.query and not digest
    wanted = checked(request.query["digest"]) if whole else ""
    upload = store.begin(name)
    if not whole:
        return _progress(upload, 202)
    _append(upload, request)
    store.keep(upload, wanted)
    return _created(name, wanted)


def append(store: Store, request: Request, name: str, reference: str) -> Response:
    """Take the next chunk, with `Content-Range` or without."""
    with store.upload(name, reference) as upload:
        _append(upload, request)
        return _progress(upload, 202)


def status(store: Store, request: Request, name: str, reference: str) -> Response:
    """Tell how much has arrived."""
    with store.upload(name, reference) as upload:
        return _progress(upload, 204)


def finish(store: Store, request: Request, name: str, reference: str) -> Response:
    """Take the last chunk, which may be empty, and compare the digest of the whole."""
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
    end = _end_of(chunk, start, upload) if chunk else None
    with upload.path.open("ab") as file:
        for data in request.chunks():
            file.write(data)
        if end is not None and file.tell() != end:
            file.truncate(start)
            raise Refused(400, "SIZE_INVALID", f"the chunk is not as long as {chunk} says")


def _end_of(chunk: str, start: int, upload: Upload) -> int:
    """Return where a chunk that must begin at `start` ends, from `FIRST-LAST` in bytes."""
    found = re.fullmatch(r"(?:bytes )?(\d+)-(\d+)(?:/\S+)?", chunk)
    if found is None or int(found[1]) != start:
        where = _progress(upload, 416).headers
        message = f"{chunk} is out of order, {start} bytes have arrived"
        raise Refused(416, "BLOB_UPLOAD_INVALID", message, where)
    return int(found[2]) + 1


def _progress(upload: Upload, status: int) -> Response:
    # Relative, because helm refuses an address on another host than the one it asked.
    location = f"/v2/{upload.repository}/blobs/uploads/{upload.id}"
    last = max(upload.size - 1, 0)
    return Response(
        status, b"", {"Location": location, "Range": f"0-{last}", "Docker-Upload-UUID": upload.id}
    )


def _created(name: str, digest: str) -> Response:
    headers = {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest}
    return Response(201, b"", headers)


def _part(path: Path, first: str, last: str, headers: dict[str, str]) -> Response:
    """Answer with the bytes of `FIRST-LAST`, `FIRST-` or `-COUNT` (RFC 9110 section 14.1.2)."""
    size = path.stat().st_size
    start = int(first) if first else max(size - int(last or 0), 0)
    end = min(int(last), size - 1) if first and last else size - 1
    if start > end or not (first or last):
        message = f"the blob has {size} bytes"
        raise Refused(416, "UNSUPPORTED", message, {"Content-Range": f"bytes */{size}"})
    with path.open("rb") as file:
        file.seek(start)
        body = file.read(end - start + 1)
    return Response(206, body, headers | {"Content-Range": f"bytes {start}-{end}/{size}"})
