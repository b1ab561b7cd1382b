"""Manifests of every kind: pushed by digest and by tag, fetched as they were, deleted."""

from __future__ import annotations

import json

import pytest
from support.registry_client import (
    CONFIG,
    EMPTY,
    IMAGE,
    INDEX,
    LAYER,
    codes,
    descriptor,
    digest_of,
    image,
    index,
    local_registry,
)

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
SBOM = "application/vnd.example.sbom.v1+json"


@pytest.fixture
def registry(tmp_path):
    with local_registry(tmp_path) as running_registry:
        yield running_registry


def assert_pushed(registry, manifest, reference, digest, **options):
    answer = registry.push(manifest, reference, **options)
    assert (answer.status_code, answer.headers["Docker-Content-Digest"]) == (
        201,
        digest,
    )
    for path in (answer.headers["Location"], f"manifests/{reference}"):
        fetched = registry.call("GET", path)
        assert (fetched.status_code, fetched.content) == (200, manifest)
        head = registry.call("HEAD", path)
        assert (head.status_code, head.headers["Content-Length"]) == (
            200,
            str(len(manifest)),
        )
        assert (
            fetched.headers["Docker-Content-Digest"]
            == head.headers["Docker-Content-Digest"]
            == digest
        )
    return fetched


KINDS = {
    "an image": image(b"{}", (b"layer",)),
    "an image without layers": image(),
    "an image with unknown fields": image(
        **{"org.example": {"deep": [1, None]}}
    ),
    "an image with data in its descriptor": image(config=b"{}").replace(
        b'"size"', b'"data": "e30=", "size"'
    ),
    "an artifact with the empty config": image(
        config_type=EMPTY, artifactType=SBOM
    ),
    "an index": index(image(b"1"), image(b"2")),
    "an empty index": index(),
    "a nested index": index(index(image(b"1")), index(image(b"2"))),
    "an index of artifacts": index(
        image(config_type=EMPTY, artifactType=SBOM), artifactType=SBOM
    ),
}


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("manifest", KINDS.values(), ids=KINDS.keys())
def test_every_kind_of_manifest_comes_back_by_digest(
    registry, manifest, algorithm
):
    digest = digest_of(manifest, algorithm)
    fetched = assert_pushed(registry, manifest, digest, digest)
    assert fetched.headers["Content-Type"] == json.loads(manifest)["mediaType"]


def test_a_tag_leads_to_its_manifest_and_can_be_moved(registry):
    for manifest in (image(b"1"), image(b"2")):
        assert_pushed(registry, manifest, "latest", digest_of(manifest))
    assert registry.tags() == ["latest"]
    assert (
        registry.call("GET", f"manifests/{digest_of(image(b'1'))}").status_code
        == 200
    )


def test_the_media_type_comes_back_as_it_was_sent(registry):
    manifest = json.dumps({"schemaVersion": 2, "layers": []}).encode()
    for kind in (
        DOCKER,
        "application/vnd.oci.image.manifest.v1+json; charset=utf-8",
    ):
        assert registry.push(manifest, "odd", kind).status_code == 201
        assert (
            registry.call("GET", "manifests/odd").headers["Content-Type"]
            == kind
        )


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_one_push_by_digest_sets_several_tags(registry, algorithm):
    manifest = index(image())
    digest = digest_of(manifest, algorithm)
    answer = registry.push(
        manifest, digest, params={"tag": ["1.2.3", "1.2", "latest"]}
    )
    assert answer.headers["OCI-Tag"].split(", ") == ["1.2.3", "1.2", "latest"]
    assert registry.tags() == ["1.2", "1.2.3", "latest"]
    assert (
        registry.call("HEAD", "manifests/1.2").headers["Docker-Content-Digest"]
        == digest
    )


def test_sparse_manifests_are_accepted_at_the_loopback_address(registry):
    registry.push_blob(b"{}")
    assert (
        registry.push(
            image(b"{}", (b"never pushed",)), "sparse-image"
        ).status_code
        == 201
    )
    present = image(b"{}")
    registry.push(present)
    assert (
        registry.push(
            index(present, image(b"absent")), "sparse-index"
        ).status_code
        == 201
    )


def test_a_manifest_may_have_four_megabytes_and_no_more(registry):
    notes = {f"note-{i}": "A" * 10000 for i in range(400)}
    assert_pushed(
        registry,
        image(annotations=notes),
        "large",
        digest_of(image(annotations=notes)),
    )
    larger = registry.push(
        image(annotations=notes | {"more": "A" * 300_000}), "larger"
    )
    assert (larger.status_code, codes(larger)) == (413, ["SIZE_INVALID"])
    assert registry.tags() == ["large"]


@pytest.mark.parametrize(
    ("body", "reference", "media_type", "code"),
    [
        (image() + b"  ", digest_of(image()), IMAGE, "DIGEST_INVALID"),
        (image(), "sha256:baddigeststring", IMAGE, "DIGEST_INVALID"),
        (image(), "md5:" + "0" * 32, IMAGE, "DIGEST_INVALID"),
        (image(), ".hidden", IMAGE, "TAG_INVALID"),
        (image(), "a" * 129, IMAGE, "TAG_INVALID"),
        (b"no json", "tag", IMAGE, "MANIFEST_INVALID"),
        (b"[]", "tag", IMAGE, "MANIFEST_INVALID"),
        (b'{"config": "x"}', "tag", IMAGE, "MANIFEST_INVALID"),
        (image(), "tag", INDEX, "MANIFEST_INVALID"),
    ],
)
def test_a_wrong_manifest_is_refused(
    registry, body, reference, media_type, code
):
    answer = registry.push(body, reference, media_type)
    assert (answer.status_code, codes(answer)) == (400, [code])


def test_an_absent_manifest_is_unknown(registry):
    registry.push(image(), "present")
    for reference in (
        "absent",
        digest_of(b"absent"),
        ".INVALID",
        "sha256:baddigeststring",
    ):
        assert codes(registry.call("GET", f"manifests/{reference}")) == [
            "MANIFEST_UNKNOWN"
        ]
        for method in ("GET", "HEAD", "DELETE"):
            assert (
                registry.call(method, f"manifests/{reference}").status_code
                == 404
            )


def test_a_deleted_tag_leaves_the_manifest(registry):
    for tag in ("one", "two"):
        registry.push(image(), tag)
    assert registry.call("DELETE", "manifests/one").status_code == 202
    assert registry.call("HEAD", "manifests/one").status_code == 404
    assert registry.tags() == ["two"]
    assert (
        registry.call("HEAD", f"manifests/{digest_of(image())}").status_code
        == 200
    )


def test_the_tags_of_a_deleted_manifest_are_deleted_too(registry):
    registry.push(image(b"other"), "other")
    for tag in ("one", "two"):
        registry.push(image(), tag)
    assert (
        registry.call("DELETE", f"manifests/{digest_of(image())}").status_code
        == 202
    )
    assert (
        registry.call("HEAD", f"manifests/{digest_of(image())}").status_code
        == 404
    )
    assert registry.call("HEAD", "manifests/one").status_code == 404
    assert registry.tags() == ["other"]


def test_external_layers_need_no_blob(registry):
    far = {
        "mediaType": LAYER.replace("layer.", "layer.nondistributable."),
        "size": 9,
    }
    far |= {
        "digest": digest_of(b"far"),
        "urls": ["https://store.example.com/far"],
    }
    registry.push_blob(b"{}")
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": IMAGE,
            "config": descriptor(b"{}", CONFIG),
            "layers": [far],
        }
    )
    assert_pushed(
        registry, manifest.encode(), "far", digest_of(manifest.encode())
    )
