"""The section of a hotfix is carried into the changelog of the main branch."""

from __future__ import annotations

import pytest

from release_tasks.changelogs.carried import with_section

OTHER = """\
# Changelog

## [Unreleased]

## [1.1.1] - 2026-02-02

### Fixed

- Too bright ([#7]).

## [1.1.0] - 2026-01-01

- Dim.

[unreleased]: https://example.org/compare/v1.1.1...HEAD
[1.1.1]: https://example.org/compare/v1.1.0...v1.1.1
[1.1.0]: https://example.org/tag/v1.1.0
"""
SECTION = "## [1.1.1] - 2026-02-02\n\n### Fixed\n\n- Too bright ([#7]).\n"
AHEAD = """\
# Changelog

## [Unreleased]

- More.

## [1.2.0] - 2026-01-20

- Bright.

## [1.1.0] - 2026-01-01

- Dim.

[unreleased]: https://example.org/compare/v1.2.0...HEAD
[1.2.0]: https://example.org/compare/v1.1.0...v1.2.0
[1.1.0]: https://example.org/tag/v1.1.0
"""


def test_it_stands_above_the_highest_lower_version_with_its_link() -> None:
    found = with_section(AHEAD, OTHER, "1.1.1")
    link = "[1.1.1]: https://example.org/compare/v1.1.0...v1.1.1\n"
    expected = AHEAD.replace("## [1.1.0]", f"{SECTION}\n## [1.1.0]")
    assert found == expected.replace("[1.1.0]: ", f"{link}[1.1.0]: ")
    assert with_section(found, OTHER, "1.1.1") == found


def test_what_is_unreleased_stays_and_is_compared_with_the_hotfix() -> None:
    same = AHEAD.replace("## [1.2.0] - 2026-01-20\n\n- Bright.\n\n", "")
    same = same.replace("v1.2.0...HEAD", "v1.1.0...HEAD").replace(
        "[1.2.0]: https://example.org/compare/v1.1.0...v1.2.0\n", ""
    )
    found = with_section(same, OTHER, "1.1.1")
    assert found == OTHER.replace(
        "## [Unreleased]\n", "## [Unreleased]\n\n- More.\n"
    )


def test_links_from_the_lowest_to_the_highest_stay_in_that_order() -> None:
    head, *links = AHEAD.partition("[unreleased]")
    lines = "".join(links).splitlines(keepends=True)
    rising = head + "".join(reversed(lines))
    found = with_section(rising, OTHER, "1.1.1") or ""
    order = ["[1.1.0]:", "[1.1.1]:", "[1.2.0]:", "[unreleased]:"]
    assert sorted(order, key=found.index) == order


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_endings_are_those_of_the_changelog(end: str) -> None:
    text = AHEAD.replace("\n", end)
    found = with_section(text, OTHER, "1.1.1")
    assert found is not None
    assert found.count("\n") == found.count(end)
    assert SECTION.replace("\n", end) in found


@pytest.mark.parametrize(
    ("text", "other"),
    [
        (AHEAD, AHEAD),  # no such section
        ("# Changelog\n", OTHER),  # no lower version
        (AHEAD, OTHER + SECTION),  # two of them
        ("# Changelog\n\n## 2026-01-01\n\n- All.\n", OTHER),  # only dates
    ],
)
def test_what_is_not_certain_is_left_to_a_person(text: str, other: str) -> None:
    assert with_section(text, other, "1.1.1") is None
