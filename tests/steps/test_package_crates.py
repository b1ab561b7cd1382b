"""The tarballs of a release are complete by themselves, and nothing is packed twice."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import pytest
from invoke.context import Context
from support import crate_projects as projects
from support.contexts import context
from support.python_projects import differences
from support.repositories import commit_all, git

from release_tasks.errors import MultipleErrors, ReleaseError
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.steps.package_crates import package_crates

pytestmark = pytest.mark.tools("cargo", "git")


@pytest.fixture
def shop(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    root = projects.chain(tmp_path / "shop")
    monkeypatch.chdir(root)
    return root


def source(root: Path, crate: str, text: str, file: str = "src/lib.rs") -> None:
    (root / "crates" / crate / file).write_text(text)
    commit_all(root)


def test_every_crate_is_in_dist_with_the_hash_of_its_bytes(shop: Path) -> None:
    package_crates(Context())
    rows = projects.recorded_crates(shop)
    assert [row["name"] for row in rows] == sorted(projects.CHAIN)
    for row in rows:
        data = (shop / "dist" / "v0.1.0" / row["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row["sha256"]
    assert git(shop, "status", "--porcelain") == ""


def test_packing_again_does_nothing(
    shop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    package_crates(Context())
    capfd.readouterr()
    package_crates(Context())
    assert (
        capfd.readouterr().err
        == "nothing to do, every crate is in dist/ or on crates.io\n"
    )


def test_a_published_crate_is_not_packed(shop: Path) -> None:
    projects.cargo(shop, "publish", "--no-verify", "-p", "shop-zero")
    package_crates(Context())
    assert [row["name"] for row in projects.recorded_crates(shop)] == [
        "shop-app",
        "shop-middle",
    ]


def test_a_crate_missing_from_dist_is_packed_again_with_the_unpublished_ones(
    shop: Path,
) -> None:
    package_crates(Context())
    before = projects.recorded_crates(shop)
    (shop / "dist" / "v0.1.0" / "shop-app-0.1.0.crate").unlink()
    package_crates(Context())
    assert projects.recorded_crates(shop) == before


def test_a_dry_run_prints_the_commands_and_changes_nothing(
    shop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    package_crates(context(dry=True))
    said = capfd.readouterr().err
    assert "cargo package --quiet --no-verify --registry crates-io" in said
    assert "-p shop-app@0.1.0" in said
    assert not (shop / "dist").exists()
    assert not (shop / "target").exists()


def test_a_crate_that_includes_a_file_outside_its_folder_is_named_with_file_and_line(
    shop: Path,
) -> None:
    (shop / "crates" / "notice.txt").write_text("All sold")
    source(
        shop,
        "shop-middle",
        'pub const SOLD: u32 = 1;\npub const NOTICE: &str = include_str!("../../notice.txt");\n',
    )
    with pytest.raises(ReleaseError) as caught:
        package_crates(Context())
    assert not isinstance(caught.value, MultipleErrors)
    assert caught.value.problem.startswith(
        "shop-middle does not compile from the files in its tarball, "
        "src/lib.rs line 2: couldn't read"
    )
    assert projects.recorded_crates(shop) == []
    # the help works as typed
    assert caught.value.fix.startswith("move what the crate reads into its ")
    inside = shop / "crates/shop-middle/notice.txt"
    inside.write_text("Sold.\n")
    text = (shop / "crates/shop-middle/src/lib.rs").read_text()
    source(shop, "shop-middle", text.replace("../../notice", "../notice"))
    package_crates(Context())


def test_a_build_script_that_reads_outside_its_folder_is_named_with_file_and_line(
    shop: Path,
) -> None:
    source(
        shop,
        "shop-zero",
        'fn main() {\n    std::fs::read("../../Cargo.toml").expect("the workspace");\n}\n',
        "build.rs",
    )
    with pytest.raises(ReleaseError) as caught:
        package_crates(Context())
    assert (
        "shop-zero does not compile from the files in its tarball, build.rs line 2"
        in caught.value.problem
    )
    assert "No such file or directory" in caught.value.problem


@pytest.mark.parametrize("file", ["generated/table.rs", "src/table.rs"])
def test_a_build_script_that_writes_into_its_crate_is_refused_as_cargo_does(
    shop: Path, file: str
) -> None:
    (shop / ".gitignore").write_text("/target\ngenerated/\ntable.rs\n")
    source(
        shop,
        "shop-zero",
        "use std::fs;\nfn main() {\n"
        '    fs::create_dir_all("generated").unwrap();\n'
        f'    fs::write("{file}", "pub const T: u8 = 1;").unwrap();\n}}\n',
        "build.rs",
    )
    source(shop, "shop-zero", f'include!("../{file}");\n')
    fact = f"the build script of shop-zero writes {file} into the crate's own folder"
    for _ in range(2):  # the second time cargo does not run it again
        with pytest.raises(ReleaseError) as caught:
            package_crates(Context())
        assert caught.value.problem.startswith(fact)
    assert projects.recorded_crates(shop) == []
    # the help works as typed
    line = caught.value.fix.partition(": ")[2].replace("FILE", "table")
    source(
        shop,
        "shop-zero",
        'fn main() {\n    let out = std::env::var("OUT_DIR").unwrap();\n'
        '    std::fs::write(out + "/table.rs", "pub const T: u8 = 1;").unwrap();\n'
        "}\n",
        "build.rs",
    )
    source(shop, "shop-zero", f"{line};\n")
    package_crates(Context())


NATIVE = """
fn main() {
    println!("cargo:rustc-link-search=native={}", env!("CARGO_MANIFEST_DIR"));
    println!("cargo:rustc-link-lib=KIND=shopnative");
}
"""
ABSENT = '#[link(name = "shopabsent")]\nextern "C" {\n    fn absent();\n}\n'


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("src/main.rs", ABSENT + "fn main() {\n    unsafe { absent() }\n}\n", "-lshop"),
        ("build.rs", NATIVE.replace("KIND", "static"), "static library `shopnative`"),
        ("src/lib.rs", "fn f<const N: u8>() { const { assert!(N > 3) } }\n"
         "pub fn g() {\n    f::<1>()\n}\n", "assertion failed: N > 3"),
    ],
)  # fmt: skip
def test_what_only_a_build_shows_is_refused_as_cargo_does(
    shop: Path, file: str, text: str, said: str
) -> None:
    source(shop, "shop-zero", text, file)
    with pytest.raises(ReleaseError) as caught:
        package_crates(Context())
    fact = "shop-zero does not compile from the files in its tarball"
    assert caught.value.problem.startswith(fact)
    assert said in caught.value.problem
    assert projects.recorded_crates(shop) == []


CHOICE = (
    '#[cfg(not(any(feature = "alpha", feature = "beta")))]\n'
    'compile_error!("choose alpha or beta");\n'
)
FEATURES = "[features]\nalpha = []\nbeta = []\n"
DOCS = '[package.metadata.docs.rs]\nfeatures = ["alpha"]\n'


@pytest.mark.parametrize(
    ("tables", "settings", "refusal"),
    [
        (
            FEATURES,
            "",
            'choose in release-tasks.toml: [crates.shop-zero] features = ["alpha", "beta"]',
        ),
        (FEATURES + DOCS, "", ""),
        (FEATURES, '[crates.shop-zero]\nfeatures = ["beta"]\n', ""),
        (
            FEATURES,
            '[crates.shop-zero]\nverify = false\nreason = "no chip"\n',
            "",
        ),
    ],
)
def test_a_crate_that_demands_a_choice_is_verified_with_it(
    registries: LocalRegistries,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tables: str,
    settings: str,
    refusal: str,
) -> None:
    root = projects.workspace(tmp_path / "shop", {"shop-zero": tables})
    monkeypatch.chdir(root)
    (root / "release-tasks.toml").write_text(settings)
    source(root, "shop-zero", CHOICE)
    if refusal:
        with pytest.raises(ReleaseError) as caught:
            package_crates(Context())
        assert caught.value.fix == refusal
        return
    package_crates(Context())
    assert [row["name"] for row in projects.recorded_crates(root)] == [
        "shop-zero"
    ]


def test_a_macro_that_reads_beside_its_crate_is_accepted_as_cargo_does(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = projects.workspace(tmp_path / "shop", {
        "shop-macro": "[lib]\nproc-macro = true",
        "shop-user": "[dependencies]\n{shop-macro}",
    })  # fmt: skip
    monkeypatch.chdir(root)
    macro = (
        "#[proc_macro]\npub fn style(_: proc_macro::TokenStream) -> proc_macro::TokenStream {\n"
        '    std::fs::read_to_string("data/style.txt").unwrap().parse().unwrap()\n}\n'
    )
    source(root, "shop-macro", macro)
    (root / "crates" / "shop-user" / "data").mkdir()
    source(root, "shop-user", "1", "data/style.txt")
    (root / "data").symlink_to("crates/shop-user/data")
    source(root, "shop-user", "pub const STYLE: u32 = shop_macro::style!();\n")
    package_crates(Context())
    names = [row["name"] for row in projects.recorded_crates(root)]
    assert names == ["shop-macro", "shop-user"]


def test_a_crate_that_compiles_only_with_the_features_of_another_is_found(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = projects.workspace(tmp_path / "shop", {
        "shop-base": "[features]\nextra = []",
        "shop-fine": '[dependencies.shop-base]\npath = "../shop-base"\n'
        'version = "0.1.0"\nfeatures = ["extra"]',
        "shop-lucky": "[dependencies]\n{shop-base}",
    })  # fmt: skip
    monkeypatch.chdir(root)
    source(root, "shop-base", '#[cfg(feature = "extra")]\npub fn extra() {}\n')
    source(root, "shop-lucky", "pub fn sold() {\n    shop_base::extra()\n}\n")
    with pytest.raises(
        ReleaseError, match=r"shop-lucky does not compile .*, src/lib.rs line 2"
    ):
        package_crates(Context())


@pytest.mark.statement("B1.7")
def test_a_fixed_crate_is_checked_again_on_its_new_files(shop: Path) -> None:
    source(shop, "shop-zero", "pub fn sold() -> u32 {\n    broken\n}\n")
    with pytest.raises(ReleaseError, match="shop-zero does not compile"):
        package_crates(Context())
    source(shop, "shop-zero", "pub fn sold() -> u32 {\n    2\n}\n")
    package_crates(Context())
    source(shop, "shop-zero", "pub fn sold() -> u32 {\n    missing\n}\n")
    with pytest.raises(ReleaseError, match="shop-zero does not compile"):
        package_crates(Context())


def test_uncommitted_files_are_an_error(shop: Path) -> None:
    (shop / "crates" / "shop-zero" / "src" / "lib.rs").write_text(
        "pub fn other() {}\n"
    )
    with pytest.raises(ReleaseError, match="not yet committed") as caught:
        package_crates(Context())
    assert caught.value.fix.startswith("commit or remove those files")


def test_a_manifest_at_another_version_is_an_error(shop: Path) -> None:
    with pytest.raises(
        ReleaseError,
        match=r"the manifest of shop-app has 0\.1\.0, expected 0\.2\.0",
    ):
        package_crates(Context(), version="0.2.0")


def test_crates_that_need_each_other_are_named(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = projects.workspace(tmp_path / "shop", {
        "shop-core": "[dev-dependencies]\n{shop-kit}", "shop-kit": "[dependencies]\n{shop-core}",
    })  # fmt: skip
    monkeypatch.chdir(root)
    with pytest.raises(
        ReleaseError, match="the crates depend on each other"
    ) as caught:
        package_crates(Context())
    assert (
        "version of shop-kit in the dev-dependencies of shop-core"
        in caught.value.fix
    )
    # the help works as typed
    manifest = root / "crates/shop-core/Cargo.toml"
    head, line, tables = manifest.read_text().partition("shop-kit")
    assert 'version = "0.1.0"' in tables
    tables = tables.replace(', version = "0.1.0"', "").replace(
        'version = "0.1.0", ', ""
    )
    manifest.write_text(head + line + tables)
    commit_all(root)
    package_crates(Context())
    assert len(projects.recorded_crates(root)) == 2


def test_a_project_without_crates_has_nothing_to_do(
    registries: LocalRegistries,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "plain").mkdir()
    git(tmp_path / "plain", "init", "--quiet", "--initial-branch=main")
    (tmp_path / "plain" / "README.md").write_text("nothing\n")
    commit_all(tmp_path / "plain")
    monkeypatch.chdir(tmp_path / "plain")
    package_crates(Context(), version="0.1.0")
    assert "no crates to publish" in capfd.readouterr().err


def test_equal_commits_give_equal_bytes_in_every_folder(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package_crates(Context())
    git(tmp_path, "clone", "--quiet", str(shop), "else/where")
    monkeypatch.chdir(tmp_path / "else" / "where")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    package_crates(Context())
    assert differences(shop / "dist" / "v0.1.0", Path("dist", "v0.1.0")) == {}
    with tarfile.open(
        shop / "dist" / "v0.1.0" / "shop-app-0.1.0.crate"
    ) as archive:
        assert "shop-app-0.1.0/.cargo_vcs_info.json" in archive.getnames()
