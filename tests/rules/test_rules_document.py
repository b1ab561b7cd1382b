"""docs/rules.md is what the code says."""

from pathlib import Path

from release_tasks.rules.__main__ import document
from release_tasks.rules.rule import RULES

ROOT = Path(__file__).parents[2]
WRITE = "run: python -m release_tasks.rules > docs/rules.md"


def test_the_document_lists_the_rules_of_the_code() -> None:
    assert (ROOT / "docs/rules.md").read_text() == document(), WRITE


def test_every_rule_has_a_sentence_and_a_source() -> None:
    document()
    assert RULES
    assert [
        one
        for one in RULES
        if not one.text.endswith((".", ":")) or not one.source
    ] == []


def test_every_rule_is_used() -> None:
    unused = [line for line in document().splitlines() if line.endswith("|  |")]
    assert unused == []
