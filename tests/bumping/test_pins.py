"""Pins on a crate of another component: they follow it, or are kept by the settings."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from invoke.context import Context
from support.crate_and_wheel import CRATE, KEEP, LIB, PARTS
from support.repositories import commit_files, git

from release_tasks.errors import ReleaseError
from release_tasks.steps.bump import bump
from release_tasks.steps.tag import tag

pytestmark = [pytest.mark.tools("git", "cargo"), pytest.mark.quick]


@pytest.fixture
def enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def enter(files: dict[str, str]) -> Path:
        root = commit_files(tmp_path / "project", files)
        monkeypatch.chdir(root)
        return root

    return enter


def lines(root: Path, path: str, *words: str) -> list[str]:
    return [
        line
        for line in (root / path).read_text().splitlines()
        if any(word in line for word in words)
    ]


def changed(root: Path) -> list[str]:
    return [
        line[3:] for line in git(root, "status", "--porcelain").splitlines()
    ]


@pytest.mark.statement("B5.11", "B5.14", "B5.15")
def test_two_components_are_bumped_in_every_place_at_once(enter) -> None:
    root = enter(PARTS)
    bump(Context(), version="abacus-core=0.7.0,abacus-py=0.7.1")
    assert lines(root, "Cargo.toml", "version") == [
        'version = "0.7.0"',
        'rust-version = "1.70.0"',
    ]
    assert lines(root, "py/Cargo.toml", "version") == [
        'version = "0.7.1"',
        'abacus-core = { path = "..", version = "0.7.0", features = [] }',
    ]
    assert lines(root, "py/pyproject.toml", "version =") == [
        'version = "0.7.1"'
    ]
    assert "## [0.7.0]" in (root / "CHANGELOG.md").read_text()
    assert "## [0.7.1]" in (root / "py/CHANGELOG.md").read_text()
    subprocess.run(
        ["cargo", "metadata", "--locked", "--offline", "--format-version=1"],
        check=True,
        capture_output=True,
    )


@pytest.mark.statement("B5.17", "B5.19")
def test_two_components_are_one_commit_with_two_tags(enter) -> None:
    root = enter(PARTS)
    bump(Context(), version="abacus-core=0.7.0,abacus-py=0.7.1")
    tag(Context(), version="abacus-core=0.7.0,abacus-py=0.7.1")
    assert (
        git(root, "log", "-1", "--format=%s").strip()
        == "release: abacus-core v0.7.0 + abacus-py v0.7.1"
    )
    assert git(root, "tag", "--points-at", "HEAD").split() == [
        "py-v0.7.1",
        "v0.7.0",
    ]
    assert git(root, "show", "--name-only", "--format=").split() == [
        "CHANGELOG.md",
        "Cargo.lock",
        "Cargo.toml",
        "py/CHANGELOG.md",
        "py/Cargo.toml",
        "py/pyproject.toml",
    ]


@pytest.mark.statement("B5.13")
def test_pins_follow_a_component_that_is_bumped_alone(enter) -> None:
    root = enter(PARTS)
    bump(Context(), version="0.7.0", component="abacus-core")
    assert lines(root, "py/Cargo.toml", "version") == [
        'version = "0.6.12"',
        'abacus-core = { path = "..", version = "0.7.0", features = [] }',
    ]
    assert changed(root) == [
        "CHANGELOG.md",
        "Cargo.lock",
        "Cargo.toml",
        "py/Cargo.toml",
    ]


@pytest.mark.statement("B5.13")
def test_a_kept_pin_stays_while_it_admits_the_new_version(enter) -> None:
    root = enter(PARTS | {"release-tasks.toml": KEEP})
    bump(Context(), version="abacus-core=0.6.27,abacus-py=0.6.13")
    assert lines(root, "py/Cargo.toml", "version") == [
        'version = "0.6.13"',
        'abacus-core = { path = "..", version = "0.6.14", features = [] }',
    ]
    assert 'version = "0.6.27"' in (root / "Cargo.lock").read_text()


@pytest.mark.statement("B5.13")
def test_a_kept_pin_that_does_not_admit_the_new_version_is_refused_with_two_fixes(
    enter,
) -> None:
    root = enter(PARTS | {"release-tasks.toml": KEEP})
    with pytest.raises(ReleaseError) as caught:
        bump(Context(), version="0.7.0", component="abacus-core")
    assert caught.value.problem == (
        "py/Cargo.toml: abacus-core in [dependencies] is kept at 0.6.14, which 0.7.0 "
        "does not satisfy"
    )
    assert caught.value.fix == (
        'pins = { abacus-core = "follow" } in [components.abacus-py], or commit a '
        "requirement that admits 0.6.26 and 0.7.0"
    )
    assert changed(root) == []
    (root / "py/Cargo.toml").write_text(
        (root / "py/Cargo.toml")
        .read_text()
        .replace('"0.6.14"', '">=0.6.14, <0.8"')
    )
    git(root, "commit", "--quiet", "--all", "--message=Admit both")
    bump(Context(), version="0.7.0", component="abacus-core")
    assert lines(root, "py/Cargo.toml", "abacus-core") == [
        'abacus-core = { path = "..", version = ">=0.6.14, <0.8", features = [] }'
    ]


def test_a_component_that_is_bumped_alone_changes_no_other(enter) -> None:
    root = enter(PARTS)
    bump(Context(), version="0.6.13", component="abacus-py")
    assert changed(root) == [
        "Cargo.lock",
        "py/CHANGELOG.md",
        "py/Cargo.toml",
        "py/pyproject.toml",
    ]
    assert lines(root, "py/Cargo.toml", "abacus-core") == [
        'abacus-core = { path = "..", version = "0.6.14", features = [] }'
    ]


def test_a_pin_policy_for_an_unknown_component_is_an_error(enter) -> None:
    enter(
        PARTS
        | {"release-tasks.toml": KEEP.replace("{ abacus-core", "{ abacus-cor")}
    )
    with pytest.raises(
        ReleaseError,
        match=r"\[components.abacus-py\] pins: there is no component abacus-cor",
    ):
        bump(Context(), version="0.7.0", component="abacus-core")


def test_a_wheel_and_a_crate_may_have_the_same_name(enter) -> None:
    """A bump of the Python package `abacus-core` leaves the crate of that name and its pins."""
    settings = (
        PARTS["release-tasks.toml"]
        .replace("components.abacus-py", "components.python")
        .replace('["rehearsed-abacus"]', '["abacus-core"]')
    )
    pyproject = PARTS["py/pyproject.toml"].replace(
        "rehearsed-abacus", "abacus-core"
    )
    root = enter(
        PARTS | {"py/pyproject.toml": pyproject, "release-tasks.toml": settings}
    )
    bump(Context(), version="python=0.8.0")
    assert "Cargo.toml" not in changed(root)
    assert lines(root, "py/pyproject.toml", "version =") == [
        'version = "0.8.0"'
    ]
    assert lines(root, "py/Cargo.toml", "version") == [
        'version = "0.8.0"',
        'abacus-core = { path = "..", version = "0.6.14", features = [] }',
    ]


def inheriting(*own: str) -> dict[str, str]:
    """Return three crates in a row, of which all but `own` inherit the workspace's version."""
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["one", "two", "three"]\nresolver = "2"\n'
        '[workspace.package]\nversion = "0.2.65"\n'
        '[workspace.dependencies]\none = { version = "0.2.65", path = "one" }\n',
        "release-tasks.toml": '[components."{crate}"]\ntag = "{crate}-v{version}"\n',
        "tasks.py": PARTS["tasks.py"],
    }
    for name in ("one", "two", "three"):
        text = CRATE.format(
            name,
            "0.2.65",
            ""
            if name == "one"
            else "[dependencies]\none = { workspace = true }\n",
        )
        text = (
            text
            if name in own
            else text.replace('version = "0.2.65"', "version.workspace = true")
        )
        files |= {f"{name}/Cargo.toml": text, f"{name}/src/lib.rs": LIB}
    return files


