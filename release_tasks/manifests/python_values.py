"""Where a string stands in a Python module, found by its syntax tree and not by a pattern."""

from __future__ import annotations

import ast
import re
import warnings

from release_tasks.errors import ReleaseError
from release_tasks.manifests.version_locations import BOM, Value

_QUOTED = re.compile(r"""[A-Za-z]{0,2}("{3}|'{3}|["'])(.*)\1""", re.S)


def assigned(text: str, path: str, name: str) -> list[Value]:
    """Return the strings assigned to `name` at the top level, in their order.

    What stands deeper is a fallback (`except PackageNotFoundError: __version__ = "0.0.0"`).
    """

    def found(node: ast.AST) -> ast.expr | None:
        if isinstance(node, ast.Assign) and any(
            isinstance(one, ast.Name) and one.id == name for one in node.targets
        ):
            return node.value
        is_it = (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and node.target.id == name
        )
        return node.value if is_it and isinstance(node, ast.AnnAssign) else None

    return _literals(text, [value for node in _parsed(text, path).body if (value := found(node))])


def keyword(text: str, path: str, function: str, name: str) -> list[Value]:
    """Return the strings given as keyword `name` to calls of `function` (`setup(version=...)`)."""
    calls = [
        node
        for node in ast.walk(_parsed(text, path))
        if isinstance(node, ast.Call) and _called(node) == function
    ]
    return _literals(
        text, [one.value for call in calls for one in call.keywords if one.arg == name]
    )


def _called(call: ast.Call) -> str:
    return str(getattr(call.func, "id", getattr(call.func, "attr", "")))


def _parsed(text: str, path: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.removeprefix(BOM))
    except SyntaxError as error:
        where = f"line {error.lineno}, column {error.offset}"
        raise ReleaseError(f"{path} is no Python: {error.msg} ({where})", f"mend {path}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ReleaseError(
            f"{path} is no Python: {error or 'it is nested too deeply'}", f"mend {path}"
        ) from None


def _literals(text: str, values: list[ast.expr]) -> list[Value]:
    starts = _line_starts(text)
    found = []
    for value in values:
        if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
            continue
        start = _position(text, starts, value.lineno, value.col_offset)
        end = _position(text, starts, value.end_lineno or value.lineno, value.end_col_offset or 0)
        quoted = _QUOTED.fullmatch(text, start, end)
        if quoted is not None and quoted[2] == value.value:
            found.append(Value(value.value, *quoted.span(2)))
    return sorted(found, key=lambda literal: literal.start)


def _line_starts(text: str) -> list[int]:
    first = 1 if text.startswith(BOM) else 0
    return [first, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]


def _position(text: str, starts: list[int], line: int, column: int) -> int:
    # the tree counts columns in bytes of UTF-8
    start = starts[line - 1]
    return start + len(text[start:].split("\n", 1)[0].encode()[:column].decode())
