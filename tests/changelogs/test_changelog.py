"""Changelogs: the section of a version."""

from __future__ import annotations

import pytest

from release_tasks.changelogs import changelog
from release_tasks.errors import ReleaseError

LOG = """# Changelog

## [Unreleased]

### ✨ Added

## [0.6.26] - 2026-06-27

### Fixed
- a crash ([#31], see [the guide][guide])

#### Details
```
## [0.6.2] - in code
[x]: https://example.com/code
```

## v0.6.2
## 0.6.1 (2026-01-01) [YANKED]

- plain

## [0.6.0-rc.1](https://github.com/o/r/compare/v0.5.0...v0.6.0-rc.1)
- candidate

## 0.5.0rc1

- python

[#31]: https://github.com/o/r/issues/31
[Guide]: https://example.com/guide
[unused]: https://example.com/unused
"""


def test_a_section_is_found_by_its_exact_version():
    assert changelog.section(LOG, "0.6.26").startswith("### Fixed\n- a crash")
    assert changelog.section(LOG, "0.6.26").endswith("code\n```")
    assert changelog.section(LOG, "0.6.2") == ""
    assert changelog.section(LOG, "0.6.1") == "- plain"
    assert changelog.section(LOG, "0.6.0-rc.1") == "- candidate"
    assert changelog.section(LOG, "0.5.0-rc.1") == "- python"
    assert changelog.sections(LOG) == (
        "0.6.26",
        "0.6.2",
        "0.6.1",
        "0.6.0-rc.1",
        "0.5.0rc1",
    )
    assert changelog.unreleased(LOG, "9.9.9") == "### ✨ Added"
    assert changelog.unreleased("# Changelog\n", "9.9.9") is None


@pytest.mark.parametrize(
    "version", ["0.6", "6.26", "0.6.260", "0x6.26", "0.5.0", "0.6.0", "1.0.0"]
)
def test_a_version_without_a_section_is_an_error(version):
    with pytest.raises(ReleaseError) as caught:
        changelog.section(LOG, version, "docs/LOG.md")
    assert caught.value.problem == f"docs/LOG.md has no section for {version}"


def test_two_sections_for_a_version_are_an_error():
    with pytest.raises(ReleaseError, match="lines 7 and 34"):
        changelog.section(LOG + "\n## 0.6.26\n", "0.6.26")


def test_a_section_gets_the_definitions_of_its_links():
    assert changelog.section_with_links(LOG, "0.6.26").endswith(
        "```\n\n[#31]: https://github.com/o/r/issues/31\n[Guide]: https://example.com/guide"
    )
    assert changelog.section_with_links(LOG, "0.6.1") == "- plain"
    assert "\r" not in changelog.section_with_links(
        LOG.replace("\n", "\r\n"), "0.6.26"
    )


@pytest.mark.parametrize(
    ("heading", "version", "is_taken"),
    [
        ("## 0.6.0 (unreleased)", "0.6.0", True),
        ("## 0.6.0 (unreleased)", "0.6.0-rc.1", True),
        ("## 0.6.0 (unreleased)", "0.7.0", True),
        ("## 0.6.0 (unreleased)", "0.5.4", False),
        ("## 1.0.0 - TBD", "0.5.4", False),
        ("## Unreleased", "0.5.4", True),
        ("## 1.3.0.dev0 (unreleased)", "1.3.0", True),
        ("## 1.3.0.dev0 (unreleased)", "1.2.9", False),
        ("## 1.3 (unreleased)", "1.3.0", True),
    ],
)
def test_what_is_announced_for_a_higher_version_is_not_that_of_a_lower_one(
    heading: str, version: str, is_taken: bool
) -> None:
    log = f"# Changelog\n\n{heading}\n\n- New.\n\n## 0.5.3\n\n- Old.\n"
    assert changelog.unreleased(log, version) == (
        "- New." if is_taken else None
    )


@pytest.mark.parametrize(
    ("headings", "body"),
    [
        (("Unreleased", "2.0.0", "1.0.0"), "0"),
        # forgotten there when 2.0.0 was released
        (("2.0.0", "Unreleased", "1.0.0"), None),
        (("2.0.0", "1.0.0", "Unreleased"), None),
        (("Unreleased", "2.0.0", "Unreleased", "1.0.0"), "0"),
        # the oldest first
        (("1.0.0", "2.0.0", "Unreleased"), "2"),
    ],
)
def test_what_is_unreleased_is_not_below_newer_releases(
    headings: tuple[str, ...], body: str | None
) -> None:
    text = "".join(
        f"## {heading}\n\n{number}\n\n"
        for number, heading in enumerate(headings)
    )
    found = changelog.unreleased(f"# Changelog\n\n{text}", "3.0.0")
    assert (found and found.strip()) == body
