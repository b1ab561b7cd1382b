"""docs/findings.md says of each finding what it is and which failure it comes from."""

from __future__ import annotations

from pathlib import Path

from release_tasks.findings.all import kinds as findings
from release_tasks.proofs.all import kinds as proofs


def test_the_page_of_findings_is_complete() -> None:
    kinds = (*findings(), *proofs())
    page = (Path(__file__).parents[2] / "docs" / "findings.md").read_text()
    sections = [part.partition("\n") for part in page.split("\n### ")[1:]]
    assert sorted(heading for heading, _, _ in sections) == sorted(kind.name for kind in kinds)
    assert all(len(text.strip()) > 100 for _, _, text in sections)
    severity = {kind.name: kind.severity for kind in kinds}
    assert [heading for heading, _, text in sections if not text.strip().startswith(f"*{severity[heading]}")] == []
    lasting = {kind.name for kind in kinds if kind.lasting}
    assert {heading for heading, _, text in sections if text.strip().partition(".*")[0].endswith(", lasting")} == lasting
    areas = [part.partition("\n")[0] for part in page.split("\n## ")[1:]]
    assert areas == list(dict.fromkeys(kind.area for kind in kinds))