@pytest.mark.statement("B2.5")
def test_a_crate_that_inherits_its_version_is_not_bumped_alone(enter) -> None:
    root = enter(inheriting())
    with pytest.raises(ReleaseError) as caught:
        bump(Context(), version="two=0.3.0")
    assert (
        caught.value.problem
        == "two inherits the workspace's version, so two cannot be bumped alone"
    )
    assert caught.value.fix == (
        'write version = "0.2.65" for version.workspace = true in two/Cargo.toml, or '
        "--version one=0.3.0,three=0.3.0,two=0.3.0"
    )
    assert changed(root) == []


@pytest.mark.statement("B2.5")
def test_both_fixes_for_an_inherited_version_work(enter) -> None:
    root = enter(inheriting("two"))
    bump(Context(), version="two=0.3.0")
    assert lines(root, "two/Cargo.toml", "version") == ['version = "0.3.0"']
    assert changed(root) == ["two/Cargo.toml"]
    bump(Context(), version="two=0.3.0")
    git(root, "commit", "--quiet", "--all", "--message=Bump two")
    bump(Context(), version="one=0.3.0,three=0.3.0,two=0.4.0")
    assert lines(root, "Cargo.toml", "0.") == [
        'version = "0.3.0"',
        'one = { version = "0.3.0", path = "one" }',
    ]
    assert lines(root, "two/Cargo.toml", "version") == ['version = "0.4.0"']


