"""Blobs: every way to upload, fetch, mount and delete them that the specification knows."""

from __future__ import annotations

import hashlib
import threading

import pytest
from support.registry_client import codes, digest_of, local_registry

BLOB = bytes(range(256)) * 12
ALGORITHMS = ("sha256", "sha512")


@pytest.fixture
def registry(tmp_path):
    with local_registry(tmp_path) as running_registry:
        yield running_registry


def begin(registry):
    answer = registry.call("POST", "blobs/uploads/")
    assert answer.status_code == 202
    return answer.headers["Location"]


def patch(registry, location, data, span=None):
    headers = {"Content-Type": "application/octet-stream"}
    return registry.call(
        "PATCH",
        location,
        data=data,
        headers=headers | ({"Content-Range": span} if span else {}),
    )


def finish(registry, location, digest, data=b"", span=None):
    headers = {"Content-Range": span} if span else {}
    return registry.call(
        "PUT", location, params={"digest": digest}, data=data, headers=headers
    )


def assert_stored(registry, answer, digest, data=BLOB):
    assert answer.status_code == 201
    assert answer.headers["Docker-Content-Digest"] == digest
    assert answer.headers["Location"].startswith("/v2/")
    fetched = registry.call("GET", answer.headers["Location"])
    assert (fetched.status_code, fetched.content) == (200, data)
    assert fetched.headers["Docker-Content-Digest"] == digest
    head = registry.call("HEAD", f"blobs/{digest}")
    assert (head.status_code, head.headers["Content-Length"], head.content) == (
        200,
        str(len(data)),
        b"",
    )


@pytest.mark.parametrize(
    "data", [BLOB, b"", b"{}"], ids=["bytes", "nothing", "empty json"]
)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
class TestUploads:
    def test_one_post_stores_a_whole_blob(self, registry, algorithm, data):
        digest = digest_of(data, algorithm)
        answer = registry.call(
            "POST", "blobs/uploads/", params={"digest": digest}, data=data
        )
        assert_stored(registry, answer, digest, data)

    def test_post_then_put_stores_a_whole_blob(self, registry, algorithm, data):
        digest = digest_of(data, algorithm)
        assert_stored(
            registry,
            finish(registry, begin(registry), digest, data),
            digest,
            data,
        )

    def test_a_streamed_patch_needs_no_range_and_no_length(
        self, registry, algorithm, data
    ):
        digest = digest_of(data, algorithm)
        pieces = (data[i : i + 1000] for i in range(0, len(data), 1000))
        answer = patch(registry, begin(registry), pieces)
        assert answer.status_code == 202
        assert_stored(
            registry,
            finish(registry, answer.headers["Location"], digest),
            digest,
            data,
        )


@pytest.mark.parametrize("last_by_put", [False, True])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_chunks_in_order_make_a_blob(registry, algorithm, last_by_put):
    digest, location = digest_of(BLOB, algorithm), begin(registry)
    for start in range(0, len(BLOB), 1024):
        chunk, span = BLOB[start : start + 1024], f"{start}-{start + 1023}"
        if last_by_put and start + 1024 >= len(BLOB):
            assert_stored(
                registry,
                finish(registry, location, digest, chunk, span),
                digest,
            )
            return
        answer = patch(registry, location, chunk, span)
        assert (answer.status_code, answer.headers["Range"]) == (
            202,
            f"0-{start + 1023}",
        )
        location = answer.headers["Location"]
    assert_stored(registry, finish(registry, location, digest), digest)


def test_chunks_out_of_order_are_refused_and_the_upload_goes_on(registry):
    location = begin(registry)
    assert registry.call("GET", location).headers["Range"] == "0-0"
    early = patch(registry, location, BLOB[1024:2048], "1024-2047")
    assert (early.status_code, codes(early)) == (416, ["BLOB_UPLOAD_INVALID"])
    location = patch(
        registry, early.headers["Location"], BLOB[:1024], "0-1023"
    ).headers["Location"]
    again = patch(registry, location, BLOB[:1024], "0-1023")
    assert (again.status_code, again.headers["Range"]) == (416, "0-1023")
    last = finish(
        registry,
        location,
        digest_of(BLOB),
        BLOB[2048:],
        f"2048-{len(BLOB) - 1}",
    )
    assert last.status_code == 416
    status = registry.call("GET", location)
    assert (status.status_code, status.headers["Range"], status.content) == (
        204,
        "0-1023",
        b"",
    )
    rest = finish(
        registry,
        status.headers["Location"],
        digest_of(BLOB),
        BLOB[1024:],
        f"1024-{len(BLOB) - 1}",
    )
    assert_stored(registry, rest, digest_of(BLOB))


