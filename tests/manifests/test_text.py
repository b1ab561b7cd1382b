"""Files listed in the settings: a placeholder matches any version."""

from __future__ import annotations

import json

import pytest
from support.manifest_kinds import kind_of

from release_tasks.errors import ReleaseError
from release_tasks.manifests import cargo_toml
from release_tasks.manifests.text import listed
from release_tasks.manifests.version_locations import FileBump

README = "hello-0.1.0-linux\nhello-0.0.9-linux\n"


def test_each_stale_text_is_a_mismatch():
    assert listed(["hello-{version}-"]).mismatches(
        README, FileBump("README.md", {}, "0.1.0")
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
        listed("x{version}").set_versions(
            f"x{version}", FileBump("a.md", {}, "2.0.0")
        )
        == "x2.0.0"
    )
    assert (
        listed("{version}-").set_versions(
            f"{version}-linux-x", FileBump("a.md", {}, "2.0.0")
        )
        == "2.0.0-linux-x"
    )


@pytest.mark.parametrize(
    "text", ["x1.2", "x1.2.3.4", "x1.2.3a", "x.1.2.3", "y1.2.3"]
)
def test_a_placeholder_matches_nothing_else(text):
    with pytest.raises(ReleaseError, match="has no text that matches"):
        listed("x{version}").set_versions(text, FileBump("a.md", {}, "2.0.0"))


def test_a_template_over_two_lines_matches_both_line_endings():
    spec = listed("name: hello\nversion: {version}")
    assert (
        spec.set_versions(
            "name: hello\r\nversion: 0.1.0\r\n", FileBump("a.md", {}, "0.2.0")
        )
        == "name: hello\r\nversion: 0.2.0\r\n"
    )


def test_an_unknown_component_is_refused():
    with pytest.raises(ReleaseError, match="unknown component, cor") as caught:
        listed("{cor}").set_versions(
            "0.1.0", FileBump("a.md", {"core": "0.2.0"})
        )
    assert caught.value.fix == "available: core"


def test_a_version_that_no_later_bump_would_recognize_is_refused():
    with pytest.raises(ReleaseError, match="cannot be recognized"):
        listed("x{version}").set_versions(
            "x0.1.0", FileBump("a.md", {}, "0.2.0-x.7")
        )


def test_two_texts_for_one_place_must_agree():
    both = listed(["hello {version}", "{version}"])
    assert (
        both.set_versions("hello 0.1.0", FileBump("a.md", {}, "0.2.0"))
        == "hello 0.2.0"
    )
    with pytest.raises(ReleaseError, match="two versions"):
        listed(["hello {version}", "{core}"]).set_versions(
            "hello 0.1.0", FileBump("a.md", {"core": "3.0.0"}, "0.2.0")
        )


def test_a_key_needs_a_file_with_keys():
    with pytest.raises(ReleaseError, match="so it has no keys") as caught:
        listed("version").set_versions(
            "version 0.1.0", FileBump("README.md", {}, "2.0.0")
        )
    assert "{version}" in caught.value.fix


def test_an_element_that_appears_twice_is_refused():
    with pytest.raises(ReleaseError, match="2 elements"):
        listed("version").set_versions(
            "<a><version>1.0.0</version><version>2.0.0</version></a>",
            FileBump("a.xml", {}, "2.0.0"),
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
        listed("version").set_versions(text, FileBump("a.xml", {}, "2.0.0"))


def test_the_kind_follows_from_the_name_of_the_file():
    assert kind_of("crates/core/Cargo.toml") is cargo_toml.KIND
    assert kind_of("README.md") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1.0.0", "1.1.0"),
        ("v1.0.0", "v1.1.0"),
        ("0.9.3", "1.1.0"),  # a copy that was left behind
        ("^1.0.0", "^1.1.0"),
        ("~1.0.0", "~1.1.0"),
        (">=1.0.0", ">=1.1.0"),
        ("^1.0", "^1.1"),
        ("^1", "^1"),
        ("workspace:^1.0.0", "workspace:^1.1.0"),
        ("npm:@acme/a@1.0.0", "npm:@acme/a@1.1.0"),
        ("ghcr.io/acme/a:1.0.0", "ghcr.io/acme/a:1.1.0"),
        (
            "registry.example.org:5000/x:1.0.0-alpine",
            "registry.example.org:5000/x:1.1.0-alpine",
        ),
        ("1.0.0-alpine", "1.1.0-alpine"),
        ("1.0.0-rc.1", "1.1.0"),
        (
            "https://dl.example.org/v1.0.0/a-1.0.0.tgz",
            "https://dl.example.org/v1.1.0/a-1.1.0.tgz",
        ),
        ("acme-1.0.0-linux-amd64", "acme-1.1.0-linux-amd64"),
        ("version 1.0.0 (stable)", "version 1.1.0 (stable)"),
        ("latest", "1.1.0"),
        ("SNAPSHOT", "1.1.0"),
        ("1.0", "1.1.0"),
        ("1.0.0.0", "1.1.0"),
        ("1.0.0.dev3", "1.1.0"),
        ("1!1.0.0.post1", "1.1.0"),
    ],
)
def test_only_the_version_inside_of_a_value_changes(
    value: str, expected: str
) -> None:
    text = json.dumps({"a": value, "b": value})
    new = listed("a").set_versions(text, FileBump("x.json", {}, "1.1.0"))
    assert json.loads(new) == {"a": expected, "b": value}
    assert listed("a").set_versions(new, FileBump("x.json", {}, "1.1.0")) == new


