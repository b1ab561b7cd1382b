"""How dense the code is: `python -m benchmarks.density [FOLDER...]` (default: release_tasks)."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from dataclasses import dataclass
from pathlib import Path

LONGEST = 100  # columns
LAYOUT = {
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.COMMENT,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


@dataclass(frozen=True)
class Density:
    """What was counted in some files."""

    tokens: int
    code_lines: int  # without docstrings, comments and blank lines
    lines: int
    conditional_expressions: int
    long_lines: int

    def __add__(self, other: Density) -> Density:
        return Density(
            self.tokens + other.tokens,
            self.code_lines + other.code_lines,
            self.lines + other.lines,
            self.conditional_expressions + other.conditional_expressions,
            self.long_lines + other.long_lines,
        )

    def __str__(self) -> str:
        tokens = self.tokens / max(1, self.code_lines)
        conditionals = 1000 * self.conditional_expressions / max(1, self.lines)
        return (
            f"{self.code_lines:6} lines of code  {tokens:5.2f} tokens a line  "
            f"{conditionals:5.1f} conditional expressions per 1000 lines  "
            f"{self.long_lines:3} lines over {LONGEST} columns"
        )


EMPTY = Density(0, 0, 0, 0, 0)


def measure(text: str) -> Density:
    """Count what is in the text of one module."""
    tree = ast.parse(text)
    docstrings = _docstring_lines(tree)
    tokens, code_lines = 0, set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in LAYOUT or token.start[0] in docstrings:
            continue
        tokens += 1
        code_lines.update(range(token.start[0], token.end[0] + 1))
    lines = text.splitlines()
    conditionals = [node for node in ast.walk(tree) if isinstance(node, ast.IfExp)]
    too_long = [line for line in lines if len(line) > LONGEST]
    return Density(
        tokens, len(code_lines), len(lines), len(conditionals), len(too_long)
    )


def _docstring_lines(tree: ast.AST) -> set[int]:
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef):
            if ast.get_docstring(node, clean=False) is None:
                continue
            first = node.body[0]
            found.update(range(first.lineno, (first.end_lineno or 0) + 1))
    return found


def main() -> None:
    """Print a line for each package, and one for all."""
    for name in sys.argv[1:] or ["release_tasks"]:
        packages: dict[str, Density] = {}
        for path in sorted(Path(name).rglob("*.py")):
            parts = path.relative_to(name).parts
            package = "." if len(parts) == 1 else parts[0]
            found = measure(path.read_text())
            packages[package] = packages.get(package, EMPTY) + found
        for package, density in packages.items():
            print(f"{name}/{package:<12} {density}")
        print(f"{name:<26} {sum(packages.values(), EMPTY)}")


if __name__ == "__main__":
    main()
