"""The form of tags is that of the last releases."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.repositories import commit_files, git

from release_tasks.project.discovery import discover
from release_tasks.project.history import previous, released
from release_tasks.project.tag_forms import (
    TagOwner,
    last_of_other_numbers,
    read_forms,
    version_in_form,
)
from release_tasks.project.tags import read

ONLY = TagOwner(("lamp", "lampq", "lamp-py"), ("crates", "python"), True, True)
CORE = TagOwner(("core", "acme-core"), ("crates",), False, False)
CRATE = '[package]\nname = "lampq"\nversion = "1.4.0"\nedition = "2021"\n'


@pytest.mark.parametrize(
    ("tags", "current"),
    [
        ((), "v{version}"),
        (("latest", "nightly-20240101", "v1", "v1.2"), "v{version}"),
        (("1.2.0", "1.3.0"), "{version}"),
        (("v1.2.0", "v1", "v1.3.0-rc.1"), "v{version}"),
        (("V1.2.0",), "V{version}"),
        (("release/v1.2.0", "release/v1.3.0"), "release/v{version}"),
        (("release-1.2.0",), "release-{version}"),
        (("v.1.2.0", "v.1.3.0"), "v.{version}"),
        (("lamp.1.2.0",), "lamp.{version}"),
        (("lamp-1.2.0", "lamp-1.3.0"), "lamp-{version}"),
        (("lampq-v1.2.0",), "lampq-v{version}"),
        (("lampq@1.2.0",), "lampq@{version}"),
        (("lamp_py-1.2.0",), "lamp_py-{version}"),
        (("rust-v1.2.0",), "rust-v{version}"),
        (("crates/lamp-v1.2.0",), "crates/lamp-v{version}"),
        (("rust-lampq-1.2.0",), "rust-lampq-{version}"),
        (("1.2.0", "1.3.0", "v1.4.0"), "v{version}"),
        (("v1.2.0", "1.3.0"), "{version}"),
        (("v1.2.0", "chart-0.3.0", "python-v0.9.0"), "v{version}"),
        (("v1.2.0", "lampq-v1.3.0"), "v{version}"),
        # three higher versions in another form: the first one was given up
        (
            ("v1.2.0", "lampq-v1.3.0", "lampq-v1.3.1", "lampq-v1.4.0"),
            "lampq-v{version}",
        ),
        (
            ("v1.2.0", "rust-v1.3.0", "rust-v1.3.1", "rust-v1.4.0"),
            "rust-v{version}",
        ),
        (("v1.2.0", "rust-v0.3.0", "rust-v0.3.1", "rust-v0.4.0"), "v{version}"),
        (("1.2.0rc1", "1.2.0"), "{version}"),
        (("tool-v1.2.0", "tool-v1.3.0"), "tool-v{version}"),
        (("npm-v1.2.0", "npm-v1.3.0"), "v{version}"),
        (("tool-v1.2.0", "other-v1.3.0"), "v{version}"),
        (("1.2.3.4", "a{1.2.0"), "v{version}"),
    ],
)
def test_the_form_of_the_only_component(
    tags: tuple[str, ...], current: str
) -> None:
    assert read_forms(tags, ONLY).current == current


@pytest.mark.parametrize(
    ("tags", "last"),
    [
        (("v1.2", "v1.3"), "v1.3"),
        (("2026.04.01", "2026.05.02"), "2026.05.02"),
        (("lamp-1.2", "nightly"), "lamp-1.2"),
        (("v1.2.0",), ""),
        (("nightly-20240101", "v1", "other-1.2"), ""),
    ],
)
def test_the_last_tag_with_other_numbers(
    tags: tuple[str, ...], last: str
) -> None:
    assert last_of_other_numbers(tags, ("lamp",)) == last


@pytest.mark.parametrize(
    ("tags", "current"),
    [
        (("v1.2.0", "core@0.1.0"), "core@{version}"),
        (("acme-core-0.1.0",), "acme-core-{version}"),
        (("v1.2.0", "1.3.0", "api/v0.1.0"), "v{version}"),
        (("core/v0.1.0", "acme-core-v0.2.0"), "core/v{version}"),
    ],
)
def test_the_form_of_one_of_several_components(
    tags: tuple[str, ...], current: str
) -> None:
    assert read_forms(tags, CORE).current == current


@pytest.mark.parametrize(
    ("form", "tag", "version"),
    [
        ("{version}", "1.2.0", "1.2.0"),
        ("v{version}", "v1.2.0rc1", "1.2.0-rc.1"),
        ("v{version}", "1.2.0", None),
        ("core@{version}", "core@1.2.0", "1.2.0"),
        ("v{version}", "v1.2.0.post1", None),
    ],
)
def test_a_version_in_a_form(form: str, tag: str, version: str | None) -> None:
    assert version_in_form(form, tag) == version


@pytest.mark.tools("git", "cargo")
def test_history_goes_on_where_the_form_has_changed(tmp_path: Path) -> None:
    root = commit_files(
        tmp_path / "lamp", {"Cargo.toml": CRATE, "src/lib.rs": ""}
    )
    for number, tag in enumerate(("1.9.0", "1.2.0", "v1.3.0", "v1.4.0")):
        commit_files(root, {"n.txt": str(number)})
        git(root, "tag", tag)
    found = discover(root)
    (component,) = found.components
    assert (component.tag, component.former_tags) == (
        "v{version}",
        ("{version}",),
    )
    tags = [one.tag for one in released(found, component).values()]
    # without the higher one of before
    assert tags == ["v1.4.0", "v1.3.0", "1.2.0"]
    assert previous(found, component, "1.5.0")[0] == "v1.4.0"
    assert previous(found, component, "1.3.0")[0] == "1.2.0"


@pytest.mark.tools("git", "cargo")
@pytest.mark.parametrize(
    ("commits", "versions"),
    [
        # tags with two numbers are versions, unless they follow the newest of a line
        ("v0.12 v0.12.1 v0.13", "0.13.0 0.12.1 0.12.0"),
        ("v1.4.0 v1.4.1,v1.4,v1", "1.4.1 1.4.0"),
        ("v1.4,v1.4.0 v1.4.1", "1.4.1 1.4.0"),
        ("v1.4.0 v1.4", "1.4.0"),
        ("v1 v2 v2.0.1", "2.0.1"),
        # PEP 440's spellings of prereleases
        ("v1.2.0rc1 v1.2.0", "1.2.0 1.2.0-rc.1"),
        ("v2026.04.01 v2026.4.2", "2026.4.2 2026.4.1"),
    ],
)
def test_which_tags_of_the_present_form_are_versions(
    tmp_path: Path, commits: str, versions: str
) -> None:
    root = commit_files(
        tmp_path / "lamp", {"Cargo.toml": CRATE, "src/lib.rs": ""}
    )
    for number, tags in enumerate(commits.split()):
        commit_files(root, {"n.txt": str(number)})
        for tag in tags.split(","):
            git(root, "tag", tag)
    found = discover(root)
    (component,) = found.components
    assert " ".join(released(found, component)) == versions


@pytest.mark.tools("git", "cargo")
def test_tags_without_a_v_are_followed_and_count(tmp_path: Path) -> None:
    root = commit_files(
        tmp_path / "lamp", {"Cargo.toml": CRATE, "src/lib.rs": ""}
    )
    git(root, "tag", "1.4.0")
    found = discover(root)
    (component,) = found.components
    assert component.tag == "{version}"
    assert list(released(found, component)) == ["1.4.0"]
    assert read(found, "1.5.0")[1] == "1.5.0"
    # a tag that is made later is seen in the same process
    git(root, "tag", "v2.0.0")
    assert discover(root).components[0].tag == "v{version}"
