"""Components: which thing belongs to which, and what its tags are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.python_projects import MATURIN
from support.repositories import commit_files
from support.sample_projects import inv
from support.tiny_project import TINY, TWO

from release_tasks.errors import ReleaseError
from release_tasks.project.discovery import discover
from release_tasks.project.model import Project, resolved_or_raise
from release_tasks.project.settings import FILE
from release_tasks.project.tags import manifest_version


def project(root: Path, files: dict[str, str]) -> Project:
    return discover(commit_files(root / "project", files))


def reported(root: Path, settings: str, files: dict[str, str] = TWO) -> str:
    with pytest.raises(ReleaseError) as error:
        project(root, files | {"release-tasks.toml": settings})
    assert error.value.fix
    return error.value.problem


def test_without_settings_there_is_one_component_for_everything(
    tmp_path: Path,
) -> None:
    [one] = project(tmp_path, TINY).components
    assert (one.name, one.tag, one.version, one.latest, one.changelog) == (
        "project",
        "v{version}",
        "0.1.0",
        True,
        "CHANGELOG.md",
    )


def test_each_component_has_a_version_and_a_tag_of_its_own(
    tmp_path: Path,
) -> None:
    core, other = project(tmp_path, TWO).components
    assert [
        (c.name, c.version, c.latest, [p.name for p in c.python])
        for c in (core, other)
    ] == [
        ("core", "0.1.0", True, ["tiny-plain"]),
        ("other", "0.4.0", False, ["tiny-other"]),
    ]


def test_a_thing_that_two_components_ship_is_an_error(tmp_path: Path) -> None:
    said = reported(
        tmp_path,
        (
            '[components.a]\npython = ["tiny-plain"]\n[components.b]\ntag = "b{version}"\n'
            'python = ["tiny-plain"]\n'
        ),
    )
    assert said == "release-tasks.toml: both a and b ship tiny-plain"


def test_two_components_with_one_tag_are_an_error(tmp_path: Path) -> None:
    said = reported(
        tmp_path,
        '[components.a]\npython = ["tiny-plain"]\n[components.b]\npython = ["tiny-other"]\n',
    )
    assert said == "release-tasks.toml: v1.0.0 would be a tag of both b and a"


def test_a_thing_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    said = reported(
        tmp_path, '[components.a]\ncharts = ["ghcr.io/o/charts/c"]\n'
    )
    assert (
        said
        == "release-tasks.toml:2: [components.a] charts: ghcr.io/o/charts/c is not shipped here"
    )


def test_a_changelog_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    said = reported(
        tmp_path,
        '[components.a]\npython = ["tiny-plain"]\nchangelog = "NEWS.md"\n',
    )
    assert (
        said
        == "release-tasks.toml:3: [components.a] changelog: NEWS.md is not in the repository"
    )


@pytest.mark.tools("cargo")
def test_crates_of_different_versions_are_a_question_that_one_line_answers(
    tmp_path: Path,
) -> None:
    crates = {
        f"{name}/{file}": text
        for name, version in (("one", "0.1.0"), ("two", "0.2.0"))
        for file, text in (
            (
                "Cargo.toml",
                f'[package]\nname = "{name}"\nversion = "{version}"\n',
            ),
            ("src/lib.rs", ""),
        )
    } | {
        "Cargo.toml": '[workspace]\nmembers = ["one", "two"]\nresolver = "2"\n'
    }
    with pytest.raises(
        ReleaseError, match=r"have different versions: 0\.1\.0, 0\.2\.0"
    ) as error:
        project(tmp_path / "a", crates)
    lines = error.value.fix.split(":\n", 1)[1]
    answered = project(tmp_path / "b", crates | {"release-tasks.toml": lines})
    assert [(c.name, c.version, c.tag) for c in answered.components] == [
        ("one", "0.1.0", "v{version}"),
        ("two", "0.2.0", "two-v{version}"),
    ]
    every = project(
        tmp_path / "c",
        crates
        | {
            "release-tasks.toml": '[components."{crate}"]\ntag = "{crate}-v{version}"\n'
        },
    )
    assert [(c.name, c.version, c.tag) for c in every.components] == [
        ("one", "0.1.0", "one-v{version}"),
        ("two", "0.2.0", "two-v{version}"),
    ]


def crate(name: str, version: str, more: str = "") -> dict[str, str]:
    return {
        f"{name}/Cargo.toml": f'[package]\nname = "{name}"\nversion = "{version}"\n{more}',
        f"{name}/src/lib.rs": "",
    }


def workspace(*names: str) -> dict[str, str]:
    return {
        "Cargo.toml": f"[workspace]\nmembers = {list(names)}\nresolver = '2'\n"
    }


def wheel(name: str, version: str) -> dict[str, str]:
    return {
        f"{name}/pyproject.toml": TINY["pyproject.toml"]
        .replace("tiny-plain", name)
        .replace("0.1.0", version)
    }


def proposed(root: Path, files: dict[str, str]) -> tuple[str, Project]:
    """Return the question that the files raise, and the project once its lines are pasted."""
    with pytest.raises(ReleaseError) as error:
        project(root / "asked", files)
    lines = error.value.fix.split(f"add components to {FILE}:\n", 1)[1]
    return error.value.problem, project(
        root / "answered", files | {FILE: lines}
    )


@pytest.mark.statement("B5.1")
@pytest.mark.tools("cargo")
def test_a_crate_and_a_wheel_of_different_versions_are_a_question_whose_lines_work(
    tmp_path: Path,
) -> None:
    said, answered = proposed(
        tmp_path,
        {
            **workspace("one"),
            **crate("one", "0.6.26"),
            **wheel("one-py", "0.6.12"),
        },
    )
    assert (
        said
        == "the crates and Python packages have different versions: 0.6.12, 0.6.26"
    )
    assert [
        (c.name, c.version, c.tag, c.latest) for c in answered.components
    ] == [
        ("one", "0.6.26", "v{version}", True),
        ("one-py", "0.6.12", "py-v{version}", False),
    ]


@pytest.mark.tools("cargo")
def test_crates_of_one_version_stay_together_in_the_lines(
    tmp_path: Path,
) -> None:
    crates = {
        **crate("one", "0.3.0"),
        **crate("two", "0.3.0"),
        **crate("bench", "0.1.0"),
    }
    files = {
        **workspace("one", "two", "bench"),
        **crates,
        **wheel("one", "0.3.0"),
        "Dockerfile": "FROM scratch\n",
    }
    said, answered = proposed(tmp_path, files)
    assert (
        said
        == "the crates and Python packages have different versions: 0.1.0, 0.3.0"
    )
    assert [
        (c.name, c.version, c.tag, [x.name for x in (*c.crates, *c.python)])
        for c in answered.components
    ] == [
        ("project", "0.3.0", "v{version}", ["one", "two", "one"]),
        ("bench", "0.1.0", "bench-v{version}", ["bench"]),
    ]
    assert (
        "leave some out with [crates] ignore"
        in refused(tmp_path / "again", files).fix
    )
    ignored = project(
        tmp_path / "ignored", files | {FILE: '[crates]\nignore = ["bench"]\n'}
    )
    assert [(c.version, c.tag) for c in ignored.components] == [
        ("0.3.0", "v{version}")
    ]


def refused(root: Path, files: dict[str, str]) -> ReleaseError:
    with pytest.raises(ReleaseError) as error:
        project(root, files)
    return error.value


def test_two_owners_of_latest_are_an_error(tmp_path: Path) -> None:
    said = reported(tmp_path, TWO[FILE] + "latest = true\n")
    assert said == "release-tasks.toml: core and other both have latest = true"


def test_a_component_that_is_the_only_one_owns_latest(tmp_path: Path) -> None:
    [one] = project(
        tmp_path, TWO | {FILE: '[components.core]\npython = ["tiny-plain"]\n'}
    ).components
    assert one.latest


@pytest.mark.tools("cargo")
def test_a_program_goes_with_the_component_of_its_crate(tmp_path: Path) -> None:
    files = {
        **workspace("one", "two"),
        **crate("one", "0.1.0"),
        **crate(
            "two", "0.2.0", '[[bin]]\nname = "tool"\npath = "src/lib.rs"\n'
        ),
    }
    settings = (
        '[components."{crate}"]\ntag = "{crate}-v{version}"\n[binaries.tool]\n'
        'x86_64-unknown-linux-gnu = "tool"\n'
    )
    one, two = project(tmp_path, files | {FILE: settings}).components
    assert (
        one.binaries,
        [b.name for b in resolved_or_raise(two.binaries)],
    ) == (
        (),
        ["tool"],
    )


@pytest.mark.statement("B5.10")
def test_a_component_has_the_changelog_of_its_own_folder_if_there_is_one(
    tmp_path: Path,
) -> None:
    core, other = project(
        tmp_path, TWO | {"other/CHANGELOG.md": "# Changelog\n"}
    ).components
    assert (core.changelog, other.changelog) == (
        "CHANGELOG.md",
        "other/CHANGELOG.md",
    )


def test_the_changelog_at_the_root_is_that_of_the_component_that_owns_latest(
    tmp_path: Path,
) -> None:
    settings = (
        '[components.a]\ntag = "a{version}"\npython = ["tiny-other"]\n[components.b]\n'
        'tag = "b{version}"\npython = ["tiny-third"]\nlatest = true\n'
    )
    files = TWO | {
        "third/pyproject.toml": TWO["other/pyproject.toml"].replace(
            "tiny-other", "tiny-third"
        ),
        FILE: settings,
    }
    assert [one.changelog for one in project(tmp_path, files).components] == [
        None,
        "CHANGELOG.md",
    ]


def test_what_is_in_no_component_is_listed(tmp_path: Path) -> None:
    settings = '[components.core]\npython = ["tiny-plain"]\n[images."ghcr.io/o/core"]\n'
    found = project(
        tmp_path, TWO | {"Dockerfile": "FROM scratch\n", FILE: settings}
    )
    assert found.left_out == (
        "tiny-other (python: the settings do not name other/pyproject.toml)",
        "ghcr.io/o/core (images)",
    )
    done = inv(found.root, "settings")
    assert "\nnot released: tiny-other (python: " in done.stdout


def test_two_components_with_one_changelog_are_an_error(tmp_path: Path) -> None:
    said = reported(tmp_path, TWO[FILE] + 'changelog = "CHANGELOG.md"\n')
    assert said == "release-tasks.toml: both core and other use CHANGELOG.md"


@pytest.mark.tools("cargo")
def test_a_wheel_whose_version_is_dynamic_has_that_of_its_crate(
    tmp_path: Path,
) -> None:
    files = {
        **workspace("one", "py"),
        **crate("one", "0.5.0"),
        **crate("py", "0.4.0", '[lib]\npath = "src/lib.rs"\n'),
    }
    files["py/pyproject.toml"] = MATURIN["pyproject.toml"].replace(
        "tiny-tool", "one-py"
    )
    settings = (
        '[components.core]\ncrates = ["one"]\n[components.py]\ntag = "py-v{version}"\n'
        'python = ["one-py"]\n'
    )
    assert [
        c.version
        for c in project(tmp_path, files | {FILE: settings}).components
    ] == [
        "0.5.0",
        "0.4.0",
    ]


@pytest.mark.tools("cargo")
def test_a_bump_that_was_interrupted_is_no_question(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        {
            **workspace("one", "two"),
            **crate("one", "0.1.0"),
            **crate("two", "0.1.0"),
        },
    ).root
    manifest = root / "one/Cargo.toml"
    manifest.write_text(manifest.read_text().replace("0.1.0", "0.2.0"))
    again = discover(root)
    assert [(c.name, c.version) for c in again.crates] == [
        ("one", "0.1.0"),
        ("two", "0.1.0"),
    ]
    assert [c.version for c in again.components] == ["0.1.0"]


@pytest.mark.parametrize(
    "present", ["0.2.0.dev0", "0.1.0.post1", "0.1.0.1", "1!0.1"]
)
def test_a_version_that_only_python_has_is_known_as_it_is(
    tmp_path: Path, present: str
) -> None:
    pyproject = TINY["pyproject.toml"].replace("0.1.0", present)
    [one] = project(tmp_path, TINY | {"pyproject.toml": pyproject}).components
    assert one.version == present
    with pytest.raises(ReleaseError) as error:
        manifest_version(tmp_path / "project", one)
    assert error.value.problem.startswith(f"pyproject.toml: {present} has")
    assert error.value.fix.startswith("inv bump --version ")
