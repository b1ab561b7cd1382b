"""Content discovery: tags with their pages, and referrers with their filter."""

from __future__ import annotations

import json

import pytest
from support.registry_client import (
    EMPTY,
    IMAGE,
    INDEX,
    codes,
    descriptor,
    digest_of,
    image,
    index,
    local_registry,
)

SBOM, SIGNATURE = (
    "application/vnd.example.sbom.v1+json",
    "application/vnd.example.signature.v1",
)


@pytest.fixture
def registry(tmp_path):
    with local_registry(tmp_path) as running_registry:
        yield running_registry


class TestTags:
    NAMES = ("1.0.0", "1.10.0", "1.2.0", "B", "_x", "a", "latest")

    @pytest.fixture(autouse=True)
    def tagged(self, registry):
        for tag in reversed(self.NAMES):
            registry.push(image(), tag)

    def test_tags_are_listed_in_the_order_of_their_bytes(self, registry):
        answer = registry.call("GET", "tags/list")
        assert answer.json() == {"name": "team/app", "tags": sorted(self.NAMES)}
        assert "Link" not in answer.headers

    @pytest.mark.parametrize("count", [1, 2, 3, 7])
    def test_pages_of_tags_lead_to_each_other(self, registry, count):
        seen, path = [], f"tags/list?n={count}"
        while path:
            answer = registry.call("GET", path)
            assert len(answer.json()["tags"]) <= count
            seen += answer.json()["tags"]
            path = answer.links["next"]["url"] if "next" in answer.links else ""
        assert seen == sorted(self.NAMES)

    def test_last_alone_gives_everything_behind_it(self, registry):
        assert registry.tags(last="1.2.0") == sorted(self.NAMES)[3:]
        assert registry.tags(last="1.1-not-a-tag") == sorted(self.NAMES)[1:]
        assert registry.tags(last="zzz") == []

    def test_no_tags_are_asked_for_and_none_come(self, registry):
        answer = registry.call("GET", "tags/list?n=0")
        assert (answer.json()["tags"], "Link" in answer.headers) == ([], False)

    def test_a_count_that_is_no_number_is_refused(self, registry):
        assert registry.call("GET", "tags/list?n=few").status_code == 400


def test_a_repository_without_tags_has_an_empty_list(registry):
    registry.push(image())
    assert registry.tags() == []


class TestReferrers:
    def push_all(self, registry, subject: bytes) -> dict[str, bytes]:
        at = {
            "subject": descriptor(subject, IMAGE),
            "annotations": {"org.example.note": "hello"},
        }
        made = {
            "by config": image(b"sig", config_type=SIGNATURE, **at),
            "by type": image(config_type=EMPTY, artifactType=SBOM, **at),
            "an index": index(image(), artifactType=SBOM, **at),
            "a plain index": index(image(), subject=at["subject"]),
        }
        for manifest in made.values():
            answer = registry.push(manifest)
            assert answer.headers["OCI-Subject"] == digest_of(subject)
        return made

    def test_referrers_are_described_as_the_specification_says(self, registry):
        registry.push(image(), "subject")
        made = self.push_all(registry, image())
        found = {
            entry["digest"]: entry
            for entry in registry.referrers(digest_of(image()))
        }
        kinds = {"by config": SIGNATURE, "by type": SBOM, "an index": SBOM}
        for name, artifact_type in kinds.items():
            expected = descriptor(
                made[name], json.loads(made[name])["mediaType"]
            )
            expected |= {
                "artifactType": artifact_type,
                "annotations": {"org.example.note": "hello"},
            }
            assert found[digest_of(made[name])] == expected
        assert found[digest_of(made["a plain index"])] == descriptor(
            made["a plain index"], INDEX
        )
        assert len(found) == 4

    def test_referrers_are_filtered_by_their_type(self, registry):
        made = self.push_all(registry, image())
        answer = registry.call(
            "GET",
            f"referrers/{digest_of(image())}",
            params={"artifactType": SBOM},
        )
        assert answer.headers["OCI-Filters-Applied"] == "artifactType"
        found = {entry["digest"] for entry in answer.json()["manifests"]}
        assert found == {
            digest_of(made["by type"]),
            digest_of(made["an index"]),
        }
        assert (
            registry.referrers(
                digest_of(image()), artifactType="application/none"
            )
            == []
        )

    @pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
    def test_an_unknown_subject_has_an_empty_index(self, registry, algorithm):
        answer = registry.call(
            "GET", f"referrers/{digest_of(b'unknown', algorithm)}"
        )
        assert answer.headers["Content-Type"] == INDEX
        assert answer.json() == {
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": [],
        }
        assert "OCI-Filters-Applied" not in answer.headers

    def test_a_referrer_may_come_before_its_subject(self, registry):
        late = image(b"late")
        self.push_all(registry, late)
        assert (
            registry.call("HEAD", f"manifests/{digest_of(late)}").status_code
            == 404
        )
        assert len(registry.referrers(digest_of(late))) == 4

    def test_a_deleted_referrer_is_not_listed(self, registry):
        made = self.push_all(registry, image())
        for manifest in list(made.values())[1:]:
            registry.call("DELETE", f"manifests/{digest_of(manifest)}")
        left = registry.referrers(digest_of(image()))
        assert [entry["digest"] for entry in left] == [
            digest_of(made["by config"])
        ]

    def test_a_subject_may_have_a_sha512_digest(self, registry):
        subject = descriptor(image(), IMAGE, "sha512")
        registry.push(image(b"sig", config_type=SIGNATURE, subject=subject))
        assert len(registry.referrers(subject["digest"])) == 1

    def test_an_ill_formed_subject_is_refused(self, registry):
        answer = registry.push(
            image(
                subject={"mediaType": IMAGE, "digest": "sha256:bad", "size": 1}
            ),
            "x",
        )
        assert (answer.status_code, codes(answer)) == (400, ["DIGEST_INVALID"])
        assert registry.call("GET", "referrers/sha256:bad").status_code == 400

    def test_the_fallback_tag_of_older_clients_works(self, registry):
        listing = index(
            image(config_type=SIGNATURE, subject=descriptor(image(), IMAGE))
        )
        tag = digest_of(image()).replace(":", "-")
        assert registry.push(listing, tag).status_code == 201
        assert registry.call("GET", f"manifests/{tag}").content == listing
