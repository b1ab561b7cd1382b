"""The statements of docs/runbooks.md: each is shown by a test, or the page says what is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import release_tasks
from manual import runbooks
from release_tasks.tasks import dashed

TESTS = Path(__file__).parent
CITED = re.compile(r'"(B\d+\.\d+)"')
QUICK_REFERENCE = ("settings", "tag", "watch", "verify", "package-bundles")
QUICK_REFERENCE += ("status", "rollback")


def test_every_cited_statement_is_listed() -> None:
    listed = [row.name for row in runbooks.statements()]
    assert len(listed) == len(set(listed)) == 218
    offenders = [
        f"{path.relative_to(TESTS)} cites {name}"
        for path in sorted(TESTS.rglob("test_*.py"))
        for name in CITED.findall(path.read_text())
        if name not in listed
    ]
    assert offenders == []


def test_every_citation_is_found() -> None:
    """Also those of single parameters of a test."""
    cited = runbooks.citations()
    for path in sorted(TESTS.rglob("test_*.py")):
        if path == Path(__file__):
            continue
        place = path.relative_to(TESTS).with_suffix("").as_posix()
        for name in CITED.findall(path.read_text()):
            assert any(row.startswith(f"{place}: ") for row in cited[name])


def test_every_statement_is_shown_or_its_page_says_what_is_missing() -> None:
    for row in runbooks.statements():
        assert row.says.endswith("."), row.name
        assert row.how or row.missing, row.name
        assert not row.how.endswith("."), row.name
        assert not (row.partly and row.missing), row.name
        assert bool(row.tests) != bool(row.missing), (
            f"{row.name}: cite it in a test, or say `not-yet` in {runbooks.SOURCE.name}"
        )


@pytest.mark.statement("B4.60")
def test_each_command_of_the_quick_reference_is_a_task() -> None:
    names = {dashed(name) for name in release_tasks.ns.tasks}
    assert names >= {*QUICK_REFERENCE}
