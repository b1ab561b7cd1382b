"""Blobs of the local OCI registry: fetched whole or in part, uploaded, mounted, deleted."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager

from release_tasks.rehearsal.oci.call import Call
from release_tasks.rehearsal.oci.store import Refused, Upload, checked
from release_tasks.rehearsal.web import Request, Response

CONTENT_RANGE = re.compile(r"(?:bytes )?(\d+)-(\d+)(?:/\S+)?")


def fetch(call: Call) -> Response:
    """Answer with a blob, or with the part that a single `Range` of bytes asks for."""
    digest = checked(call.reference)
    if digest not in call.store.find(call.name).blobs:
        raise Refused(404, "BLOB_UNKNOWN", f"{call.name} has no blob {digest}")
    path = call.store.path(digest)
    headers = {
        "Content-Type": "application/octet-stream",
        "Docker-Content-Digest": digest,
        "Accept-Ranges": "bytes",
    }
    if call.request.method == "HEAD":
        return Response(200, path, headers)
    answer = Response.of_file(path, call.request.header("range"), headers)
    if answer.status == 416:
        span = answer.headers["Content-Range"]
        message = f"the blob has {path.stat().st_size} bytes"
        raise Refused(416, "UNSUPPORTED", message, {"Content-Range": span})
    return answer


def remove(call: Call) -> Response:
    """Delete a blob from this repository only."""
    call.store.drop(call.name, checked(call.reference))
    return Response(202)


def begin(call: Call) -> Response:
    """Begin an upload (202), or complete it at once (201): mounted, or whole in this request."""
    store, query = call.store, call.query
    mounted = query.get("mount")
    if mounted and store.mount(checked(mounted), query.get("from"), call.name):
        return _created(call.name, mounted)
    if mounted or "digest" not in query:
        return _progress(store.begin(call.name), 202)
    digest = checked(query["digest"])
    upload = store.begin(call.name)
    _append(upload, call.request)
    store.keep(upload, digest)
    return _created(call.name, digest)


def append(call: Call) -> Response:
    """Append the next chunk, with `Content-Range` or without."""
    with _upload(call) as upload:
        _append(upload, call.request)
        return _progress(upload, 202)


def status(call: Call) -> Response:
    """Answer how much has arrived."""
    with _upload(call) as upload:
        return _progress(upload, 204)


def finish(call: Call) -> Response:
    """Append the last chunk, which may be empty, and compare the digest of the whole."""
    digest = checked(call.query.get("digest", ""))
    with _upload(call) as upload:
        _append(upload, call.request)
        call.store.keep(upload, digest)
    return _created(call.name, digest)


def cancel(call: Call) -> Response:
    """End an upload without a blob."""
    with _upload(call) as upload:
        call.store.forget(upload)
    return Response(204)


def _upload(call: Call) -> AbstractContextManager[Upload]:
    return call.store.upload(call.name, call.reference)


def _append(upload: Upload, request: Request) -> None:
    start = upload.size
    chunk = request.header("content-range")
    end = chunk and _end(chunk, start, upload)
    with upload.path.open("ab") as file:
        for data in request.chunks():
            file.write(data)
        if chunk and file.tell() != end:
            file.truncate(start)
            raise Refused(
                400,
                "SIZE_INVALID",
                f"the length of the chunk is not that of {chunk}",
            )


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
    headers = {
        "Location": f"/v2/{name}/blobs/{digest}",
        "Docker-Content-Digest": digest,
    }
    return Response(201, b"", headers)
