"""Every place in the code that says what to do, and a row for what happens when that is done."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import release_tasks
from release_tasks.errors import ReleaseError

PACKAGE = Path(str(release_tasks.__file__)).parent
MAKERS = ("ReleaseError", "Problem")
ANYTHING = ".*"
# what a help leaves to the reader
BLANKS = re.compile(r"\b[A-Z][A-Z.]+\b|\.\.\.")
WORD = re.compile(r"[\w.+-]+")

Read = Callable[[Path, str], object]


@dataclass(frozen=True)
class Row:
    """A text that is refused at a place of the code, and the text that its help leads to.

    `help` is what is followed of the help text. Every word of `right` that `wrong` does not have
    is in the help, or among `own`: those that only the user can know.
    """

    place: str  # FILE:FUNCTION
    wrong: str
    help: str
    right: str | Callable[[str], str]
    own: str = ""

    def follow(self, read: Read, folder: Path) -> None:
        """Read the wrong text, do what its help says, and read the right one."""
        fix = helped(lambda: read(folder, self.wrong), self.help)
        assert comes_from(self.place, fix), (
            f"not the help of {self.place}: {fix}"
        )
        right = self.right if isinstance(self.right, str) else self.right(fix)
        assert right != self.wrong
        if not BLANKS.search(self.help):
            known = WORD.findall(f"{self.wrong} {fix} {self.own}")
            assert set(WORD.findall(right)) - set(known) == set()
        read(folder, right)


def helped(act: Callable[[], object], words: str) -> str:
    """Return the help text with these words, of the error that `act` ends in."""
    with pytest.raises(ReleaseError) as caught:
        act()
    found = [problem.fix for problem in caught.value.problems]
    named = [fix for fix in found if words in fix]
    assert named, f"{words!r} is in none of {found}"
    return named[0]


def comes_from(place: str, fix: str) -> bool:
    """Tell whether a function of the code can have made a help text."""
    return any(re.fullmatch(pattern, fix, re.S) for pattern in places()[place])


@cache  # every row asks, and the whole package is parsed
def places() -> dict[str, list[str]]:
    """Return the functions that make errors, as FILE:FUNCTION, with patterns of their helps.

    One that passes on the help of another error makes none of its own.
    """
    return dict(_places())


def _places() -> Iterator[tuple[str, list[str]]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith("checks/preflight/"):
            continue  # findings have tests of their own
        for function, helps in _by_function(ast.parse(path.read_text())):
            yield f"{name}:{function}", helps


def _by_function(tree: ast.Module) -> Iterable[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}

    def visit(node: ast.AST, function: ast.FunctionDef | None) -> None:
        if isinstance(node, ast.FunctionDef):
            function = node
        if isinstance(node, ast.Call) and function is not None:
            helps = _help_of(node, function)
            if helps:
                found.setdefault(function.name, []).extend(helps)
        for child in ast.iter_child_nodes(node):
            visit(child, function)

    visit(tree, None)
    return found.items()


def _help_of(call: ast.Call, function: ast.FunctionDef) -> list[str]:
    if not isinstance(call.func, ast.Name) or call.func.id not in MAKERS:
        return []
    given = [one.value for one in call.keywords if one.arg == "fix"]
    given += call.args[1:2]
    if not given or _is_passed_on(given[0]):
        return []
    if isinstance(given[0], ast.Name):
        values = _assigned(given[0].id, function)
        return [_pattern(value) for value in values] or [ANYTHING]
    return [_pattern(given[0])]


def _is_passed_on(value: ast.expr) -> bool:
    return isinstance(value, ast.Attribute) and value.attr in ("fix", "problem")


def _assigned(name: str, function: ast.FunctionDef) -> list[ast.expr]:
    return [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id == name
    ]


def _pattern(value: ast.expr) -> str:
    """Return a pattern of a text as the code has it; what is filled in may be anything."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return re.escape(value.value)
    if isinstance(value, ast.JoinedStr):
        return "".join(map(_pattern, value.values))
    if isinstance(value, ast.BinOp):
        return _pattern(value.left) + _pattern(value.right)
    return ANYTHING
