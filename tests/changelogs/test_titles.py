"""Headings of every usual form: the version in them, and the new heading of the same form."""

from __future__ import annotations

import pytest

from release_tasks.changelogs import changelog, new_section
from release_tasks.changelogs.new_section import NewSection

TODAY = "2026-03-09"

# The heading of a version, `{}` being its number and its date. keepachangelog.com 1.1.0,
# conventional-changelog, release-please, changesets, towncrier, scriv, git-cliff, node, rust.
HEADINGS = (
    "## [{}] - {}",
    "## {}",
    "## v{}",
    "## V{}",
    "## {} ({})",
    "## {} - {}",
    "## {} \u2014 {}",
    "## {} / {}",
    "## {}, {}",
    "## {}: {}",
    "## {} {}",
    "## Lamp {}",
    "## Lamp {} ({})",
    "# lamp-core {}",
    "## lamp-v{}",
    "## lamp@{}",
    "## @acme/lamp@{}",
    "## lamp/v{} ({})",
    "## `lamp` {} <small>{}</small>",
    "## **{}** - {}",
    "## __{}__",
    "## `{}` - {}",
    "## \U0001f680 {} ({})",
    "## :rocket: {}",
    "## *{}* ({})",
    "## Version {}",
    "## Version {} ({})",
    "## Release {} - {}",
    "## Release v{}",
    "## version [{}] - {}",
    "## Ver. {}",
    "## [v{0}](https://github.com/o/r/tree/v{0}) ({1})",
    "## [{0}](https://github.com/o/r/releases/tag/v{0}) - {1}",
    "## [{0}](https://gitlab.com/o/r/-/tags/v{0})",
    "## [{}][] - {}",
    "## [{0}][v{0}] - {1}",
    "## \\[{}\\] - {}",
    "## {} ##",
    '## <a name="{0}"></a> {0} ({1})',
    "## {0} {{#v{0}}}",
    "### {} ({})",
    "# {} ({})",
)


@pytest.mark.parametrize("form", HEADINGS)
def test_the_new_heading_has_the_form_of_the_last_one(form):
    newest, older = (
        form.format("0.5.3", "2026-01-05"),
        form.format("0.5.2", "2025-12-01"),
    )
    log = f"# Changelog\n\n{newest}\n\n- new\n\n{older}\n\n- old\n"
    assert changelog.sections(log) == ("0.5.3", "0.5.2")
    assert changelog.section(log, "0.5.3") == "- new"
    there = new_section.add(log, NewSection("0.5.4", TODAY))
    heading = form.format("0.5.4", TODAY)
    assert there == log.replace(newest, f"{heading}\n\n{newest}")
    assert new_section.add(there, NewSection("0.5.4", TODAY)) == there


# a date in a heading, and the date of the new heading
DATES = (
    ("July 17th, 2026", "March 9th, 2026"),
    ("July 17, 2026", "March 9, 2026"),
    ("17 July 2026", "9 March 2026"),
    ("17th of July 2026", "9th of March 2026"),
    ("Jul 17, 2026", "Mar 9, 2026"),
    ("17-Jul-2026", "9-Mar-2026"),
    ("17.07.2026", "09.03.2026"),
    ("7/17/2026", "3/9/2026"),
    ("17/07/2026", "09/03/2026"),
    ("2026/07/17", "2026/03/09"),
    ("2026.07.17", "2026.03.09"),
    ("2026-7-3", "2026-3-9"),
    ("Friday, July 17, 2026", "Monday, March 9, 2026"),
    ("Fri Jul 17 2026", "Mon Mar 9 2026"),
    ("July 2026", "March 2026"),
    ("2026-07", "2026-03"),
    ("2026 Jul 17", "2026 Mar 9"),
    ("2026-07-17T10:00:00Z", "2026-03-09"),
    ("05 Jan 2026", "09 Mar 2026"),
    ("SEP 3, 2026", "MAR 9, 2026"),
)


@pytest.mark.parametrize(("old", "new"), DATES)
def test_the_new_date_has_the_form_of_the_last_one(old, new):
    for form in ("## 0.5.3 ({})", "## {} - v0.5.3"):
        log = f"{form.format(old)}\n\n- x\n"
        there = new_section.add(log, NewSection("0.5.4", TODAY))
        heading = form.format(new).replace("0.5.3", "0.5.4")
        assert there.splitlines()[0] == heading
        assert new_section.add(there, NewSection("0.5.4", TODAY)) == there


