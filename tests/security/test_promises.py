"""SECURITY.md promises nothing that no test attacks."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PAGE = (ROOT / "SECURITY.md").read_text()
HOLDS = PAGE.partition("## What holds")[2].partition("\n## ")[0]
ROW = re.compile(r"^\| (?!\*\*|promise |---)(.+) \| (.*) \|$", re.MULTILINE)
PROMISES = dict(ROW.findall(HOLDS))


def named(tests: str) -> list[tuple[Path, str]]:
    """Return the file and name of each test in a cell; a file counts until the next one."""
    found = []
    file = ""
    for text in re.findall(r"`([^`]+)`", tests):
        given, _, name = text.partition("::")
        file = given or file
        found.append((HERE / file, name))
    return found


def defined(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef)
    }


def test_the_page_has_promises() -> None:
    rows = [line for line in HOLDS.splitlines() if line.startswith("| ")]
    titles = [line for line in rows if line.startswith("| **")]
    assert len(PROMISES) == len(rows) - len(titles) - 1 > 30


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_names_its_tests(promise: str) -> None:
    tests = named(PROMISES[promise])
    assert tests
    for path, name in tests:
        assert path.is_file(), path
        assert name.startswith("test_")
        assert name in defined(path), f"{path.name} has no {name}"


def test_every_file_of_attacks_is_named() -> None:
    files = {
        path.resolve() for row in PROMISES.values() for path, _ in named(row)
    }
    ours = set(HERE.glob("test_*.py")) - {Path(__file__)}
    assert ours - files == set()


def test_the_sessions_that_the_page_names_are_there() -> None:
    sessions = set(re.findall(r"`nox -s ([\w-]+)`", PAGE))
    assert sessions
    assert sessions <= defined(ROOT / "noxfile.py")
