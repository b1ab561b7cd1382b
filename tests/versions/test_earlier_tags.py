"""Which version a tag of any form stands for."""

from __future__ import annotations

import pytest

from release_tasks.versions.earlier_tags import version_of

NAMES = ("lamp", "rust")


@pytest.mark.parametrize(
    ("tag", "version", "is_exact"),
    [
        ("1.2.3", "1.2.3", True),
        ("v1.2.3", "1.2.3", True),
        ("V1.2.3", "1.2.3", True),
        ("release-1.2.3", "1.2.3", True),
        ("release/v1.2.3", "1.2.3", True),
        ("rel_1.2.3", "1.2.3", True),
        ("version-1.2.3", "1.2.3", True),
        ("lamp-1.2.3", "1.2.3", True),
        ("lamp-v1.2.3", "1.2.3", True),
        ("lamp@1.2.3", "1.2.3", True),
        ("Lamp/v1.2.3", "1.2.3", True),
        ("rust-v1.2.3", "1.2.3", True),
        ("v1.2.3-rc.1", "1.2.3-rc.1", True),
        ("1.2", "1.2.0", False),
        ("v1.2", "1.2.0", False),
        ("2026.04.01", "2026.4.1", False),
    ],
)
def test_a_version_stands_behind_known_words(
    tag: str, version: str, is_exact: bool
) -> None:
    found = version_of(tag, NAMES)
    assert found is not None
    assert (str(found.version), found.is_exact) == (version, is_exact)


@pytest.mark.parametrize(
    "tag",
    [
        "latest",
        "main",
        "1",
        "57",
        "sha-1a2b3c4",
        "alpine3.19.1",
        "pg16-1.2.3",
        "1.2.3.4",
        "v1.2.3-01",
        "nightly-2026.04.01",
        "other-1.2.3",
        "",
        "v",
        "1.2.3-alpine/x",
    ],
)
def test_what_is_no_version(tag: str) -> None:
    assert version_of(tag, NAMES) is None


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("v1.2.3-alpine", "1.2.3"),
        ("1.2.3-alpine", "1.2.3"),
        ("1.2.3-rc.1-alpine", "1.2.3-rc.1"),
        ("pg16-1.2.3-alpine", "1.2.3"),
        ("1.2.3", None),
        ("1.2.3-slim", None),
    ],
)
def test_text_around_the_version(tag: str, version: str | None) -> None:
    found = version_of(tag, NAMES, "pg16-", "-alpine")
    assert (str(found.version) if found else None) == version
