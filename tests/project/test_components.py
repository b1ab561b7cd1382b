"""Components: which thing belongs to which, and what its tags are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from place import TINY, TWO
from python_projects import write

from release_tasks.errors import ReleaseError
from release_tasks.project.components import tag_name, version_in
from release_tasks.project.discovery import discover
from release_tasks.project.model import Component, Project


def project(root: Path, files: dict[str, str]) -> Project:
    return discover(write(root / "project", files))


def told(root: Path, settings: str, files: dict[str, str] = TWO) -> str:
    with pytest.raises(ReleaseError) as error:
        project(root, files | {"release-tasks.toml": settings})
    assert error.value.fix
    return error.value.problem


def test_without_settings_there_is_one_component_for_everything(tmp_path: Path) -> None:
    [one] = project(tmp_path, TINY).components
    assert (one.name, one.tag, one.version, one.latest, one.changelog) == ("project", "v{version}", "0.1.0", True, "CHANGELOG.md")


def test_each_component_has_a_version_and_a_tag_of_its_own(tmp_path: Path) -> None:
    core, other = project(tmp_path, TWO).components
    assert [(c.name, c.version, c.latest, [p.name for p in c.python]) for c in (core, other)] == [
        ("core", "0.1.0", True, ["tiny-plain"]), ("other", "0.4.0", False, ["tiny-other"]),
    ]


def test_a_thing_that_two_components_ship_is_an_error(tmp_path: Path) -> None:
    said = told(tmp_path, '[components.a]\npython = ["tiny-plain"]\n[components.b]\ntag = "b{version}"\npython = ["tiny-plain"]\n')
    assert said == "release-tasks.toml: a and b both ship tiny-plain"


def test_two_components_with_one_tag_are_an_error(tmp_path: Path) -> None:
    said = told(tmp_path, '[components.a]\npython = ["tiny-plain"]\n[components.b]\npython = ["tiny-other"]\n')
    assert said == "release-tasks.toml: a and b both have the tag v{version}"


def test_a_thing_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    said = told(tmp_path, '[components.a]\ncharts = ["ghcr.io/o/charts/c"]\n')
    assert said == "release-tasks.toml: [components.a] charts: ghcr.io/o/charts/c is not shipped here"


def test_a_changelog_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    said = told(tmp_path, '[components.a]\npython = ["tiny-plain"]\nchangelog = "NEWS.md"\n')
    assert said == "release-tasks.toml: [components.a] changelog: NEWS.md is not in the repository"


@pytest.mark.tools("cargo")
def test_crates_of_different_versions_are_a_question_that_one_line_answers(tmp_path: Path) -> None:
    crates = {
        f"{name}/{file}": text for name, version in (("one", "0.1.0"), ("two", "0.2.0"))
        for file, text in (("Cargo.toml", f'[package]\nname = "{name}"\nversion = "{version}"\n'), ("src/lib.rs", ""))
    } | {"Cargo.toml": '[workspace]\nmembers = ["one", "two"]\nresolver = "2"\n'}
    with pytest.raises(ReleaseError, match=r"have different versions: 0\.1\.0, 0\.2\.0") as error:
        project(tmp_path / "a", crates)
    lines = error.value.fix.split(":\n", 1)[1]
    answered = project(tmp_path / "b", crates | {"release-tasks.toml": lines})
    assert [(c.name, c.version, c.tag) for c in answered.components] == [
        ("one", "0.1.0", "one-v{version}"), ("two", "0.2.0", "two-v{version}"),
    ]
    every = project(tmp_path / "c", crates | {"release-tasks.toml": '[components."{crate}"]\ntag = "{crate}-v{version}"\n'})
    assert [(c.name, c.version, c.tag) for c in every.components] == [(c.name, c.version, c.tag) for c in answered.components]


@pytest.mark.parametrize(("form", "tag", "version"), [
    ("v{version}", "v1.2.3", "1.2.3"), ("v{version}", "v1.2.3-rc.1", "1.2.3-rc.1"), ("v{version}", "v1.2", None),
    ("v{version}", "core-v1.2.3", None), ("core/v{version}", "core/v1.2.3", "1.2.3"), ("{version}", "v1.2.3", None),
    ("v{version}-lts", "v1.2.3-lts", "1.2.3"), ("a.b{version}", "axb1.2.3", None),
])
def test_a_tag_has_the_version_of_exactly_its_own_component(form: str, tag: str, version: str | None) -> None:
    component = Component("x", form, None)
    assert version_in(component, tag) == version
    if version:
        assert tag_name(component, version) == tag
