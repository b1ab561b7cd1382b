"""Cargo.lock: what a bump changes in it is told apart from everything else."""

from __future__ import annotations

import pytest

from release_tasks.tools.cargo_lock import is_bump

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


def test_new_versions_of_our_own_packages_are_a_bump() -> None:
    assert is_bump(LOCK.encode(), LOCK.replace('"0.1.0"', '"0.2.0"').replace("other 0.1.0", "other 0.2.0").encode())


@pytest.mark.parametrize(("old", "new"), [
    ('version = "1.0.0"', 'version = "1.0.1"'), ('checksum = "00"', 'checksum = "01"'), (' "serde",\n', ""),
    ('name = "other"', 'name = "another"'), ("[[package]]", "[[pack"),
])
def test_everything_else_is_none(old: str, new: str) -> None:
    assert not is_bump(LOCK.encode(), LOCK.replace(old, new, 1).encode())
