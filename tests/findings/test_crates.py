"""Crates: what crates.io would refuse is found before, and the way out makes it go away."""

from __future__ import annotations

import os
from pathlib import Path

import crate_projects as projects
import pytest
from crate_projects import edit

from release_tasks.findings import crates, dependencies

pytestmark = pytest.mark.tools("cargo")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = projects.chain(tmp_path / "shop")
    monkeypatch.chdir(made)
    return made


def told(root: Path) -> list[tuple[str, str, str]]:
    return projects.told(root, crates, dependencies)


def test_a_workspace_with_all_that_crates_io_demands_is_well(root: Path) -> None:
    assert told(root) == []


@pytest.mark.parametrize(("old", "new", "fact"), [
    ('license = "MIT"\n', "", " has no license, and crates.io demands it"),
    ('license = "MIT"\n', 'license = "MIT and more"\n', ": license MIT and more is no SPDX expression, and crates.io refuses that"),
    ('license = "MIT"\n', 'license = "AGPL-3"\n', ": license AGPL-3 is no SPDX expression, and crates.io refuses that"),
    ("Sells things", "Sells " * 200, ": description has more than 1000 bytes, and crates.io refuses that"),
    ('license = "MIT"\n', 'license = "MIT"\nkeywords = ["a", "b", "c", "d", "e", "f"]\n', ": there are 6 keywords, more than 5, and crates.io refuses that"),
    ('license = "MIT"\n', 'license = "MIT"\nkeywords = ["far-too-long-for-a-keyword"]\n', ": far-too-long-for-a-keyword is no keyword, and crates.io refuses that"),
    ('license = "MIT"\n', 'license = "MIT"\nhomepage = "example.org"\n', ": homepage example.org is no http address, and crates.io refuses that"),
])
def test_metadata_that_crates_io_refuses_is_found(root: Path, old: str, new: str, fact: str) -> None:
    edit(root, "shop-zero", old, new)
    assert [(name, problem) for name, problem, _ in told(root)] == [("crate-metadata", f"crates/shop-zero/Cargo.toml{fact}")]
    edit(root, "shop-zero", new or 'edition = "2021"\n', old if new else f'edition = "2021"\n{old}')
    assert told(root) == []


@pytest.mark.parametrize("license", ["MIT/Apache-2.0", "(MIT OR Apache-2.0) AND Unicode-3.0", "GPL-2.0-only WITH Classpath-exception-2.0"])
def test_license_expressions_are_well(root: Path, license: str) -> None:
    edit(root, "shop-zero", 'license = "MIT"', f'license = "{license}"')
    assert told(root) == []


def test_a_crate_over_ten_mebibytes_is_found_with_its_largest_file(root: Path) -> None:
    (root / "crates/shop-zero/model.bin").write_bytes(os.urandom(11 << 20))
    [(name, fact, fix)] = told(root)
    assert (name, fact) == ("crate-too-large", "shop-zero is 11.0 MiB when packed, and crates.io takes 10")
    assert fix.startswith("name its largest files in `exclude` of [package]: model.bin, ")
    edit(root, "shop-zero", 'license = "MIT"\n', 'license = "MIT"\nexclude = ["model.bin"]\n')
    assert told(root) == []


def test_a_large_crate_of_few_bytes_when_packed_is_well(root: Path) -> None:
    (root / "crates/shop-zero/zeros.bin").write_bytes(bytes(11 << 20))
    assert told(root) == []
