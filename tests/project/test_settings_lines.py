"""An error about the settings names the line of the key, else that of its table."""

from __future__ import annotations

import pytest

from release_tasks.errors import ReleaseError
from release_tasks.project.settings_errors import place_of, with_line

TEXT = """\
[binaries.lantern]
x86_64-unknown-linux-gnu = "lantern"

[images."ghcr.io/example/app"]
tags = ["latest"]

[files]
"docs/*.md" = 'v{version}'

[components]
core = { crates = ["core"] }
"""

PLACES = [
    ("release-tasks.toml: [binaries.lantern]: no crate has that binary", 1),
    ("release-tasks.toml: [binaries.lantern] features: core has none", 1),
    ("release-tasks.toml: [images.ghcr.io/example/app] tags: x", 5),
    ("release-tasks.toml: [images.ghcr.io/example/app] edge: x", 4),
    ("release-tasks.toml: [files] docs/*.md is not in the repository", 8),
    ("release-tasks.toml: [components.core] crates: a is not shipped here", 11),
    # what was found, and is not in the file
    ("release-tasks.toml: [images.ghcr.io/example/other]: no Dockerfile", 0),
    ("release-tasks.toml: [python.lantern] wheels: PyPI takes no x", 0),
    # other forms
    ("release-tasks.toml:3: unknown key a in [files]", 0),
    ("release-tasks.toml: both a and b ship c", 0),
    ("Cargo.toml: [package] name: x", 0),
]


@pytest.mark.parametrize(("fact", "line"), PLACES)
def test_a_fact_is_about_the_line_of_its_key_or_table(
    fact: str, line: int
) -> None:
    assert place_of(fact, TEXT) == line


def test_an_error_gets_the_line_and_keeps_its_fix() -> None:
    fact = "release-tasks.toml: [files] docs/*.md is not in the repository"
    found = with_line(ReleaseError(fact, "remove it"), TEXT)
    assert found.problem.startswith("release-tasks.toml:8: [files] docs/*.md ")
    assert found.fix == "remove it"


def test_an_error_without_a_place_stays_as_it_is() -> None:
    error = ReleaseError("there is no component core", "available: cli")
    assert with_line(error, TEXT) is error