# a heading with more than every version has, and the new heading
WITHOUT_WHAT_IS_PAST = (
    ("0.5.3 - 2026-01-05 [YANKED]", "0.5.4 - 2026-03-09"),
    ("[0.5.3] [YANKED]", "[0.5.4]"),
    ('0.5.3 "Big one" (2026-01-05)', "0.5.4 (2026-03-09)"),
    ("0.5.3: The big one", "0.5.4"),
    ("0.5.3 - The big one (2026-01-05)", "0.5.4 (2026-03-09)"),
    ("2026-01-05, Version 0.5.3 (Current), @ada", "2026-03-09, Version 0.5.4"),
    ("0.5.3 (backports 0.4.1)", "0.5.4"),
    ("0.5.3 (2026-01-05) @ada", "0.5.4 (2026-03-09)"),
)


@pytest.mark.parametrize(("old", "new"), WITHOUT_WHAT_IS_PAST)
def test_what_only_the_last_version_has_is_not_copied(old, new):
    log = f"## {old}\n\n- x\n\n## 0.5.2\n\n- y\n"
    assert changelog.section(log, "0.5.3") == "- x"
    there = new_section.add(log, NewSection("0.5.4", TODAY))
    assert there.splitlines()[0] == f"## {new}"


def test_words_that_every_heading_has_are_copied():
    log = "## 0.5.3 released on 2026-01-05\n\n## 0.5.2 released on 2025-12-01\n"
    there = new_section.add(log, NewSection("0.5.4", TODAY))
    assert there.splitlines()[0] == "## 0.5.4 released on 2026-03-09"


UNRELEASED = (
    "[Unreleased]",
    "Unreleased",
    "UNRELEASED",
    "(unreleased)",
    "_Unreleased_",
    "**Unreleased**",
    "Unreleased changes",
    "[Unreleased] - ReleaseDate",
    "Unreleased - YYYY-MM-DD",
    "main (unreleased)",
    "Lamp (unreleased)",
    "Lamp Unreleased",
    "\U0001f6a7 Unreleased",
    "[Unreleased](https://github.com/o/r/compare/v0.5.3...HEAD)",
    "HEAD",
    "Unpublished",
    "Coming soon",
    "Next",
    "Next release",
    "Upcoming",
    "main",
    "vNext",
    "In development",
    "TBD",
)


@pytest.mark.parametrize("title", UNRELEASED)
def test_what_is_unreleased_gets_a_heading_like_the_last_one(title):
    log = f"# Changelog\n\n## {title}\n\n- x\n\n## 0.5.3 (2026-01-05)\n\n- y\n"
    assert changelog.unreleased(log, "9.9.9") == "- x"
    there = new_section.add(log, NewSection("0.5.4", TODAY))
    assert there == log.replace("\n\n- x", "\n\n## 0.5.4 (2026-03-09)\n\n- x")
    assert changelog.unreleased(there, "9.9.9") == ""


@pytest.mark.parametrize(
    ("title", "new"),
    [
        ("[Unreleased]", "[0.1.0] - 2026-03-09"),
        ("Unreleased", "0.1.0 - 2026-03-09"),
        ("**Unreleased**", "**0.1.0** - 2026-03-09"),
        ("[Unreleased] - ReleaseDate", "[0.1.0] - 2026-03-09"),
    ],
)
def test_the_first_version_has_the_marks_of_unreleased(title, new):
    there = new_section.add(f"## {title}\n\n- x\n", NewSection("0.1.0", TODAY))
    assert there == f"## {title}\n\n## {new}\n\n- x\n"


