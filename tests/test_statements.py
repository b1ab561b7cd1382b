"""The statements of docs/runbooks.md that tests cite."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
LISTED = re.compile(r"^- \*\*(B\d+\.\d+)\*\*", re.MULTILINE)
CITED = re.compile(r'"(B\d+\.\d+)"')


def test_every_cited_statement_is_listed() -> None:
    listed = LISTED.findall((ROOT / "docs" / "runbooks.md").read_text())
    assert listed
    assert len(set(listed)) == len(listed)
    offenders = [
        f"{path.relative_to(ROOT)} cites {name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for name in CITED.findall(path.read_text())
        if name not in listed
    ]
    assert offenders == []
