"""Crates: what crates.io would refuse is found before, and the way out makes it go away."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from invoke.context import Context
from support import crate_projects as projects
from support.crate_projects import edit
from support.local_registries import local_registries
from support.repositories import commit_all
from support.tiny_project import run_checks

from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import crates, dependencies, packing

pytestmark = pytest.mark.tools("cargo")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = projects.chain(tmp_path / "shop")
    monkeypatch.chdir(made)
    return made


def reported(root: Path) -> list[tuple[str, str, str]]:
    return projects.findings(root, crates, packing, dependencies)


def test_a_workspace_with_all_that_crates_io_demands_is_well(
    root: Path,
) -> None:
    assert reported(root) == []


@pytest.mark.parametrize(
    ("old", "new", "fact"),
    [
        ('license = "MIT"\n', "", " has no license, which crates.io requires"),
        (
            'license = "MIT"\n',
            'license = "MIT and more"\n',
            ": crates.io refuses its license: unknown or invalid license expression (MIT and more)",
        ),
        (
            'license = "MIT"\n',
            'license = "AGPL-3"\n',
            ": crates.io refuses its license: unknown or invalid license expression (AGPL-3)",
        ),
        (
            "Sells things",
            "Sells " * 200,
            ": crates.io refuses its description: The `description` is too long. "
            "A maximum of 1000 characters are currently allowed.",
        ),
        (
            'license = "MIT"\n',
            'license = "MIT"\nkeywords = ["a", "b", "c", "d", "e", "f"]\n',
            ": crates.io refuses its keywords: expected at most 5 keywords per crate",
        ),
        (
            'license = "MIT"\n',
            'license = "MIT"\nkeywords = ["far-too-long-for-a-keyword"]\n',
            ': crates.io refuses its keywords: "far-too-long-for-a-keyword" is an invalid keyword '
            "(keywords must have less than 20 characters)",
        ),
        (
            'license = "MIT"\n',
            'license = "MIT"\nhomepage = "example.org"\n',
            ": crates.io refuses its homepage: URL for field `homepage` must begin with "
            "http:// or https:// (url: example.org)",
        ),
    ],
)
def test_metadata_that_crates_io_refuses_is_found(
    root: Path, old: str, new: str, fact: str
) -> None:
    edit(root, "shop-zero", old, new)
    assert [(name, problem) for name, problem, _ in reported(root)] == [
        ("crate-metadata", f"crates/shop-zero/Cargo.toml{fact}")
    ]
    edit(
        root,
        "shop-zero",
        new or 'edition = "2021"\n',
        old if new else f'edition = "2021"\n{old}',
    )
    assert reported(root) == []


@pytest.mark.parametrize(
    "license",
    [
        "MIT/Apache-2.0",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "GPL-2.0-only WITH Classpath-exception-2.0",
    ],
)
def test_license_expressions_are_well(root: Path, license: str) -> None:
    edit(root, "shop-zero", 'license = "MIT"', f'license = "{license}"')
    assert reported(root) == []


def test_a_crate_over_ten_mebibytes_is_found_with_its_largest_file(
    root: Path,
) -> None:
    (root / "crates/shop-zero/model.bin").write_bytes(os.urandom(11 << 20))
    [(name, fact, fix)] = reported(root)
    assert (name, fact) == (
        "crate-too-large",
        "shop-zero is 11.0 MiB when packed, but crates.io takes at most 10",
    )
    assert fix.startswith(
        "add its largest files to `exclude` of [package]: model.bin, "
    )
    edit(
        root,
        "shop-zero",
        'license = "MIT"\n',
        'license = "MIT"\nexclude = ["model.bin"]\n',
    )
    assert reported(root) == []


def test_a_repository_that_starts_a_program_with_the_token_is_found(
    root: Path,
) -> None:
    config = root / ".cargo" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text('[registry]\ncredential-provider = "./login.sh"\n')
    [(name, fact, fix)] = reported(root)
    assert (name, fact) == (
        "repository-steers-upload",
        "registry.credential-provider of the repository starts that program "
        "with the token of crates.io",
    )
    assert fix.startswith(
        "remove registry.credential-provider from .cargo/config.toml"
    )
    config.unlink()
    assert reported(root) == []


def test_a_large_crate_of_few_bytes_when_packed_is_well(root: Path) -> None:
    (root / "crates/shop-zero/zeros.bin").write_bytes(bytes(11 << 20))
    assert reported(root) == []


@pytest.mark.parametrize("key", ["readme", "license-file"])
def test_a_file_that_cargo_packs_and_does_not_find_is_found(
    root: Path, key: str
) -> None:
    lines = f'license = "MIT"\n{key} = "../../TEXT"\n'
    edit(root, "shop-zero", 'license = "MIT"\n', lines)
    [(found, fact, _)] = reported(root)
    assert found == "missing-file-of-crate"
    assert (
        fact
        == f"crates/shop-zero/Cargo.toml: the {key} ../../TEXT is not there"
    )
    (root / "TEXT").write_text("text\n")
    assert reported(root) == []


def test_a_category_that_crates_io_does_not_have_is_found(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(
        root,
        "shop-zero",
        'license = "MIT"\n',
        'license = "MIT"\ncategories = ["algorithm", "os::linux-apis"]\n',
    )
    with local_registries(tmp_path, monkeypatch):
        [(name, fact, fix)] = reported(root)
        assert (name, fact) == (
            "unknown-category",
            (
                "crates/shop-zero/Cargo.toml: algorithm is not a category of crates.io, "
                "which refuses it"
            ),
        )
        assert fix == "write algorithms"
        edit(root, "shop-zero", '"algorithm"', '"algorithms"')
        assert reported(root) == []


@pytest.mark.parametrize(
    "line",
    [
        'const MENU: &str = include_str!("../../../menu.txt");',
        'const MENU: &[u8] = include_bytes!(\n    "../../../menu.txt"\n);',
        '#![doc = include_str!("../../../menu.txt")]',
        '#[path = "../../../menu.txt"]\nmod menu;',
        'include!("../../../menu.txt");',
        'const MENU: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../menu.txt"));',
    ],
)
def test_code_that_reads_a_file_of_another_folder_is_found_at_its_line(
    root: Path, line: str
) -> None:
    (root / "menu.txt").write_text("// soup\n")
    code = root / "crates/shop-zero/src/lib.rs"
    code.write_text(f"// Sells.\n{line}\n")
    commit_all(root)
    [one] = run_checks(CheckContext(Context(), projects.release(root)), packing)
    assert (one.name, one.file, one.line) == (
        "file-outside-crate",
        "crates/shop-zero/src/lib.rs",
        2,
    )
    assert (
        one.fact
        == "crates/shop-zero/src/lib.rs reads menu.txt, which is not in the tarball of shop-zero"
    )
    assert one.fix.startswith(
        "move it into crates/shop-zero, or let crates/shop-zero/src/lib.rs read a "
        "symbolic link to it there"
    )
    (root / "crates/shop-zero/menu.txt").symlink_to("../../menu.txt")
    code.write_text(
        code.read_text()
        .replace("/../../menu.txt", "/menu.txt")
        .replace("../../../", "../")
    )
    assert reported(root) == []


def test_a_link_to_a_file_of_another_folder_is_packed_as_that_file(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "menu.txt").write_text("soup\n")
    (root / "crates/shop-zero/menu.txt").symlink_to("../../menu.txt")
    (root / "crates/shop-zero/src/lib.rs").write_text(
        'pub const MENU: &str = include_str!("../menu.txt");\n'
    )
    commit_all(root)
    with local_registries(tmp_path, monkeypatch):
        projects.cargo(root, "package", "--package", "shop-zero")


@pytest.mark.parametrize(
    "line",
    [
        '// include_str!("../../../menu.txt")',
        '/*\nOld: include_str!("../../../menu.txt")\n*/',
        '#[cfg(doctest)]\n#[doc = include_str!("../../../menu.txt")]\npub struct Menu;',
        '#![cfg_attr(doctest, doc = include_str!("../../../menu.txt"))]',
        '#[cfg(all(test, feature = "x"))]\nmod tests {\n    include!("../../../menu.txt");\n}',
        'const OUT: &str = include_str!(concat!(env!("OUT_DIR"), "/../../../menu.txt"));',
        'const OWN: &str = include_str!("../Cargo.toml");',
        '#[cfg(test)]\nmod tests {\n    const MENU: &str = include_str!("../../../menu.txt");\n}',
    ],
)
def test_code_that_reads_its_own_files_is_well(root: Path, line: str) -> None:
    (root / "menu.txt").write_text("soup\n")
    (root / "crates/shop-zero/src/lib.rs").write_text(f"{line}\n")
    (root / "crates/shop-zero/tests").mkdir()
    (root / "crates/shop-zero/tests/sell.rs").write_text(
        'const MENU: &str = include_str!("../../../menu.txt");\n'
    )
    assert reported(root) == []


@pytest.mark.parametrize(
    ("declared", "file", "is_found"),
    [
        ("#[cfg(test)]\nmod sell;", "sell.rs", False),
        (
            "#[cfg(all(test, unix))]\n#[allow(dead_code)]\npub(crate) mod sell;",
            "sell.rs",
            False,
        ),
        ("#[cfg(test)]\nmod sell;", "sell/mod.rs", False),
        (
            "#[cfg(test)]\nmod sell;",
            "sell/all.rs",
            False,
        ),  # which sell.rs declares
        ("mod sell;", "sell.rs", True),
        ("#[cfg(any(test, unix))]\nmod sell;", "sell.rs", True),
        ("#[cfg(test)]\nmod selling;\nmod sell;", "sell.rs", True),
    ],
)
def test_modules_for_tests_read_what_they_want(
    root: Path, declared: str, file: str, is_found: bool
) -> None:
    (root / "menu.txt").write_text("soup\n")
    source = root / "crates/shop-zero/src"
    (source / "lib.rs").write_text(f"{declared}\n")
    up = "../" * (3 + file.count("/"))
    module = source / file
    module.parent.mkdir(exist_ok=True)
    module.write_text(f'const MENU: &str = include_str!("{up}menu.txt");\n')
    if file == "sell/all.rs":
        (source / "sell.rs").write_text("mod all;\n")
    names = [name for name, *_ in reported(root)]
    assert names == (["file-outside-crate"] if is_found else [])


def test_a_build_script_that_looks_first_whether_a_file_is_there_is_well(
    root: Path,
) -> None:
    (root / "menu.txt").write_text("soup\n")
    (root / "crates/shop-zero/build.rs").write_text(
        'fn main() {\n    let path = std::path::Path::new("../../menu.txt");\n'
        "    if path.exists() {\n        std::fs::read(path).unwrap();\n    }\n}\n"
    )
    assert reported(root) == []


def test_a_build_script_that_reads_a_file_of_another_crate_is_found(
    root: Path,
) -> None:
    (root / "crates/shop-middle/order.proto").write_text('syntax = "proto3";\n')
    script = root / "crates/shop-zero/build.rs"
    script.write_text(
        'fn main() {\n    println!("cargo:rerun-if-changed=../../.git/HEAD");\n'
        '    std::fs::read("../shop-middle/order.proto").unwrap();\n}\n'
    )
    [(name, fact, _)] = reported(root)
    assert (name, fact) == (
        "file-outside-crate",
        (
            "crates/shop-zero/build.rs reads crates/shop-middle/order.proto, which is not in "
            "the tarball of shop-zero"
        ),
    )
    (root / "crates/shop-middle/order.proto").rename(
        root / "crates/shop-zero/order.proto"
    )
    script.write_text(script.read_text().replace("../shop-middle/", ""))
    assert reported(root) == []


def test_a_readme_that_does_not_fit_into_the_upload_is_found(
    root: Path,
) -> None:
    readme = root / "crates/shop-zero/README.md"
    readme.write_text("x" * 1_048_000)
    assert reported(root) == []
    readme.write_text("x" * 1_049_000)
    [(name, fact, fix)] = reported(root)
    assert (name, fix.partition(",")[0]) == (
        "readme-too-large",
        "shorten README.md",
    )
    assert "crates.io refuses its readme README.md" in fact


def test_a_patch_in_the_settings_of_cargo_is_said(root: Path) -> None:
    (root / ".cargo").mkdir()
    config = root / ".cargo/config.toml"
    config.write_text('[patch.crates-io]\nserde = { path = "serde" }\n')
    (root / "serde").mkdir()
    projects.write_crate(root / "serde", "serde")
    (root / "Cargo.toml").write_text(
        (root / "Cargo.toml").read_text() + 'exclude = ["serde"]\n'
    )
    names = [name for name, _, _ in reported(root)]
    assert "patch-in-configuration" in names


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('"größe" = {package = "shop-zero", ', "invalid character `ö`"),
        ("shop-zero = {", ""),
        ('_zero = {package = "shop-zero", ', ""),
    ],
)
def test_a_name_for_a_dependency_that_crates_io_refuses_is_found(
    root: Path, line: str, words: str
) -> None:
    edit(root, "shop-middle", "shop-zero = {", line)
    facts = [
        fact for name, fact, _ in reported(root) if name == "crate-metadata"
    ]
    assert bool(facts) is bool(words)
    assert all(words in fact for fact in facts)
