"""Files listed in the settings: a placeholder matches any version."""

from __future__ import annotations

import pytest

from release_tasks.errors import ReleaseError
from release_tasks.manifests import kind_of
from release_tasks.manifests.text import listed

README = "hello-0.1.0-linux\nhello-0.0.9-linux\n"


def test_each_stale_text_is_a_mismatch():
    assert listed(["hello-{version}-"]).mismatches(
        README, "README.md", {}, "0.1.0"
    ) == ["README.md:2: hello-{version}- is 0.0.9, expected 0.1.0"]


@pytest.mark.parametrize(
    "version",
    [
        "0.1.0",
        "0.1.0-rc.1",
        "0.1.0-beta.12",
        "0.1.0rc1",
        "0.1.0.post1",
        "1.0.0+build.5",
        "0.1.0-SNAPSHOT",
        "0.1.0-alpha",
    ],
)
def test_a_placeholder_matches_any_version(version):
    assert (
        listed("x{version}").set_versions(f"x{version}", "a.md", {}, "2.0.0")
        == "x2.0.0"
    )
    assert (
        listed("{version}-").set_versions(f"{version}-linux-x", "a.md", {}, "2.0.0")
        == "2.0.0-linux-x"
    )


@pytest.mark.parametrize("text", ["x1.2", "x1.2.3.4", "x1.2.3a", "x.1.2.3", "y1.2.3"])
def test_a_placeholder_matches_nothing_else(text):
    with pytest.raises(ReleaseError, match="has no text that matches"):
        listed("x{version}").set_versions(text, "a.md", {}, "2.0.0")


def test_a_template_over_two_lines_matches_both_line_endings():
    spec = listed("name: hello\nversion: {version}")
    assert (
        spec.set_versions("name: hello\r\nversion: 0.1.0\r\n", "a.md", {}, "0.2.0")
        == "name: hello\r\nversion: 0.2.0\r\n"
    )


def test_an_unknown_component_is_refused():
    with pytest.raises(ReleaseError, match="unknown component, cor") as caught:
        listed("{cor}").set_versions("0.1.0", "a.md", {"core": "0.2.0"})
    assert caught.value.fix == "available: core"


def test_a_version_that_no_later_bump_would_recognize_is_refused():
    with pytest.raises(ReleaseError, match="cannot be recognized"):
        listed("x{version}").set_versions("x0.1.0", "a.md", {}, "0.2.0-x.7")


def test_two_texts_for_one_place_must_agree():
    both = listed(["hello {version}", "{version}"])
    assert both.set_versions("hello 0.1.0", "a.md", {}, "0.2.0") == "hello 0.2.0"
    with pytest.raises(ReleaseError, match="two versions"):
        listed(["hello {version}", "{core}"]).set_versions(
            "hello 0.1.0", "a.md", {"core": "3.0.0"}, "0.2.0"
        )


def test_a_key_needs_a_file_with_keys():
    with pytest.raises(ReleaseError, match="so it has no keys") as caught:
        listed("version").set_versions("version 0.1.0", "README.md", {}, "2.0.0")
    assert "{version}" in caught.value.fix


def test_an_element_that_appears_twice_is_refused():
    with pytest.raises(ReleaseError, match="2 elements"):
        listed("version").set_versions(
            "<a><version>1.0.0</version><version>2.0.0</version></a>",
            "a.xml",
            {},
            "2.0.0",
        )


@pytest.mark.parametrize(
    "text",
    [
        "<a><version/></a>",
        "<a><version></version></a>",
        "<a><version><!-- 1.0.0 --></version></a>",
    ],
)
def test_an_element_without_text_has_no_version(text):
    with pytest.raises(ReleaseError, match="no string at the key `version`"):
        listed("version").set_versions(text, "a.xml", {}, "2.0.0")


def test_the_kind_follows_from_the_name_of_the_file():
    assert kind_of("crates/core/Cargo.toml").__name__.endswith("cargo_toml")
    assert kind_of("README.md") is None
