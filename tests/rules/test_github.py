"""GitHub's limits, a row for each."""

from __future__ import annotations

import subprocess

import pytest

from release_tasks.rules import github

GIB = 1 << 30


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("tool-1.2.3-linux-amd64.tar.gz", "tool-1.2.3-linux-amd64.tar.gz"),
        ("tool_1.2.3+build.5.zip", "tool_1.2.3+build.5.zip"),
        ("tool@1.2.3.exe", "tool@1.2.3.exe"),
        ("SHA256SUMS", "SHA256SUMS"),
        ("My App 1.0.0 Setup.exe", "My.App.1.0.0.Setup.exe"),
        ("Symbols.Mixed 64-bit.7z", "Symbols.Mixed.64-bit.7z"),
        ("app-(15-5)-release.apk", "app-.15-5.-release.apk"),
        ("fake.      file.txt", "fake.file.txt"),
        ("erick%%%%%!!!zhao.txt", "erick.zhao.txt"),
        ("tool~1.deb", "tool.1.deb"),
        ("tool:1.zip", "tool.1.zip"),
        ("dist/tool.zip", "dist.tool.zip"),
        ("a..b.zip", "a.b.zip"),
        ("café.zip", "cafe.zip"),
        ("tool.zip.", "tool.zip"),
        (".config", "default.config"),
        ("日本.txt", "default.txt"),
    ],
)
def test_an_asset_is_stored_under_a_name_of_plain_characters(
    name: str, stored: str
) -> None:
    assert github.stored_name(name) == stored
    assert github.stored_name(stored) == stored
    assert bool(github.asset_name(name)) == (name != stored)


@pytest.mark.parametrize(
    ("size", "refused"),
    [
        (0, ["size must be greater than or equal to 1"]),
        (1, []),
        (2 * GIB - 1, []),
        (2 * GIB, ["size must be less than 2147483648"]),
        (3 * GIB, ["size must be less than 2147483648"]),
    ],
)
def test_an_asset_is_smaller_than_two_gib(
    size: int, refused: list[str]
) -> None:
    assert github.asset_size(size) == refused


@pytest.mark.parametrize(
    ("count", "is_taken"), [(0, True), (1000, True), (1001, False)]
)
def test_a_release_has_a_thousand_assets(count: int, is_taken: bool) -> None:
    assert (github.asset_count(count) == []) is is_taken


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [
        ("", True),
        ("e" * 125_000, True),
        ("é" * 125_000, True),
        ("e" * 125_001, False),
    ],
)
def test_notes_have_125000_characters_of_any_size(
    text: str, is_taken: bool
) -> None:
    assert (github.notes(text) == []) is is_taken


def test_long_notes_end_at_a_line_and_with_a_link() -> None:
    text = "- an entry of the notes\n" * 9_000
    short = github.shortened(text, "https://host.example/log")
    assert github.notes(text)
    assert not github.notes(short)
    assert short.endswith("(https://host.example/log)\n")
    assert "- an entry of the notes\n\n[The rest" in short
    assert (
        github.shortened("- short\n", "https://host.example/log") == "- short\n"
    )


TAGS = [
    "v1.0.0",
    "core/v1.0.0",
    "a@1.0.0",
    "v1.0.0+build.5",
    "vä1",
    "a..b",
    "a.lock",
    "a.lock/b",
    "x/.y",
    "x.",
    "x/",
    "x//y",
    "a@{b",
    "a~b",
    "a^b",
    "a:b",
    "a?b",
    "a*b",
    "a[b",
    "a\\b",
    "a b",
    "a\tb",
]


@pytest.mark.parametrize("name", TAGS)
def test_a_tag_is_well_formed_exactly_when_git_takes_it(name: str) -> None:
    argv = ["git", "check-ref-format", f"refs/tags/{name}"]
    is_taken = subprocess.run(argv, check=False).returncode == 0
    assert (github.tag(name) == []) is is_taken


@pytest.mark.parametrize("name", ["", "-v1", "a" * 40, "0123456789" * 4])
def test_some_names_that_git_could_store_are_no_tags_of_a_release(
    name: str,
) -> None:
    assert github.tag(name)


@pytest.mark.parametrize(
    ("fence", "more", "end"),
    [
        ("```rust", "", "\n```\n\n[The rest"),
        ("~~~~", "~~~\n", "\n~~~~\n\n[The rest"),
        ("```", "x\n```\n", "x\n\n[The rest"),
        ("not ``` a fence", "", "x\n\n[The rest"),
    ],
)
def test_shortened_notes_end_a_block_of_code(
    fence: str, more: str, end: str
) -> None:
    text = f"{fence}\n{more}" + "x\n" * 100_000
    short = github.shortened(text, "https://host.example")
    assert github.notes(short) == []
    assert end in short
