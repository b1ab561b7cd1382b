"""docs/runbooks.md: each statement of five runbooks, how it is met, and the tests that show it."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = "runbooks.md"
ROOT = Path(__file__).parents[1]
SOURCE = Path(__file__).with_name("runbooks.toml")
TESTS = ROOT / "tests"
GOLDEN = TESTS / "golden"
STATEMENT = re.compile(r"B\d+\.\d+")
NONE = "no test"
INTRODUCTION = """\
# Runbooks

<!-- Written by `python -m manual`, from manual/runbooks.toml and the marks of the tests. -->

Five real projects have written down how they release. This page turns their runbooks into
statements: what the tool must do so that each project can delete its runbook. It says how each is
met, and which tests show it. *In part* and *not yet* say what is missing.

The tests publish with the real clients (cargo, twine, docker, helm, gh, git), to registries on the
same machine, which stand in for crates.io, PyPI, GHCR and GitHub. Where more than that stands in
for something, the row says so.

What each project did, and what it runs now: [llmtrace](projects/llmtrace.md),
[llmcc](projects/llmcc.md), [llm-proxy](projects/llm-proxy.md), [caro](projects/caro.md),
[edgequake-llm](projects/edgequake-llm.md).

"""


@dataclass(frozen=True)
class Statement:
    """What a runbook asks for.

    `missing` says what nothing meets, `partly` what of it is not met; else both are empty.
    """

    name: str
    says: str
    how: str
    stands_in: str
    missing: str
    partly: str
    tests: tuple[str, ...]

    @property
    def row(self) -> str:
        """Return the row of the table."""
        how = self.how
        if self.stands_in:
            how += f". Here {self.stands_in}"
        if self.missing:
            how = f"*Not yet:* {self.missing}. {how}".removesuffix(". ")
        if self.partly:
            how = f"*In part:* {self.partly}. {how}"
        tests = "<br>".join(f"`{test}`" for test in self.tests) or NONE
        cells = (f"**{self.name}** {self.says}", how, tests)
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def page() -> str:
    """Return the text of the page."""
    parts = [INTRODUCTION + _count()]
    shown = statements()
    for key, project in _source().items():
        parts.append(
            f"## {key}: {project['title']} (`{project['repository']}`)\n"
        )
        parts.append("| statement | how it is met | shown by |\n|---|---|---|")
        parts += [row.row for row in shown if row.name.startswith(f"{key}.")]
        parts.append("\nWhere this runbook is wrong:\n")
        parts.append("| it says | what is so, and what is done instead |")
        parts.append("|---|---|")
        for says, instead in project["wrong"]:
            parts.append(f"| {says} | {instead} |")
        parts.append("")
    return "\n".join(parts)


def statements() -> list[Statement]:
    """Return all statements, in the order of the runbooks."""
    cited = citations()
    found = []
    for key, project in _source().items():
        for number, row in project["statements"].items():
            name = f"{key}.{number}"
            found.append(
                Statement(
                    name,
                    row["says"],
                    row.get("how", ""),
                    row.get("by", ""),
                    row.get("not-yet", ""),
                    row.get("partly", ""),
                    tuple(cited.get(name, ())),
                )
            )
    return found


def citations() -> Mapping[str, list[str]]:
    """Return the tests that cite a statement, as `FOLDER/FILE: NAME`, by its name."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        place = path.relative_to(TESTS).with_suffix("").as_posix()
        for test, names in _marks(path):
            for name in names:
                found[name].append(f"{place}: {test.removeprefix('test_')}")
    for path in sorted(GOLDEN.glob("*/command.json")):
        for name in json.loads(path.read_text("utf-8")).get("shows", ()):
            found[name].append(f"golden/{path.parent.name}")
    return found


def _marks(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each test of a file that cites statements, with these, once each."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        cited = []
        for decorator in node.decorator_list:
            cited += [text for text in _texts(decorator) if text not in cited]
        if cited:
            yield node.name, cited


def _texts(decorator: ast.expr) -> Iterator[str]:
    """Yield the names in the marks of a decorator, also in those of single parameters."""
    for call in ast.walk(decorator):
        if not isinstance(call, ast.Call):
            continue
        if getattr(call.func, "attr", "") != "statement":
            continue
        for argument in call.args:
            if isinstance(argument, ast.Constant):
                yield str(argument.value)


def _source() -> dict[str, Any]:
    return tomllib.loads(SOURCE.read_text("utf-8"))


def _count() -> str:
    """Return how many statements there are, and how many are met."""
    shown = statements()
    missing = [row for row in shown if row.missing]
    partly = [row for row in shown if row.partly]
    met = len(shown) - len(missing) - len(partly)
    return (
        f"{len(shown)} statements: {met} are met, {len(partly)} in part, "
        f"{len(missing)} not yet.\n"
    )
