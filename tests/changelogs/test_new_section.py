"""A new section in a changelog: where it goes, what it has, and its compare links."""

from __future__ import annotations

import pytest

from release_tasks.changelogs import changelog, new_section
from release_tasks.changelogs.new_section import NewSection
from release_tasks.errors import ReleaseError


def test_the_given_body_is_used_where_unreleased_is_empty():
    there = new_section.add(
        "# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-01-01\n",
        NewSection("0.2.0", "2026-03-01", body="- made\n- by\n"),
    )
    assert there == (
        "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-03-01\n\n- made\n- by\n\n"
        "## [0.1.0] - 2026-01-01\n"
    )
    full = new_section.add(
        "## [Unreleased]\n\n- own\n",
        NewSection("0.2.0", "2026-03-01", body="- made"),
    )
    assert changelog.section(full, "0.2.0") == "- own"


def test_the_compare_links_use_the_given_tag():
    log = "## [Unreleased]\n\n[Unreleased]: https://github.com/o/r/compare/abc1234...HEAD\n"
    assert new_section.add(log, NewSection("0.2.0", "2026-03-01")).endswith(
        log.splitlines()[-1] + "\n"
    )
    there = new_section.add(
        log, NewSection("0.2.0", "2026-03-01", tag="py-v0.2.0")
    )
    assert (
        "compare/py-v0.2.0...HEAD\n[0.2.0]: https://github.com/o/r/compare/abc1234...py-v0.2.0\n"
        in there
    )


def test_an_unclosed_code_block_is_refused():
    with pytest.raises(ReleaseError, match="code block"):
        new_section.add(
            "# Changelog\n\n```\n", NewSection("0.2.0", "2026-03-01")
        )
