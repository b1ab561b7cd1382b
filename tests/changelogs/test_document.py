"""Which lines of a Markdown or reStructuredText changelog are the section of a version."""

from __future__ import annotations

import pytest

from release_tasks.changelogs import changelog, new_section
from release_tasks.changelogs.document import is_empty, parse
from release_tasks.changelogs.new_section import NewSection

OLD = "## [1.0.1] - 2026-01-05\n\n- Old.\n"

# entries with lines that look like headings or open something (CommonMark 0.31)
ENTRIES = {
    "a fence behind a list marker": "- ```toml\n  # key\n  ## [1.0.0]\n  ```\n  is read.",
    "a fence in a list item": "- read:\n\n  ```toml\n  key\n  ```\n",
    "a fence of tildes": "~~~\n## [1.0.0]\n```\n~~~",
    "a longer fence": "````\n```\n## [1.0.0]\n````",
    "an indented block": "- x\n\n      ## [1.0.0]\n",
    "a comment sign in code": "- `<!--` is escaped.",
    "a comment sign in a sentence": "- what `a <!-- b` means.\n",
    "a comment": "<!-- ## [1.0.0]\n\n## [0.9.0] -->\n\n- x",
    "a quotation": "> ## [1.0.0]\n> ```sh\n> acme\n> ```",
    "a heading in a list": "- # 1.0.0\n- y",
    "HTML": "<details>\n<summary>More</summary>\n\n### Details\n\n- x\n\n</details>",
    "a table": "| a | b |\n|---|---|\n| # 1 | 2 |",
    "a rule": "- x\n\n---\n\n- y",
    "a fence that is never closed in a list": "- ```\n  x",
}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=list(ENTRIES))
def test_an_entry_ends_no_section(entry):
    links = "\n[Unreleased]: https://github.com/o/r/compare/v1.0.1...HEAD\n"
    log = f"# Changelog\n\n## [Unreleased]\n\n{entry}\n\n{OLD}{links}"
    there = new_section.add(log, NewSection("1.1.0", "2026-03-09", "v1.1.0"))
    assert changelog.sections(there) == ("1.1.0", "1.0.1")
    assert changelog.section(there, "1.1.0") == entry.rstrip("\n")
    assert "[1.1.0]: https://github.com/o/r/compare/v1.0.1...v1.1.0\n" in there


# what stands beside versions, and the versions that are found
BESIDE = (
    # groups at the level of versions, as conventional-changelog gives patch releases
    (
        "### [1.1.0](x) (2026-03-01)\n\n### Features\n\n- a\n\n### 1.0.1\n\n### Features\n",
        2,
    ),
    ("## 1.1.0\n\n## Fixes\n\n- a\n\n## 1.0.1\n\n- b\n", 2),
    # headings with versions of something else
    ("## 1.1.0\n\n### Rust 1.70.0 is needed\n\n- a\n\n## 1.0.1\n", 2),
    ("## 1.1.0\n\n### 3.11 wheels\n\n- a\n\n## 1.0.1\n", 2),
    ("## 1.1.0\n\n## Upgrading from 1.0.1 to 1.1.0\n\n- a\n\n## 1.0.1\n", 2),
    ("## 1.1.0\n\n#### 1.0.0 of serde\n\n- a\n\n## 1.0.1\n", 2),
    # a name before some of them
    ("## 1.1.0\n\n- a\n\n## Lamp 1.0.1\n", 2),
    # versions that are not SemVer
    (
        "## 1.1.0\n\n- a\n\n## 1.0\n\n- b\n\n## 0.9.0.post1\n\n## 0.9.0.1\n\n## 1!0.1\n",
        5,
    ),
    # no heading of a version, but lines of bold or plain text
    ("**1.1.0** (2026-03-01)\n\n- a\n\n**1.0.1** (2026-01-05)\n\n- b\n", 2),
    ("1.1.0 (2026-03-01)\n\n- a\n\n1.0.1 (2026-01-05)\n\n- b\n", 2),
    # underlined headings
    (
        "v1.1.0\n======\n\nAdded\n-----\n\n- a\n\nv1.0.1\n======\n\nAdded\n-----\n",
        2,
    ),
    ("Changes in 1.1.0\n---\n\n- a\n\nChanges in 1.0.1\n---\n", 2),
    # front matter, a byte order mark, other line ends
    (
        "---\ntitle: Changelog\nversion: 1.0.0\n---\n\n## 1.1.0\n\n- a\n\n## 1.0.1\n",
        2,
    ),
    ("\ufeff## 1.1.0\n\n- a\n\n## 1.0.1\n", 2),
    ("## 1.1.0\r\n\r\n- a\r\n\r\n## 1.0.1\r\n", 2),
    ("## 1.1.0\n\n- a\r- b\n\n## 1.0.1\n", 2),
)


@pytest.mark.parametrize(("text", "count"), BESIDE)
def test_versions_are_reported_from_what_stands_beside_them(text, count):
    assert len(changelog.sections(text)) == count
    assert changelog.sections(text)[:2] in (
        ("1.1.0", "1.0.1"),
        ("1.1.0", "1.0"),
    )
    assert "- a" in changelog.section(text, "1.1.0")
    assert "- b" not in changelog.section(text, "1.1.0").replace("- a\r- b", "")


