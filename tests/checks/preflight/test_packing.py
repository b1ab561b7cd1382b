"""Crates: what cargo cannot pack, and what it leaves out without a failure."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import crate_projects as projects
from support.crate_projects import edit

from release_tasks.checks.preflight import packing

pytestmark = pytest.mark.tools("cargo")
ZERO = "crates/shop-zero"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = projects.workspace(tmp_path / "shop", {"shop-zero": ""})
    monkeypatch.chdir(made)
    return made


def facts(root: Path) -> list[tuple[str, str]]:
    return [found[:2] for found in projects.findings(root, packing)]


def choose(root: Path, line: str) -> None:
    edit(root, "shop-zero", 'license = "MIT"', f'license = "MIT"\n{line}')


def test_a_name_that_cargo_cannot_pack_is_found(root: Path) -> None:
    (root / ZERO / "a:b.txt").write_text("x")
    fact = (
        f"cargo cannot pack {ZERO}/a:b.txt of shop-zero: "
        "cannot package a filename with a special character `:`"
    )
    assert facts(root) == [("unpackable-file", fact)]
    choose(root, 'exclude = ["a:b.txt"]')
    assert facts(root) == []


def test_a_link_to_nothing_is_found(root: Path) -> None:
    (root / ZERO / "data.txt").symlink_to("nowhere")
    fact = (
        f"cargo cannot pack {ZERO}/data.txt of shop-zero: "
        "it is a link to nowhere, which is not there"
    )
    assert facts(root) == [("unpackable-file", fact)]
    choose(root, 'exclude = ["data.txt"]')
    assert facts(root) == []


def test_a_program_and_a_build_script_that_are_left_out_are_said(
    root: Path,
) -> None:
    (root / ZERO / "src" / "bin").mkdir()
    (root / ZERO / "src" / "bin" / "tool.rs").write_text("fn main() {}\n")
    (root / ZERO / "build.rs").write_text("fn main() {}\n")
    assert facts(root) == []
    choose(root, 'include = ["src/lib.rs"]')
    start = f"{ZERO}/Cargo.toml: include or exclude leaves out {ZERO}"
    assert sorted(facts(root)) == [
        (
            "unpacked-target",
            f"{start}/build.rs, and cargo publishes shop-zero without its build script",
        ),
        (
            "unpacked-target",
            f"{start}/src/bin/tool.rs, "
            "and cargo publishes shop-zero without the program tool",
        ),
    ]


def test_a_crate_of_which_nothing_is_packed_is_found(root: Path) -> None:
    choose(root, 'exclude = ["src"]')
    fact = (
        f"{ZERO}/Cargo.toml: include or exclude leaves out {ZERO}/src/lib.rs, "
        "and cargo packs no crate without a library or program"
    )
    assert facts(root) == [("nothing-packed", fact)]


@pytest.mark.parametrize(
    ("line", "manifest"),
    [('exclude = ["docs/*"]', ""), ("", "docs/Cargo.toml")],
)
def test_what_code_reads_and_cargo_leaves_out_is_said(
    root: Path, line: str, manifest: str
) -> None:
    (root / ZERO / "docs").mkdir()
    (root / ZERO / "docs" / "ABOUT.md").write_text("x\n")
    (root / ZERO / "src" / "lib.rs").write_text(
        'pub const A: &str = include_str!("../docs/ABOUT.md");\n'
    )
    assert facts(root) == []
    choose(root, line)
    if manifest:
        (root / ZERO / manifest).write_text(
            '[package]\nname = "docs"\nversion = "0.1.0"\n[workspace]\n'
        )
    fact = (
        f"{ZERO}/src/lib.rs reads {ZERO}/docs/ABOUT.md, "
        "which is left out of the tarball of shop-zero"
    )
    assert facts(root) == [("file-outside-crate", fact)]