# a heading that says the version is not released; the same with dates in older headings,
# without dates there, and where it is the only heading
PENDING = (
    ("0.5.4 (unreleased)", "0.5.4 (2026-03-09)", "0.5.4", "0.5.4 (2026-03-09)"),
    ("0.5.4 - TBD", "0.5.4 - 2026-03-09", "0.5.4", "0.5.4 - 2026-03-09"),
    (
        "[0.5.4] - Unreleased",
        "[0.5.4] - 2026-03-09",
        "[0.5.4]",
        "[0.5.4] - 2026-03-09",
    ),
    (
        "[0.5.4] - YYYY-MM-DD",
        "[0.5.4] - 2026-03-09",
        "[0.5.4]",
        "[0.5.4] - 2026-03-09",
    ),
    (
        "v0.5.4 (not released yet)",
        "v0.5.4 (2026-03-09)",
        "v0.5.4",
        "v0.5.4 (2026-03-09)",
    ),
    ("0.5.4 Unreleased", "0.5.4 (2026-03-09)", "0.5.4", "0.5.4 - 2026-03-09"),
    ("0.5.4 - 2026-xx-xx", "0.5.4 - 2026-03-09", "0.5.4", "0.5.4 - 2026-03-09"),
    ("0.5.4 (2026-??-??)", "0.5.4 (2026-03-09)", "0.5.4", "0.5.4 (2026-03-09)"),
    (
        "0.5.4 - ReleaseDate",
        "0.5.4 - 2026-03-09",
        "0.5.4",
        "0.5.4 - 2026-03-09",
    ),
    (
        "0.5.4 (in development)",
        "0.5.4 (2026-03-09)",
        "0.5.4",
        "0.5.4 (2026-03-09)",
    ),
    ("0.5.4 (next)", "0.5.4 (2026-03-09)", "0.5.4", "0.5.4 (2026-03-09)"),
    ("0.5.4 (TBA)", "0.5.4 (2026-03-09)", "0.5.4", "0.5.4 (2026-03-09)"),
    ("0.5.4 (?)", "0.5.4 (2026-03-09)", "0.5.4", "0.5.4 (2026-03-09)"),
    ("0.5.4-unreleased", "0.5.4 (2026-03-09)", "0.5.4", "0.5.4 - 2026-03-09"),
    (
        "Lamp 0.5.4 (unreleased)",
        *(["Lamp 0.5.4 (2026-03-09)", "Lamp 0.5.4"]),
        None,
    ),
    ("Unreleased 0.5.4", "0.5.4 (2026-03-09)", "0.5.4", "0.5.4 - 2026-03-09"),
    (
        "[Unreleased] - 0.5.4",
        "0.5.4 (2026-03-09)",
        "0.5.4",
        "[0.5.4] - 2026-03-09",
    ),
    ("Upcoming: 0.5.4", "0.5.4 (2026-03-09)", "0.5.4", "0.5.4 - 2026-03-09"),
    (
        "0.5.4 - Unreleased - Big",
        "0.5.4 - 2026-03-09 - Big",
        "0.5.4 - Big",
        None,
    ),
    ("**0.5.4** (unreleased)", "**0.5.4** (2026-03-09)", "**0.5.4**", None),
    (
        "0.5.4.dev0 (unreleased)",
        "0.5.4 (2026-03-09)",
        "0.5.4",
        "0.5.4 (2026-03-09)",
    ),
    (
        "0.5.3.1 (unreleased)",
        "0.5.4 (2026-03-09)",
        "0.5.4",
        "0.5.4 (2026-03-09)",
    ),
)


@pytest.mark.parametrize(("title", "dated", "undated", "alone"), PENDING)
def test_a_heading_that_says_unreleased_gets_the_date(
    title, dated, undated, alone
):
    start = f"## {title}\n\n- x\n"
    for older, expected in (
        ("\n## 0.5.3 (2026-01-05)\n", dated),
        ("\n## 0.5.3\n", undated),
        ("", alone),
    ):
        if expected is None:
            continue
        assert changelog.unreleased(start + older, "9.9.9") == "- x"
        there = new_section.add(start + older, NewSection("0.5.4", TODAY))
        assert there == f"## {expected}\n\n- x\n{older}"
        assert new_section.add(there, NewSection("0.5.4", TODAY)) == there


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2027-01-01", "2026-03-09"),  # planned, and released before
        ("2026-03-10", "2026-03-10"),  # tomorrow, where the day begins earlier
        ("2026-02-01", "2026-02-01"),
    ],
)
def test_a_later_date_becomes_that_of_the_release(written, expected):
    log = f"## 0.5.4 ({written})\n\n- x\n"
    there = new_section.add(log, NewSection("0.5.4", TODAY))
    assert there == f"## 0.5.4 ({expected})\n\n- x\n"


def test_the_section_of_a_higher_version_stays_unreleased():
    log = "## 0.6.0 (unreleased)\n\n- x\n\n## 0.5.3 (2026-01-05)\n"
    there = new_section.add(log, NewSection("0.5.4", TODAY))
    assert there == log.replace("## 0.5.3", "## 0.5.4 (2026-03-09)\n\n## 0.5.3")
    candidate = new_section.add(log, NewSection("0.6.0-rc.1", TODAY))
    assert candidate.startswith("## 0.6.0-rc.1 (2026-03-09)\n\n- x\n")
