"""Cargo.lock: what a bump changes in it is reported apart from everything else."""

from __future__ import annotations

import pytest

from release_tasks.tools.cargo.lock import bumped, is_bump

LOCK = """version = 4

[[package]]
name = "serde"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "00"

[[package]]
name = "ours"
version = "0.1.0"
dependencies = [
 "serde",
 "other 0.1.0",
]

[[package]]
name = "other"
version = "0.1.0"
"""


BUMPED = LOCK.replace('"0.1.0"', '"0.2.0"').replace(
    "other 0.1.0", "other 0.2.0"
)


def test_a_bump_changes_our_own_packages_and_what_names_them() -> None:
    assert bumped(LOCK, {"ours": "0.2.0", "other": "0.2.0"}) == BUMPED


def test_line_endings_stay() -> None:
    windows = LOCK.replace("\n", "\r\n")
    assert bumped(
        windows, {"ours": "0.2.0", "other": "0.2.0"}
    ) == BUMPED.replace("\n", "\r\n")


def test_a_package_of_a_registry_with_the_same_name_stays() -> None:
    older = """
[[package]]
name = "ours"
version = "0.0.9"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "user"
version = "1.0.0"
dependencies = [
 "ours 0.0.9",
 "ours 0.1.0",
]"""
    assert bumped(LOCK + older, {"ours": "0.2.0"}) == (LOCK + older).replace(
        "0.1.0", "0.2.0", 1
    ).replace("ours 0.1.0", "ours 0.2.0")


def test_new_versions_of_our_own_packages_are_a_bump() -> None:
    assert is_bump(LOCK.encode(), BUMPED.encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('version = "1.0.0"', 'version = "1.0.1"'),
        ('checksum = "00"', 'checksum = "01"'),
        (' "serde",\n', ""),
        ('name = "other"', 'name = "another"'),
        ("[[package]]", "[[pack"),
    ],
)
def test_everything_else_is_none(old: str, new: str) -> None:
    assert not is_bump(LOCK.encode(), LOCK.replace(old, new, 1).encode())
