"""docs/findings.md says of each finding what it is and which failure it comes from."""

from __future__ import annotations

from pathlib import Path

from release_tasks.checks.artifacts.all import kinds as proofs
from release_tasks.checks.preflight.all import kinds as findings


def test_the_page_of_findings_is_complete() -> None:
    kinds = (*findings(), *proofs())
    page = (Path(__file__).parents[3] / "docs" / "findings.md").read_text()
    sections = [part.partition("\n") for part in page.split("\n### ")[1:]]
    assert sorted(heading for heading, _, _ in sections) == sorted(kind.name for kind in kinds)
    assert all(len(text.strip()) > 100 for _, _, text in sections)
    severity = {kind.name: kind.severity for kind in kinds}
    assert [
        heading
        for heading, _, text in sections
        if not text.strip().startswith(f"*{severity[heading]}")
    ] == []
    lasting = {kind.name for kind in kinds if kind.also_after_tag}
    assert {
        heading
        for heading, _, text in sections
        if text.strip().partition(".*")[0].endswith(", lasting")
    } == lasting
    areas = [part.partition("\n")[0] for part in page.split("\n## ")[1:]]
    assert areas == list(dict.fromkeys(kind.area for kind in kinds))
