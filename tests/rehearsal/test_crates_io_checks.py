"""What the local crates.io refuses at upload, and its API, asked without a client."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from support.package_clients import (
    Serving,
    crate,
    dependencies,
    features,
    upload_body,
    without,
)

from release_tasks.rehearsal.clock import Clock
from release_tasks.rehearsal.crates_io.app import CratesIo
from release_tasks.rehearsal.crates_io.categories import SLUGS
from release_tasks.rehearsal.upstream import Upstream

AGENT = {"User-Agent": "a test"}


@dataclass
class Site:
    """The local crates.io, offline, at its loopback address."""

    registry: CratesIo
    url: str

    def put(
        self, tarball: bytes, token: str = "let-me-in", **meta: Any
    ) -> requests.Response:
        """Upload a tarball with the JSON of `rehearsed 0.1.0`, less or more what `meta` says."""
        reported: dict[str, object] = {
            "name": "rehearsed",
            "vers": "0.1.0",
            "deps": [],
            "features": {},
        }
        return self.send(upload_body(reported | meta, tarball), token)

    def send(self, body: bytes, token: str = "let-me-in") -> requests.Response:
        """Upload these bytes."""
        return requests.put(
            f"{self.url}/api/v1/crates/new",
            body,
            headers=AGENT | {"Authorization": token},
            timeout=9,
        )

    def get(self, path: str) -> requests.Response:
        """Read a path as some client."""
        return requests.get(f"{self.url}{path}", headers=AGENT, timeout=9)


@pytest.fixture
def site(tmp_path: Path, serving: Serving) -> Site:
    upstream = Upstream(tmp_path / "cache", offline=True)
    registry = CratesIo(
        tmp_path / "crates", "let-me-in", upstream, clock=Clock(speed=100)
    )
    registry.owned_by_others.add("somebodys")
    return Site(registry, serving(registry))


def said(answer: requests.Response) -> str:
    return str(answer.json()["errors"][0]["detail"])


REFUSED = [
    (
        crate(without("description")),
        "missing or empty metadata fields: description.",
    ),
    (
        crate(without("license", "description")),
        "missing or empty metadata fields: description, license.",
    ),
    (
        crate(without(description="x" * 1001)),
        "The `description` is too long. A maximum of 1000 characters",
    ),
    (
        crate(without(license="MIT-ish")),
        "unknown or invalid license expression",
    ),
    (crate(without(license="mit")), "unknown or invalid license expression"),
    (
        crate(without(homepage="example.org")),
        "URL for field `homepage` must begin with http:// or https:// (url: example.org)",
    ),
    (
        crate(without(repository="https://")),
        "`repository` is not a valid url: `https://`",
    ),
    (
        crate(without(keywords=list("abcdef"))),
        "expected at most 5 keywords per crate",
    ),
    (
        crate(without(keywords=["x" * 21])),
        "(keywords must have less than 20 characters)",
    ),
    (
        crate(without(keywords=["two words"])),
        '"two words" is an invalid keyword',
    ),
    (
        crate(without(categories=["cli"] * 6)),
        "expected at most 5 categories per crate",
    ),
    (
        crate(without(categories=["cli"])),
        "The following category slugs are not currently supported on crates.io: cli",
    ),
    (
        crate(**{"package": without(**{"rust-version": "^1.80"})}),
        "invalid `rust-version` value",
    ),
    (
        crate(tables=features(301)),
        "features, but your crate is declaring 301 features.",
    ),
    (
        crate(tables=features(1, 301)),
        'the "f0" feature of your crate is enabling 301 features',
    ),
    (
        crate(tables=dependencies(501)),
        "crates.io only allows a maximum number of 500 dependencies.",
    ),
    (
        crate(tables=dependencies(1, '"*"')),
        "wildcard (`*`) dependency constraints are not allowed on crates.io.",
    ),
    (
        crate(
            tables=dependencies(
                1, '{version="1", registry-index="https://else.where"}'
            )
        ),
        "Dependency `d0` is hosted on another registry.",
    ),
    (
        crate(without(name="other")),
        "invalid path found: other-0.1.0/Cargo.toml",
    ),
    (
        crate(without(name="other"), root="rehearsed-0.1.0"),
        "metadata name `rehearsed` does not match manifest name `other`",
    ),
    (
        crate(without(version="0.2.0"), root="rehearsed-0.1.0"),
        "metadata version `0.1.0` does not match manifest version `0.2.0`",
    ),
    (
        crate(extra="rehearsed-0.1.0/../../evil"),
        "invalid path found: rehearsed-0.1.0/../../evil",
    ),
    (
        b"no tarball",
        "uploaded tarball is malformed or too large when decompressed",
    ),
]


@pytest.mark.parametrize(
    ("tarball", "words"), REFUSED, ids=[words[:40] for _, words in REFUSED]
)
def test_an_upload_is_refused_with_the_message_of_crates_io(
    site: Site, tarball: bytes, words: str
) -> None:
    answer = site.put(tarball)
    assert answer.status_code == 400
    assert words in said(answer)
    assert site.get("/index/re/he/rehearsed").status_code == 404


NAMES = [
    ("", "crate name cannot be empty"),
    ("1st", "the name cannot start with a digit"),
    ("_x", "the first character must be an ASCII character"),
    ("a.b", "invalid character `.` in crate name: `a.b`"),
    ("x" * 65, "is too long (max 64 characters)"),
]


@pytest.mark.parametrize(("name", "words"), NAMES)
def test_an_invalid_crate_name_is_refused(
    site: Site, name: str, words: str
) -> None:
    assert words in said(site.put(b"", name=name))


def test_a_version_that_is_too_long_is_refused(site: Site) -> None:
    words = "the version number is too long (max 150 characters)"
    assert said(site.put(b"", vers="1.0.0-" + "x" * 150)) == words


@pytest.mark.parametrize("version", ["1.0", "01.0.0", "1.0.0-", "v1.0.0"])
def test_an_invalid_version_is_refused(site: Site, version: str) -> None:
    assert (
        said(site.put(b"", vers=version))
        == f'"{version}" is an invalid semver version'
    )


def test_what_crates_io_accepts_is_accepted(site: Site) -> None:
    reported = without(
        license="MIT/Apache-2.0",
        keywords=["a-b", "c_d", "e+"],
        categories=["development-tools::ffi", "No-Std"],
        homepage="http://example.org/x",
        **{"rust-version": "1.80.1"},
    )
    assert site.put(crate(reported)).json()["warnings"] == {
        "invalid_categories": [],
        "invalid_badges": [],
        "other": [],
    }


def test_a_reserved_name_and_a_crate_of_another_owner_are_refused(
    site: Site,
) -> None:
    answer = site.put(crate(without(name="core")), name="core")
    assert said(answer) == "cannot upload a crate with a reserved name"
    answer = site.put(crate(without(name="somebodys")), name="somebodys")
    assert answer.status_code == 403
    assert said(answer).startswith(
        "this crate exists but you don't seem to be an owner."
    )


def test_names_that_differ_in_case_or_dashes_collide(site: Site) -> None:
    assert site.put(crate(without(name="a-crate")), name="a-crate").ok
    for name in ("a_crate", "A-Crate"):
        answer = site.put(crate(without(name=name)), name=name)
        assert said(answer) == "crate was previously named `a-crate`"


def test_build_metadata_does_not_make_another_version(site: Site) -> None:
    assert site.put(crate()).ok
    answer = site.put(crate(without(version="0.1.0+more")), vers="0.1.0+more")
    assert said(answer) == "crate version `0.1.0` is already uploaded"


def test_an_unknown_dependency_is_refused(site: Site) -> None:
    answer = site.put(
        crate(),
        deps=[{"name": "nowhere", "version_req": "^1", "kind": "normal"}],
    )
    assert said(answer) == "no known crate named `nowhere`"


def test_too_large_uploads_are_refused_with_413(site: Site) -> None:
    assert site.put(b"x" * ((10 << 20) + 1)).status_code == 413
    assert site.put(b"", readme="x" * (1 << 20)).status_code == 413


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "invalid metadata length"),
        (b"\xff\0\0\0{}", "invalid metadata length for remaining payload: 255"),
        (b"\2\0\0\0{}", "invalid tarball length"),
        (b"\2\0\0\0[]\0\0\0\0", "invalid upload request: expected a map"),
    ],
)
def test_a_broken_body_is_refused(site: Site, body: bytes, words: str) -> None:
    assert said(site.send(body)) == words


def test_a_token_and_a_user_agent_are_required(site: Site) -> None:
    assert said(site.put(crate(), token="wrong")) == "authentication failed"
    assert site.put(crate(), token="").status_code == 403
    answer = requests.get(
        f"{site.url}/api/v1/crates/x", headers={"User-Agent": ""}, timeout=9
    )
    assert (answer.status_code, "`User-Agent`" in answer.text) == (403, True)


def test_the_api_shows_crates_and_versions(site: Site) -> None:
    tarballs = {
        version: crate(without(version=version))
        for version in ("0.1.0", "0.3.0-rc.1", "0.2.0")
    }
    for version, tarball in tarballs.items():
        assert site.put(tarball, vers=version).ok
    shown = site.get("/api/v1/crates/rehearsed").json()
    assert [found["num"] for found in shown["versions"]] == [
        "0.2.0",
        "0.3.0-rc.1",
        "0.1.0",
    ]
    assert (
        shown["crate"]["max_version"],
        shown["crate"]["max_stable_version"],
    ) == (
        "0.3.0-rc.1",
        "0.2.0",
    )
    assert (
        site.get("/api/v1/crates/rehearsed/0.2.0").json()["version"]["license"]
        == "MIT"
    )
    assert (
        said(site.get("/api/v1/crates/rehearsed/9.0.0"))
        == "crate `rehearsed` does not have a version `9.0.0`"
    )
    assert (
        said(site.get("/api/v1/crates/nothing"))
        == "crate `nothing` does not exist"
    )
    assert (
        site.get("/api/v1/crates/rehearsed/0.2.0/download").content
        == tarballs["0.2.0"]
    )


def test_the_index_answers_304_to_a_known_etag(site: Site) -> None:
    assert site.put(crate()).ok
    first = site.get("/index/re/he/rehearsed")
    headers = {"If-None-Match": first.headers["ETag"]}
    assert (
        requests.get(first.url, headers=headers, timeout=9).status_code == 304
    )
    assert site.get("/index/config.json").json() == {
        "dl": f"{site.url}/crates",
        "api": site.url,
    }


def test_retry_after_is_a_date_in_real_time(site: Site) -> None:
    site.registry.limits.active = True
    site.registry.limits.clock.speed = 10.0
    for number in range(5):
        assert site.put(crate(without(name=f"n{number}")), name=f"n{number}").ok
    answer = site.put(crate(without(name="n5")), name="n5")
    assert answer.status_code == 429
    seconds = (
        parsedate_to_datetime(answer.headers["Retry-After"]).timestamp()
        - time.time()
    )
    # ten minutes, ten times as fast, in whole seconds
    assert 0 < seconds <= 61
    assert site.put(crate(without(name="n5")), name="n5").status_code == 429
    assert answer.headers["Retry-After"] in said(answer)


def test_the_categories_include_nested_ones() -> None:
    assert {
        "science::bioinformatics::genomics",
        "no-std::no-alloc",
        "wasm",
    } <= SLUGS
    assert not any(slug.startswith(":") or "," in slug for slug in SLUGS)
