"""How dense the code is: `python -m benchmarks density [FOLDER...]` (default: release_tasks)."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LONGEST = 100  # columns
LARGEST = 10  # functions that are listed
LAYOUT = {
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.COMMENT,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Density:
    """What was counted in some files."""

    tokens: int = 0
    code_lines: int = 0  # without docstrings, comments and blank lines
    lines: int = 0
    conditional_expressions: int = 0
    long_lines: int = 0

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


@dataclass(frozen=True)
class Function:
    """A function of some file; `lines` has its docstring as well."""

    lines: int
    name: str
    path: Path


def main(folders: Sequence[str]) -> None:
    """Print the density of each package, the largest functions and the circles of imports."""
    for name in folders or ["release_tasks"]:
        texts = {
            path: path.read_text() for path in sorted(Path(name).rglob("*.py"))
        }
        packages: dict[str, Density] = {}
        for path, text in texts.items():
            package = first_level(path.relative_to(name))
            packages[package] = packages.get(package, Density()) + measure(text)
        for package, density in packages.items():
            print(f"{name}/{package:<16} {density}")
        print(f"{name:<30} {sum(packages.values(), Density())}")
        print("largest functions:")
        for function in largest_functions(texts):
            print(
                f"  {function.lines:3} lines  {function.path}  {function.name}"
            )
        found = circles(imports(Path(name), texts))
        names = [" - ".join(circle) for circle in found] or ["none"]
        print(f"circles between packages: {', '.join(names)}")


def first_level(path: Path) -> str:
    """Return the package of a file, or the module's own name, as the second level of imports."""
    return path.with_suffix("").parts[0]


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
    conditionals = [
        node for node in ast.walk(tree) if isinstance(node, ast.IfExp)
    ]
    too_long = [line for line in lines if len(line) > LONGEST]
    return Density(
        tokens, len(code_lines), len(lines), len(conditionals), len(too_long)
    )


def _docstring_lines(tree: ast.AST) -> set[int]:
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, Documented) and ast.get_docstring(node) is not None:
            found.update(_lines(node.body[0]))
    return found


def _lines(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def largest_functions(texts: Mapping[Path, str]) -> list[Function]:
    """Return the functions with the most lines, largest first."""
    found = []
    for path, text in texts.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.append(Function(len(_lines(node)), node.name, path))
    found.sort(key=lambda function: function.lines, reverse=True)
    return found[:LARGEST]


def imports(root: Path, texts: Mapping[Path, str]) -> dict[str, set[str]]:
    """Return the packages that each package imports, in functions and for types as well."""
    found: dict[str, set[str]] = {}
    for path, text in texts.items():
        package = first_level(path.relative_to(root))
        used = found.setdefault(package, set())
        for name in _imported(ast.parse(text)):
            parts = name.split(".")
            if parts[0] == root.name and len(parts) > 1:
                used.add(parts[1])
    for package, used in found.items():
        used.discard(package)
        used.intersection_update(found)
    return found


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def circles(used: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of packages of which each imports all others, directly or not."""
    reached = {package: _reached(package, used) for package in used}
    found: list[list[str]] = []
    for package in sorted(used):
        circle = [
            other for other in reached[package] if package in reached[other]
        ]
        if package in circle and sorted(circle) not in found:
            found.append(sorted(circle))
    return found


def _reached(package: str, used: Mapping[str, set[str]]) -> set[str]:
    """Return every package that one imports, directly or not."""
    found: set[str] = set()
    waiting = [*used[package]]
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.add(other)
            waiting.extend(used[other])
    return found