def test_a_key_called_version_has_nothing_but_a_version() -> None:
    for old in ("1.0.0-x.7", "1.0.0+build.5", "2026.11"):
        text = json.dumps({"version": old})
        new = listed("version").set_versions(
            text, FileBump("x.json", {}, "1.1.0-y.1")
        )
        assert json.loads(new) == {"version": "1.1.0-y.1"}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("registry.example.org/x:latest", "has no version"),
        ("https://example.org/", "has no version"),
        ("workspace:*", "has no version"),
        ("the best", "has no version"),
        ("acme1.0.0", "has no version"),
        ("node 20.1.0, acme 1.0.0", "has several versions"),
    ],
)
def test_a_value_without_one_version_is_refused(
    value: str, reason: str
) -> None:
    with pytest.raises(ReleaseError, match=reason):
        listed("a").set_versions(
            json.dumps({"a": value}), FileBump("x.json", {}, "1.1.0")
        )


@pytest.mark.parametrize(
    ("spec", "line", "expected"),
    [
        (
            "version: {version}",
            "cff-version: 1.2.0\nversion: 1.0.0",
            "cff-version: 1.2.0\nversion: 1.1.0",
        ),
        (
            "VERSION={version}",
            "MIN_VERSION=0.1.0\nVERSION=1.0.0",
            "MIN_VERSION=0.1.0\nVERSION=1.1.0",
        ),
        ("v{version}", "tool-v1.0.0 rev1.0.0", "tool-v1.1.0 rev1.0.0"),
        ("@{version}", "a@1.0.0", "a@1.1.0"),
        ("{version}", "tool-1.0.0, v1.0.0", "tool-1.1.0, v1.0.0"),
    ],
)
def test_a_text_begins_at_a_word(spec: str, line: str, expected: str) -> None:
    assert (
        listed(spec).set_versions(line, FileBump("x.txt", {}, "1.1.0"))
        == expected
    )


def test_a_text_inside_of_a_longer_word_is_refused_with_that_word() -> None:
    with pytest.raises(ReleaseError) as caught:
        listed("version: {version}").set_versions(
            "a: b\ncff-version: 1.2.0\n", FileBump("x.txt", {}, "1.1.0")
        )
    assert caught.value.problem == (
        "x.txt:2: `version: {version}` is only in a longer word, `cff-version: 1.2.0`"
    )
    assert "`cff-version: {version}`" in caught.value.fix


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("CITATION.cff", "cff-version: 1.2.0\nversion: 1.0.0\n"),
        ("site.webmanifest", '{"name": "a", "version": "1.0.0"}'),
        (
            "Pipfile",
            '[packages]\nx = "*"\n[other]\ny = 1\n\n[z]\nversion = "1.0.0"\n',
        ),
        (".config", "version: '1.0.0'\n"),
    ],
)
def test_a_key_is_found_whatever_the_file_is_called(
    path: str, text: str
) -> None:
    key = "z.version" if path == "Pipfile" else "version"
    assert "1.1.0" in listed(key).set_versions(
        text, FileBump(path, {}, "1.1.0")
    )
