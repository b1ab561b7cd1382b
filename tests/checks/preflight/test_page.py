"""docs/findings.md describes each check: what it finds, how bad that is, and why it exists."""

from __future__ import annotations

from pathlib import Path

from release_tasks.checks.artifacts import all as artifacts
from release_tasks.checks.preflight import all as preflight

PAGE = Path(__file__).parents[3] / "docs" / "findings.md"


def test_the_page_of_findings_is_complete() -> None:
    checks = {
        check.name: check
        for check in (*preflight.checks(), *artifacts.checks())
    }
    page = PAGE.read_text()
    sections = {}
    for part in page.split("\n### ")[1:]:
        name, _, text = part.partition("\n")
        sections[name] = text.strip()
    assert sorted(sections) == sorted(checks)
    assert [name for name, text in sections.items() if len(text) < 100] == []
    marks = {name: text.partition(".*")[0] for name, text in sections.items()}
    wanted = {
        name: f"*{check.severity}"
        + ", also after the tag" * check.also_after_tag
        for name, check in checks.items()
    }
    assert marks == wanted
    areas = [part.partition("\n")[0] for part in page.split("\n## ")[1:]]
    assert areas == list(dict.fromkeys(check.area for check in checks.values()))
