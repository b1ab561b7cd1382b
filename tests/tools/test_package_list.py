"""What is said not to be left out of a crate is packed by cargo: each choice is tried."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest
from support.repositories import commit_all, write_files

from release_tasks.tools.cargo import package_list

FILES = (
    "src/lib.rs",
    "src/bin/tool.rs",
    "src/a/b.rs",
    "build.rs",
    "data/x.txt",
    "data/deep/y.txt",
    "docs/ABOUT.md",
    "x.txt",
)
CHOICES = (
    "",
    'include = ["src/**", "Cargo.toml"]',
    'include = ["/src/**/*.rs", "build.rs"]',
    'include = ["src/", "/data/"]',
    'include = ["src/*.rs", "*.txt"]',
    'include = ["**/*.rs", "data/*"]',
    'include = ["src", "!src/bin"]',
    'include = ["lib.rs", "docs/**/*.md"]',
    'exclude = ["docs"]',
    'exclude = ["/docs/", "tests/"]',
    'exclude = ["*.txt"]',
    'exclude = ["**/deep", "src/bin/*"]',
    'exclude = ["/data/**", "!/data/x.txt"]',
    'exclude = ["b.rs", "/lib.rs"]',
)


@pytest.mark.tools("cargo")
def test_cargo_packs_what_is_not_left_out(tmp_path: Path) -> None:
    asked = 0
    for number, choice in enumerate(CHOICES):
        folder = tmp_path / f"c{number}"
        manifest = (
            f'[package]\nname = "c{number}"\nversion = "0.1.0"\n'
            f'edition = "2021"\n{choice}\n'
        )
        write_files(folder, {"Cargo.toml": manifest} | dict.fromkeys(FILES, ""))
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        commit_all(folder)
        package = tomllib.loads(manifest)["package"]
        packed = package_list.packed_files(folder)
        for file in FILES:
            if package_list.may_be_left_out(package, file):
                asked += 1
            else:
                assert file in packed, (choice, file)
    assert asked < len(CHOICES) * len(FILES) * 0.6


def test_nothing_is_packed_of_a_folder_with_another_manifest() -> None:
    assert package_list.may_be_left_out({}, "demo/src/main.rs", ["demo"])
    assert not package_list.may_be_left_out({}, "src/main.rs", ["demo"])


def test_what_a_workspace_chooses_is_not_known() -> None:
    package = {"exclude": {"workspace": True}}
    assert package_list.may_be_left_out(package, "src/lib.rs")


@pytest.mark.tools("cargo")
def test_a_list_leaves_the_lock_as_it_is(tmp_path: Path) -> None:
    lock = "# of another version\nversion = 4\n"
    manifest = '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n'
    texts = {"Cargo.toml": manifest, "Cargo.lock": lock, "src/lib.rs": ""}
    write_files(tmp_path, texts)
    assert "src/lib.rs" in package_list.packed_files(tmp_path)
    assert (tmp_path / "Cargo.lock").read_text() == lock
    (tmp_path / "Cargo.lock").unlink()
    assert "src/lib.rs" in package_list.packed_files(tmp_path)
    assert not (tmp_path / "Cargo.lock").exists()
