"""YAML texts as GitHub reads them."""

from __future__ import annotations

import pytest

from release_tasks.formats import yaml_texts


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: b\tc", {"a": "b c"}),
        ("a: ${{ github.actor\t}}", {"a": "${{ github.actor }}"}),
        ("a:\tb", {"a": "b"}),
        ("- a\t# why", ["a"]),
        ("a: |\n  b\tc\n", {"a": "b\tc\n"}),
        ('a: "b\\tc"', {"a": "b\tc"}),
    ],
)
def test_tabs_between_words_are_white_space(text: str, value: object) -> None:
    assert yaml_texts.load(text, "a.yml") == value


def test_a_tab_at_the_beginning_of_a_line_is_refused() -> None:
    with pytest.raises(yaml_texts.Unreadable, match="line 2"):
        yaml_texts.load("a:\n\tb: c\n", "a.yml")