def test_an_inheriting_crate_of_no_component_is_bumped_too(enter) -> None:
    settings = (
        '[components.all]\ncrates = ["one", "two"]\n[components.other]\n'
        'tag = "o-v{version}"\ncrates = ["other"]\n'
    )
    files = inheriting() | {
        "other/Cargo.toml": CRATE.format("other", "0.9.0", ""),
        "other/src/lib.rs": LIB,
        "release-tasks.toml": settings,
    }
    files["Cargo.toml"] = files["Cargo.toml"].replace(
        '"three"]', '"three", "other"]'
    )
    files["three/Cargo.toml"] += (
        "two = { path = '../two', version = '0.2.65' }\n"
    )
    files["three/Cargo.toml"] = files["three/Cargo.toml"].replace(
        "edition", "publish = false\nedition"
    )
    root = enter(files)
    bump(Context(), version="all=0.3.0")
    assert changed(root) == ["Cargo.toml", "three/Cargo.toml"]
    assert lines(root, "three/Cargo.toml", "0.") == [
        "two = { path = '../two', version = '0.3.0' }"
    ]


def test_a_requirement_in_a_pyproject_is_a_text_of_the_settings(enter) -> None:
    pyproject = PARTS["py/pyproject.toml"].replace(
        "[tool.maturin]", 'dependencies = ["abacus==0.6.26"]\n[tool.maturin]'
    )
    settings = (
        PARTS["release-tasks.toml"]
        + "[files]\n\"py/pyproject.toml\" = 'abacus=={abacus-core}'\n"
    )
    root = enter(
        PARTS | {"py/pyproject.toml": pyproject, "release-tasks.toml": settings}
    )
    bump(Context(), version="0.7.0", component="abacus-core")
    assert lines(root, "py/pyproject.toml", "0.") == [
        'version = "0.6.12"',
        'dependencies = ["abacus==0.7.0"]',
    ]


@pytest.mark.statement("B2.4")
def test_a_crate_with_a_literal_version_is_bumped_in_its_own_manifest_alone(
    enter,
) -> None:
    root = enter(inheriting("one", "two", "three"))
    bump(Context(), version="three=0.3.0")
    assert changed(root) == ["three/Cargo.toml"]


def test_an_inherited_pin_cannot_be_kept(enter) -> None:
    settings = (
        '[components.two]\ntag = "two-v{version}"\ncrates = ["two"]\n'
        'pins = { one = "keep" }\n[components.one]\ncrates = ["one"]\n'
    )
    enter(inheriting("one", "two", "three") | {"release-tasks.toml": settings})
    with pytest.raises(
        ReleaseError,
        match=(
            r"two/Cargo.toml: one in \[dependencies\] inherits its requirement, so it cannot "
            r"be kept"
        ),
    ):
        bump(Context(), version="one=0.3.0")


def test_an_old_copy_of_a_member_as_test_data_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = '[package]\nname = "tine"\nversion = "{}"\nedition = "2021"\n'
    files = {
        "Cargo.toml": manifest.format("0.3.0"),
        "src/lib.rs": "",
        "tests/syntax/Cargo.toml": manifest.format("0.1.4"),
        "release-tasks.toml": "",
    }
    root = commit_files(tmp_path / "tine", files)
    monkeypatch.chdir(root)
    bump(Context(), version="0.4.0")
    assert 'version = "0.4.0"' in (root / "Cargo.toml").read_text()
    copy = (root / "tests/syntax/Cargo.toml").read_text()
    assert copy == manifest.format("0.1.4")


def test_a_version_source_that_is_a_link_is_the_file_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = (
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "tiny"\ndynamic = ["version"]\n'
        '[tool.hatch.version]\npath = "version.toml"\n'
        "pattern = 'version = \"(?P<version>.+)\"'\n"
    )
    cargo = '[package]\nname = "core"\nversion = "0.1.5"\nedition = "2021"\n'
    files = {
        "py/pyproject.toml": manifest,
        "Cargo.toml": cargo,
        "src/lib.rs": "",
    }
    root = commit_files(tmp_path / "tiny", files)
    (root / "py/version.toml").symlink_to("../Cargo.toml")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=Link")
    monkeypatch.chdir(root)
    bump(Context(), version="0.2.0")
    assert (root / "py/version.toml").is_symlink()
    assert (root / "Cargo.toml").read_text() == cargo.replace("0.1.5", "0.2.0")
