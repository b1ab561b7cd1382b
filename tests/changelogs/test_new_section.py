"""A new section in a changelog: where it goes, what it has, and its compare links."""

from __future__ import annotations

import pytest

from release_tasks.changelogs import changelog, new_section
from release_tasks.changelogs.document import is_empty
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


RELEASED = "## 0.2.0\n\nReleased on 2026-01-02.\n\n- x\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (RELEASED, "## 0.3.0\n\nReleased on 2026-03-01.\n\n" + RELEASED),
        (
            "## Unreleased\n\n- n\n\n" + RELEASED,
            "## Unreleased\n\n## 0.3.0\n\nReleased on 2026-03-01.\n\n- n\n\n"
            + RELEASED,
        ),
        (
            "## v0.2.0\n_2 January 2026_\n\n- x\n",
            "## v0.3.0\n_1 March 2026_\n\n## v0.2.0\n_2 January 2026_\n\n- x\n",
        ),
        (
            "## 0.3.0\n\n**Unreleased**\n\n- n\n\n" + RELEASED,
            "## 0.3.0\n\n**2026-03-01**\n\n- n\n\n" + RELEASED,
        ),
        (
            "## 0.3.0\n\nRelease date: TBD\n\n- n\n\n## 0.2.0\n\n"
            "Release date: Jan 2, 2026\n\n- x\n",
            "## 0.3.0\n\nRelease date: Mar 1, 2026\n\n- n\n\n## 0.2.0\n\n"
            "Release date: Jan 2, 2026\n\n- x\n",
        ),
        (  # a line that says more is an entry
            "## 0.3.0\n\n- TBD in 2026-02\n\n" + RELEASED,
            "## 0.3.0\n\n- TBD in 2026-02\n\n" + RELEASED,
        ),
        (  # a heading with a date needs no line
            "## 0.2.0 - 2026-01-02\n\n2026-01-02\n",
            "## 0.3.0 - 2026-03-01\n\n## 0.2.0 - 2026-01-02\n\n2026-01-02\n",
        ),
    ],
)
def test_a_line_below_the_heading_has_the_date(before: str, after: str):
    new = NewSection("0.3.0", "2026-03-01")
    assert new_section.add(before, new) == after
    assert new_section.add(after, NewSection("0.3.0", "2026-03-02")) == after


def test_a_line_with_the_date_is_no_entry():
    there = new_section.add(RELEASED, NewSection("0.3.0", "2026-03-01"))
    assert is_empty(changelog.section(there, "0.3.0"))
    assert not is_empty(changelog.section(there, "0.2.0"))


@pytest.mark.parametrize(
    "word", ["0.3.0-dev", "0.3.0-SNAPSHOT", "0.3.0.dev0", "v0.3.0-dev"]
)
def test_a_version_in_development_becomes_the_release(word: str):
    older = "\n## 0.2.0 (2026-01-02)\n\n- x\n"
    there = new_section.add(
        f"## {word}\n\n- n\n{older}", NewSection("0.3.0", "2026-03-01")
    )
    assert there == f"## 0.3.0 (2026-03-01)\n\n- n\n{older}"


def test_a_prerelease_that_is_called_so_as_others_were_stays():
    log = "## 0.3.0-dev.1\n\n- n\n\n## 0.2.0-dev.1\n\n- x\n"
    there = new_section.add(log, NewSection("0.3.0", "2026-03-01"))
    assert there == f"## 0.3.0\n\n{log}"


@pytest.mark.parametrize(
    "log",
    [
        "# Changes\n\n* Unreleased\n  - n\n\n* 0.2.0 (2026-01-02)\n  - x\n",
        "# Changes\n\n| Version | What |\n|---|---|\n| 0.2.0 | x |\n",
    ],
)
def test_versions_that_are_no_headings_are_refused(log: str):
    with pytest.raises(ReleaseError, match="its versions are no headings"):
        new_section.add(log, NewSection("0.3.0", "2026-03-01"))


def test_an_item_that_begins_with_a_version_is_no_version():
    log = "# Changes\n\n- 1.2.3 of serde is required\n- x\n"
    there = new_section.add(log, NewSection("0.3.0", "2026-03-01"))
    assert there.endswith("## [0.3.0] - 2026-03-01\n")
