"""The errors that docs/troubleshooting.md explains are errors of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"
HEADING = re.compile(r"^### (`+)(.+)\1$", re.M)


def explained() -> list[str]:
    """Return the texts of the headings; `...` stands for what differs."""
    return [text.strip() for _, text in HEADING.findall(PAGE.read_text())]


def errors() -> Iterator[str]:
    """Yield the fact of every error and finding of the code."""
    for path in sorted((ROOT / "release_tasks").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            if getattr(node.func, "id", "") in ("ReleaseError", "Problem"):
                yield text_of(node.args[0])


def text_of(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if not isinstance(node, ast.JoinedStr):
        return ""
    parts = [
        part.value if isinstance(part, ast.Constant) else "..."
        for part in node.values
    ]
    return re.sub(r"(\.\.\.)+", "...", "".join(map(str, parts)))


def test_every_error_of_the_page_is_one_of_the_code() -> None:
    known = {text[:60] for text in errors()}
    unknown = [
        text
        for text in explained()
        if text.removesuffix("...")[:60] not in known and text[:60] not in known
    ]
    assert explained()
    assert unknown == []


def test_every_error_is_explained() -> None:
    sections = re.split(r"^### .*$", PAGE.read_text(), flags=re.M)[1:]
    assert [text for text in sections if len(text.strip()) < 40] == []