def test_a_chunk_that_does_not_match_its_range_is_refused(registry):
    location = begin(registry)
    answer = patch(registry, location, BLOB[:100], "0-199")
    assert (answer.status_code, codes(answer)) == (400, ["SIZE_INVALID"])
    assert (
        patch(registry, location, BLOB, f"0-{len(BLOB) - 1}").status_code == 202
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_content_with_another_digest_is_refused_by_every_kind_of_upload(
    registry, algorithm
):
    digest, wrong = digest_of(BLOB, algorithm), BLOB + b"oh"
    at_once = registry.call(
        "POST", "blobs/uploads/", params={"digest": digest}, data=wrong
    )
    by_put = finish(registry, begin(registry), digest, wrong)
    location = patch(registry, begin(registry), wrong).headers["Location"]
    streamed = finish(registry, location, digest)
    for answer in (at_once, by_put, streamed):
        assert (answer.status_code, codes(answer)) == (400, ["DIGEST_INVALID"])
    assert registry.call("HEAD", f"blobs/{digest}").status_code == 404


@pytest.mark.parametrize(
    "digest", ["", "sha256:short", "md5:" + "0" * 32, "sha256:" + "G" * 64]
)
def test_an_ill_formed_digest_is_refused(registry, digest):
    answer = finish(registry, begin(registry), digest, BLOB)
    assert (answer.status_code, codes(answer)) == (400, ["DIGEST_INVALID"])


def test_a_cancelled_upload_is_gone(registry):
    location = begin(registry)
    assert registry.call("DELETE", location).status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        answer = registry.call(method, location)
        assert (answer.status_code, codes(answer)) == (
            404,
            ["BLOB_UPLOAD_UNKNOWN"],
        )


def test_an_upload_belongs_to_its_repository(registry):
    key = begin(registry).rsplit("/", 1)[1]
    assert (
        registry.at("other/app").call("GET", f"blobs/uploads/{key}").status_code
        == 404
    )


def test_a_blob_is_mounted_from_a_named_repository(registry):
    digest = registry.at("other/base").push_blob(BLOB)
    answer = registry.call(
        "POST", "blobs/uploads/", params={"mount": digest, "from": "other/base"}
    )
    assert_stored(registry, answer, digest)


def test_a_blob_is_mounted_from_any_repository(registry):
    digest = registry.at("other/base").push_blob(BLOB, "sha512")
    assert_stored(
        registry,
        registry.call("POST", "blobs/uploads/", params={"mount": digest}),
        digest,
    )


@pytest.mark.parametrize(
    "params", [{"from": "other/base"}, {}], ids=["named", "anywhere"]
)
def test_a_mount_of_an_absent_blob_begins_an_upload(registry, params):
    digest = digest_of(BLOB)
    answer = registry.call(
        "POST", "blobs/uploads/", params={"mount": digest, **params}
    )
    assert answer.status_code == 202
    assert_stored(
        registry,
        finish(registry, answer.headers["Location"], digest, BLOB),
        digest,
    )


def test_a_deleted_blob_stays_in_other_repositories(registry):
    other = registry.at("other/base")
    digest = other.push_blob(BLOB)
    registry.call("POST", "blobs/uploads/", params={"mount": digest})
    assert registry.call("DELETE", f"blobs/{digest}").status_code == 202
    for method in ("GET", "HEAD", "DELETE"):
        assert registry.call(method, f"blobs/{digest}").status_code == 404
    assert codes(registry.call("GET", f"blobs/{digest}")) == ["BLOB_UNKNOWN"]
    assert other.call("GET", f"blobs/{digest}").content == BLOB
    other.call("DELETE", f"blobs/{digest}")
    assert (
        registry.call(
            "POST", "blobs/uploads/", params={"mount": digest}
        ).status_code
        == 202
    )


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("500-1499", 500, 1499),
        ("500-", 500, 3071),
        ("-500", 2572, 3071),
        ("3000-9000", 3000, 3071),
        ("0-0", 0, 0),
    ],
)
def test_a_part_of_a_blob_is_fetched_by_range(registry, wanted, start, end):
    digest = registry.push_blob(BLOB)
    answer = registry.call(
        "GET", f"blobs/{digest}", headers={"Range": f"bytes={wanted}"}
    )
    assert (answer.status_code, answer.content) == (206, BLOB[start : end + 1])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end}/{len(BLOB)}"
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("wanted", ["500-0", "5000-9000", "-0"])
def test_a_range_outside_a_blob_is_refused(registry, wanted):
    digest = registry.push_blob(BLOB)
    answer = registry.call(
        "GET", f"blobs/{digest}", headers={"Range": f"bytes={wanted}"}
    )
    assert (answer.status_code, answer.headers["Content-Range"]) == (
        416,
        f"bytes */{len(BLOB)}",
    )


def test_several_ranges_are_answered_with_the_whole(registry):
    answer = registry.call(
        "GET",
        f"blobs/{registry.push_blob(BLOB)}",
        headers={"Range": "bytes=0-1,5-6"},
    )
    assert (answer.status_code, answer.content) == (200, BLOB)


def test_many_uploads_at_once_keep_their_bytes_apart(registry):
    blobs = [hashlib.sha256(bytes([i])).digest() * 5000 for i in range(12)]
    workers = [
        threading.Thread(target=registry.at("team/app").push_blob, args=(b,))
        for b in blobs
    ]
    for step in (threading.Thread.start, threading.Thread.join):
        for worker in workers:
            step(worker)
    for blob in blobs:
        assert registry.call("GET", f"blobs/{digest_of(blob)}").content == blob
