"""The headline of a version is what its section of the changelog says first."""

from __future__ import annotations

import pytest

from release_tasks.changelogs.headline import headline, title

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("Brighter nights. And more.\n\n- All.\n", "Brighter nights"),
        (
            "### Added\n\n- **Dim** it with `--dim`.\n- More.\n",
            "Dim it with --dim",
        ),
        ("- A line\n  that goes on\n- More\n", "A line that goes on"),
        ("1. See [the page](https://example.org/a).\n", "See the page"),
        ("> quoted\n\n* Is it 2.0? Yes.\n", "Is it 2.0?"),
        ("### Fixed\n", ""),
        ("", ""),
        ("word " * 30, f"{'word ' * 14}word…"),
    ],
)
def test_the_first_sentence_is_the_headline(
    section: str, expected: str
) -> None:
    assert headline(section) == expected


@pytest.mark.parametrize(
    ("template", "said", "expected"),
    [
        ("{tag}: {headline}", "Brighter", "v1.0.0: Brighter"),
        ("{tag}: {headline}", "", "v1.0.0"),
        ("{headline} ({version})", "", "(1.0.0)"),
        ("{tag} -", "", "v1.0.0 -"),
    ],
)
def test_a_title_without_a_headline_has_nothing_that_joins_it(
    template: str, said: str, expected: str
) -> None:
    values = {"tag": "v1.0.0", "version": "1.0.0", "headline": said}
    assert title(template, values) == expected
