"""Where a string of a Python module is, found by the syntax tree and not by a pattern."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable
from typing import TypeGuard

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import BOM
from release_tasks.manifests.version_locations import Value

_QUOTED = re.compile(r"""[A-Za-z]{0,2}("{3}|'{3}|["'])(.*)\1""", re.S)


def assigned(text: str, path: str, name: str) -> list[Value]:
    """Return the strings assigned to `name` at the top level, in their order.

    Deeper assignments are fallbacks (`except PackageNotFoundError: __version__ = "0.0.0"`).
    """
    values = []
    for node in parsed(text, path).body:
        if name in _assigned_names(node):
            values.append(getattr(node, "value", None))
    return _literals(text, values)


def keyword(text: str, path: str, function: str, name: str) -> list[Value]:
    """Return the strings given as keyword `name` in calls of `function` (`setup(version=...)`)."""
    values = []
    for node in ast.walk(parsed(text, path)):
        if isinstance(node, ast.Call) and _called(node) == function:
            values += [
                argument.value
                for argument in node.keywords
                if argument.arg == name
            ]
    return _literals(text, values)


def strings(text: str, path: str) -> list[Value]:
    """Return every string of a module, without pieces of f-strings and of concatenations."""
    return _literals(
        text, (node for node in ast.walk(parsed(text, path)) if _is_text(node))
    )


def _is_text(node: ast.AST) -> TypeGuard[ast.expr]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def parsed(text: str, path: str) -> ast.Module:
    """Return the syntax tree of a module; raise `ReleaseError` with the line for bad Python."""
    fix = f"correct the syntax of {path}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.removeprefix(BOM))
    except SyntaxError as error:
        place = f"line {error.lineno}, column {error.offset}"
        raise ReleaseError(
            f"{path} is not valid Python: {error.msg} ({place})", fix
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        reason = str(error) or "it is nested too deeply"
        raise ReleaseError(
            f"{path} is not valid Python: {reason}", fix
        ) from None


def _assigned_names(node: ast.stmt) -> list[str]:
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _called(call: ast.Call) -> str:
    """Return the name of the function in `setup(...)` and in `setuptools.setup(...)`."""
    if isinstance(call.func, ast.Name):
        return call.func.id
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return ""


def _literals(text: str, values: Iterable[ast.expr | None]) -> list[Value]:
    starts = _line_starts(text)
    found = []
    for value in values:
        if not isinstance(value, ast.Constant) or not isinstance(
            value.value, str
        ):
            continue
        start = _position(text, starts, value.lineno, value.col_offset)
        end = _position(
            text,
            starts,
            value.end_lineno or value.lineno,
            value.end_col_offset or 0,
        )
        quoted = _QUOTED.fullmatch(text, start, end)
        # a concatenation, or a string with escapes, is not one literal text
        if quoted and quoted[2] == value.value:
            found.append(Value(value.value, *quoted.span(2)))
    return sorted(found, key=lambda literal: literal.start)


def _line_starts(text: str) -> list[int]:
    first = 1 if text.startswith(BOM) else 0
    return [first, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]


def _position(text: str, starts: list[int], line: int, column: int) -> int:
    # the syntax tree counts columns in bytes of UTF-8
    start = starts[line - 1]
    line_bytes = text[start:].split("\n", 1)[0].encode()
    return start + len(line_bytes[:column].decode())