@pytest.mark.parametrize(
    ("after", "ends"),
    [
        ("## Features\n\n- b\n", False),
        ("## Legend\n\n- b\n", True),
        ("# More\n\n- b\n", True),
    ],
)
def test_the_last_section_ends_at_a_heading_beside_it_that_is_no_group(
    after, ends
):
    text = f"# Changelog\n\n## 1.0.0\n\n- a\n\n{after}"
    assert ("- b" in changelog.section(text, "1.0.0")) is not ends


@pytest.mark.parametrize(
    ("before", "new"),
    [
        ('<a name="1.0.1"></a>\n', '<a name="1.1.0"></a>\n'),
        (
            "<a id='changelog-1.0.1'></a>\n\n",
            "<a id='changelog-1.1.0'></a>\n\n",
        ),
        ('<a id="latest"></a>\n', ""),
    ],
)
def test_an_anchor_belongs_to_the_heading_behind_it(before, new):
    older = before.replace("1.0.1", "1.0.0") + "## 1.0.0\n\n- First.\n"
    log = f"# Changelog\n\n{before}## 1.0.1\n\n- Old.\n\n{older}"
    assert changelog.section(log, "1.0.1") == "- Old."
    there = new_section.add(log, NewSection("1.1.0", "2026-03-09"))
    assert there == log.replace(
        "# Changelog\n\n", f"# Changelog\n\n{new}## 1.1.0\n\n", 1
    )


@pytest.mark.parametrize(
    ("log", "version", "heading"),
    [
        ("### 1.0.1\n\n## 1.0.0\n", "1.0.2", "### 1.0.2"),
        ("### 1.0.1\n\n## 1.0.0\n", "1.1.0", "## 1.1.0"),
        ("## 1.0\n\n### 1.0.1\n\n- a\n\n### 1.0.0\n", "1.0.2", "### 1.0.2"),
        ("## 1.0.0rc1\n", "1.0.0-rc.2", "## 1.0.0rc2"),
        ("1.0.1\n-----\n", "1.0.10", "1.0.10\n------"),
    ],
)
def test_the_new_heading_has_the_level_of_its_kind(log, version, heading):
    there = new_section.add(log, NewSection(version, "2026-03-09"))
    assert f"{heading}\n" in there
    assert changelog.has_section(there, version)


def test_tools_say_by_a_comment_where_what_is_new_begins():
    log = "# Changelog\n\n<!-- towncrier release notes start -->\n\n## About\n"
    there = new_section.add(log, NewSection("1.0.0", "2026-03-09"))
    assert (
        there.index("start -->")
        < there.index("## [1.0.0]")
        < there.index("## About")
    )


def test_a_section_of_comments_rules_and_definitions_is_empty():
    assert is_empty(
        "### Added\n\n<!-- - x -->\n\n---\n\n[a]: https://example.org\n"
    )
    assert not is_empty("### Added\n\n- `<!--`\n")


RESTRUCTURED = """\
=========
Changelog
=========

.. towncrier release notes start

.. _v1.0.1:

Lamp 1.0.1 (2026-01-05)
=======================

Fixed
-----

- Old.

.. code:: text

   1.0.0
   =====

Lamp 1.0.0 (2026-01-02)
=======================

- First.
"""


def test_a_restructured_text_has_titles_of_its_own():
    assert changelog.sections(RESTRUCTURED, "CHANGES.rst") == ("1.0.1", "1.0.0")
    assert changelog.section(RESTRUCTURED, "1.0.0", "CHANGES.rst") == "- First."
    there = new_section.add(
        RESTRUCTURED, NewSection("1.0.10", "2026-03-09"), "CHANGES.rst"
    )
    title = "Lamp 1.0.10 (2026-03-09)"
    assert (
        f".. _v1.0.10:\n\n{title}\n{'=' * len(title)}\n\n.. _v1.0.1:\n" in there
    )
    assert is_empty(".. comment\n   - x\n\nFixed\n-----\n", "CHANGES.rst")


def test_an_unreleased_title_of_a_restructured_text_gets_the_date():
    log = "Changes\n=======\n\n1.1 (unreleased)\n----------------\n\n- x\n\n1.0 (2026-01-05)\n---\n"
    there = new_section.add(
        log, NewSection("1.1.0", "2026-03-09"), "CHANGES.rst"
    )
    assert "1.1.0 (2026-03-09)\n------------------\n\n- x\n" in there


def test_a_title_with_lines_above_and_below_keeps_them():
    log = "*****\n1.0.1\n*****\n\n- x\n"
    there = new_section.add(log, NewSection("1.0.10", "2026-03-09"), "NEWS.rst")
    assert there == f"******\n1.0.10\n******\n\n{log}"


def test_a_large_changelog_is_read_once():
    text = "".join(
        f"## 1.0.{number}\n\n- x\n\n" for number in range(300, 0, -1)
    )
    assert parse(text) is parse(text)
    assert len(parse(text).versions) == 300
