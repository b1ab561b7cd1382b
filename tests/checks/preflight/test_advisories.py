"""What the audit of a project passes over is shown, with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.crate_projects import chain, findings
from support.repositories import commit_all

from release_tasks.checks.preflight import advisories

pytestmark = pytest.mark.tools("cargo")
AUDIT = """\
[advisories]
# "RUSTSEC-2020-0001" was fixed
ignore = [
    "RUSTSEC-2024-0001",  # only on Windows, see #12
    # waits for hyper 2
    "RUSTSEC-2024-0002",
    "RUSTSEC-2024-0003",
]
[output]
quiet = "RUSTSEC-2024-0009"
"""
DENY = """\
[advisories]
ignore = [{ id = "RUSTSEC-2025-0004", reason = "no input from others, #3" }]
"""


@pytest.mark.statement("B5.22")
def test_each_ignored_advisory_is_shown_with_its_reason(tmp_path: Path) -> None:
    root = chain(tmp_path / "shop")
    assert findings(root, advisories) == []
    (root / ".cargo").mkdir()
    (root / ".cargo/audit.toml").write_text(AUDIT)
    (root / "deny.toml").write_text(DENY)
    commit_all(root)
    audit, why = ".cargo/audit.toml", "the audit ignores"
    assert findings(root, advisories) == [
        (
            "ignored-advisory",
            f"{why} RUSTSEC-2024-0001: only on Windows, see #12",
            f"remove it from {audit} once no dependency needs it",
        ),
        (
            "ignored-advisory",
            f"{why} RUSTSEC-2024-0002: waits for hyper 2",
            f"remove it from {audit} once no dependency needs it",
        ),
        (
            "ignored-advisory",
            f"{why} RUSTSEC-2024-0003, and {audit} does not say why",
            f"write the reason behind it in {audit}, as a comment",
        ),
        (
            "ignored-advisory",
            f"{why} RUSTSEC-2025-0004: no input from others, #3",
            "remove it from deny.toml once no dependency needs it",
        ),
    ]
