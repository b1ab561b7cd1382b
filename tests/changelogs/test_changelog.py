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
    assert changelog.unreleased(LOG) == "### ✨ Added"
    assert changelog.unreleased("# Changelog\n") is None


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
    assert "\r" not in changelog.section_with_links(LOG.replace("\n", "\r\n"), "0.6.26")
