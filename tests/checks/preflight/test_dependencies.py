"""Dependencies that prevent a crate from being published or built are found, and the fix works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import crate_projects as projects
from support.crate_projects import edit
from support.local_registries import local_registries
from support.repositories import git

from release_tasks.checks.preflight import crates, dependencies

pytestmark = pytest.mark.tools("cargo")
ITOA = (
    '[[package]]\nname = "itoa"\nversion = "1.0.0"\n'
    'source = "registry+https://github.com/rust-lang/crates.io-index"\n'
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with local_registries(tmp_path, monkeypatch):
        made = projects.chain(tmp_path / "shop")
        monkeypatch.chdir(made)
        yield made


def reported(root: Path) -> list[tuple[str, str, str]]:
    return projects.findings(root, crates, dependencies)


def update_lock(root: Path) -> None:
    projects.cargo(root, "update", "--workspace", "--quiet")


def add(root: Path, crate: str, text: str) -> None:
    with (root / "crates" / crate / "Cargo.toml").open("a") as manifest:
        manifest.write(text)


def test_a_dependency_that_only_its_path_names_is_found(root: Path) -> None:
    edit(root, "shop-app", ', version = "0.1.0"', "")
    [(name, fact, fix)] = reported(root)
    assert (name, fact) == (
        "dependency-without-version",
        "crates/shop-app/Cargo.toml depends on shop-middle by a path only, which crates.io refuses",
    )
    assert (
        fix
        == 'add version = "0.1.0" to shop-middle in crates/shop-app/Cargo.toml or in the workspace'
    )
    edit(
        root,
        "shop-app",
        'path = "../shop-middle"',
        'path = "../shop-middle", version = "0.1.0"',
    )
    assert reported(root) == []


CORP = '[registries.corp]\nindex = "sparse+https://corp.example/index/"\n'
AT_CORP = '{ path = "../shop-zero", version = "0.1.0", registry = "corp" }'


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        (f"[dependencies]\nshop-zero = {AT_CORP}\n", True),
        (f"[dev-dependencies]\nshop-zero = {AT_CORP}\n", True),
        (
            f"[target.'cfg(unix)'.build-dependencies]\nshop-zero = {AT_CORP}\n",
            True,
        ),
        ('[dev-dependencies]\nshop-zero = { path = "../shop-zero" }\n', False),
    ],
)
def test_a_dependency_of_another_registry_is_found(
    root: Path, line: str, is_found: bool
) -> None:
    (root / ".cargo").mkdir()
    (root / ".cargo" / "config.toml").write_text(CORP)
    add(root, "shop-middle", line)
    update_lock(root)
    found = reported(root)
    if not is_found:
        assert found == []
        return
    [(name, fact, _)] = found
    assert name == "dependency-of-another-registry"
    assert fact.startswith(
        "crates/shop-middle/Cargo.toml needs shop-zero of the registry sparse+https://corp.example"
    )


@pytest.mark.parametrize(
    ("dependency", "is_found"),
    [
        ('{ path = "." }', False),
        ('{ path = ".", version = "0.1.0" }', True),
        ('{ path = ".", version = ">=0.0.9" }', True),
    ],
)
def test_a_crate_that_tests_with_a_version_of_itself_that_is_not_public_is_found(
    root: Path, dependency: str, is_found: bool
) -> None:
    add(root, "shop-zero", f"[dev-dependencies]\nshop-zero = {dependency}\n")
    update_lock(root)
    found = [(name, fix) for name, _, fix in reported(root)]
    if not is_found:
        assert found == []
        return
    fix = (
        "remove the version of shop-zero from the dev-dependencies of "
        "crates/shop-zero/Cargo.toml; cargo then leaves it out of the upload"
    )
    assert found == [("unknown-dependency", fix)]


def test_a_dependency_of_which_all_fitting_versions_are_yanked_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with local_registries(tmp_path, monkeypatch):
        other = tmp_path / "other"
        projects.write_crate(other, "acme-dep")
        projects.cargo(other, "publish", "--no-verify", "--quiet")
        root = projects.chain(tmp_path / "shop")
        monkeypatch.chdir(root)
        add(root, "shop-zero", '[dependencies]\nacme-dep = "=0.1.0"\n')
        projects.cargo(root, "update", "--workspace", "--quiet")
        assert reported(root) == []
        projects.cargo(other, "yank", "--quiet", "acme-dep@0.1.0")
        [(name, fact, _)] = reported(root)
        assert name == "yanked-dependency"
        assert fact.startswith(
            "crates/shop-zero/Cargo.toml needs acme-dep =0.1.0"
        )


def test_crates_that_test_with_a_published_version_are_no_cycle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with local_registries(tmp_path, monkeypatch):
        old = tmp_path / "old"
        projects.write_crate(old, "shop-any")
        projects.cargo(old, "publish", "--no-verify", "--quiet")
        user = '{ path = "../shop-any", version = "0.1" }'
        needs = {
            "shop-core": f"[dev-dependencies]\nshop-any = {user}",
            "shop-any": "[dependencies]\n{shop-core}",
        }
        root = projects.workspace(tmp_path / "shop", needs)
        monkeypatch.chdir(root)
        assert projects.findings(root, dependencies, version="0.1.1") == []
        [(name, *_)] = projects.findings(root, dependencies, version="0.2.0")
        assert name == "dependency-cycle"


def test_a_requirement_of_any_version_is_found(root: Path) -> None:
    add(root, "shop-zero", '[dependencies]\nitoa = "*"\n')
    [(name, fact, _)] = reported(root)
    assert (name, fact) == (
        "wildcard-requirement",
        "crates/shop-zero/Cargo.toml takes any version of itoa, which crates.io refuses",
    )
    edit(root, "shop-zero", 'itoa = "*"', 'itoa = "1.0.0"')
    edit(
        root,
        "Cargo.lock",
        '[[package]]\nname = "shop-app"',
        f'{ITOA}\n[[package]]\nname = "shop-app"',
    )
    assert reported(root) == []


def test_a_crate_that_needs_one_that_is_never_published_is_found(
    root: Path,
) -> None:
    edit(
        root,
        "shop-zero",
        'license = "MIT"\n',
        'license = "MIT"\npublish = false\n',
    )
    [(name, fact, fix)] = reported(root)
    assert (name, fact) == (
        "dependency-not-published",
        "shop-middle needs shop-zero, which is not published",
    )
    assert (
        fix
        == "publish shop-zero too, or set publish = false in crates/shop-middle/Cargo.toml"
    )
    edit(root, "shop-zero", "publish = false\n", "")
    assert reported(root) == []


def test_crates_that_test_with_each_other_are_found(root: Path) -> None:
    add(
        root,
        "shop-zero",
        '[dev-dependencies]\nshop-app = { path = "../shop-app", version = "0.1.0" }\n',
    )
    update_lock(root)
    [(name, fact, fix)] = reported(root)
    assert name == "dependency-cycle"
    assert sorted(
        set(
            fact.removeprefix("the crates depend on each other: ").split(
                " needs "
            )
        )
    ) == sorted(projects.CHAIN)
    assert (
        fix
        == "remove the version of shop-app in the dev-dependencies of shop-zero;"
        " cargo then leaves that dependency out of the package"
    )
    edit(root, "shop-zero", 'shop-app", version = "0.1.0"', 'shop-app"')
    assert reported(root) == []


def test_crates_that_need_each_other_are_found(root: Path) -> None:
    add(
        root,
        "shop-zero",
        '[dependencies]\nshop-app = { path = "../shop-app", version = "0.1.0" }\n',
    )
    [(name, _, fix)] = [one for one in reported(root) if one[0] != "stale-lock"]
    assert (name, fix) == (
        "dependency-cycle",
        "move what they share into a crate that both need",
    )


def test_a_dependency_that_exists_nowhere_is_found(root: Path) -> None:
    add(root, "shop-zero", '[dependencies]\nno-such-crate = "1.2"\n')
    [(name, fact, fix)] = reported(root)
    assert (name, fact) == (
        "unknown-dependency",
        "crates/shop-zero/Cargo.toml needs no-such-crate ^1.2, but crates.io has no such crate",
    )
    assert (
        fix
        == "correct the name or the version of no-such-crate in crates/shop-zero/Cargo.toml"
    )
    edit(root, "shop-zero", 'no-such-crate = "1.2"\n', "")
    assert reported(root) == []


def test_a_test_that_needs_a_version_of_a_crate_that_is_never_published_is_found(
    root: Path,
) -> None:
    projects.write_crate(root / "crates/shop-bench", "shop-bench", "")
    edit(
        root,
        "shop-bench",
        'license = "MIT"\n',
        'license = "MIT"\npublish = false\n',
    )
    add(
        root,
        "shop-zero",
        '[dev-dependencies]\nshop-bench = { path = "../shop-bench", version = "0.1.0" }\n',
    )
    update_lock(root)
    [(name, fact, fix)] = reported(root)
    assert (name, fact) == (
        "unknown-dependency",
        "crates/shop-zero/Cargo.toml needs shop-bench ^0.1.0, but crates.io has no such crate",
    )
    assert fix == (
        "remove the version of shop-bench from the dev-dependencies of "
        "crates/shop-zero/Cargo.toml; cargo then leaves it out of the upload"
    )
    edit(root, "shop-zero", 'shop-bench", version = "0.1.0"', 'shop-bench"')
    assert reported(root) == []


def test_a_crate_of_another_component_must_be_public_in_a_version_that_fits(
    root: Path,
) -> None:
    edit(root, "shop-zero", 'version = "0.1.0"', 'version = "0.3.0"')
    edit(root, "shop-middle", 'version = "0.1.0" }', 'version = "0.3.0" }')
    (root / "release-tasks.toml").write_text(
        '[components.zero]\ntag = "zero-v{version}"\ncrates = ["shop-zero"]\n'
        '[components.app]\ncrates = ["shop-middle", "shop-app"]\n'
    )
    update_lock(root)
    fact = "crates/shop-middle/Cargo.toml needs shop-zero ^0.3.0, but crates.io has no such crate"
    fix = (
        "release shop-zero first, or require another version of it in "
        "crates/shop-middle/Cargo.toml"
    )
    assert projects.findings(root, dependencies, version="app=0.1.0") == [
        ("unknown-dependency", fact, fix)
    ]
    assert (
        projects.findings(root, dependencies, version="app=0.1.0,zero=0.3.0")
        == []
    )
    projects.cargo(root, "publish", "--package", "shop-zero")
    assert projects.findings(root, dependencies, version="app=0.1.0") == []


def test_a_program_without_a_lock_in_git_is_found(root: Path) -> None:
    (root / "crates/shop-app/src/main.rs").write_text("fn main() {}\n")
    assert reported(root) == []
    git(root, "rm", "--quiet", "--cached", "Cargo.lock")
    (root / ".gitignore").write_text("/target\nCargo.lock\n")
    [(name, fact, fix)] = reported(root)
    assert (name, fact) == (
        "untracked-lock",
        "Cargo.lock is not in git, so each build of shop-app may use other dependencies",
    )
    assert fix.startswith("git add --force Cargo.lock ")
    git(root, "add", "--force", "Cargo.lock")
    assert reported(root) == []


def test_a_lock_that_does_not_fit_the_manifests_is_found(root: Path) -> None:
    edit(
        root,
        "Cargo.lock",
        'name = "shop-app"\nversion = "0.1.0"',
        'name = "shop-app"\nversion = "0.0.9"',
    )
    assert reported(root) == [
        (
            "stale-lock",
            "Cargo.lock does not match the manifests, and cargo refuses --locked with it",
            "cargo update --workspace, and commit Cargo.lock",
        )
    ]
    update_lock(root)
    assert reported(root) == []


def test_a_crate_that_promises_an_older_rust_than_it_needs_is_found(
    root: Path,
) -> None:
    edit(
        root,
        "shop-app",
        'license = "MIT"\n',
        'license = "MIT"\nrust-version = "1.60"\n',
    )
    assert reported(root) == []
    edit(
        root,
        "shop-zero",
        'license = "MIT"\n',
        'license = "MIT"\nrust-version = "1.70.1"\n',
    )
    [(name, fact, fix)] = reported(root)
    assert (name, fact) == (
        "rust-version-too-low",
        "shop-app promises Rust 1.60, but shop-zero 0.1.0 needs 1.70.1",
    )
    assert fix == (
        'set rust-version = "1.70.1" in crates/shop-app/Cargo.toml or in the workspace, '
        "or lock an earlier shop-zero"
    )
    edit(root, "shop-app", '"1.60"', '"1.70.1"')
    assert reported(root) == []
