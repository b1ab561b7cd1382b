"""docs/findings.md: what each check finds and why, by hand; its fixes, from the code."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from types import ModuleType

from release_tasks.checks.artifacts import all as artifacts
from release_tasks.checks.check import Check
from release_tasks.checks.preflight import all as preflight

PAGE = "findings.md"
WIDTH = 118
# The end of the first sentence: names of programs may begin the next one.
_SENTENCE = re.compile(
    r"(?<=[.])\s+(?=[A-Z`\"]|cargo|crates\.io|docker|maturin|helm|git |pip )"
)
_SECTION = re.compile(r"^### (\S+)\n(.*?)(?=^##|\Z)", re.M | re.S)
_COMMAND = re.compile(
    r"(git|cargo|inv|gh|docker|helm|pip|rustup|rm|export|unset|echo) "
    r".*?(?=, | \(|; |: | sets | with a |$)"
)
_CHANGES = ("removeprefix", "removesuffix", "strip", "rstrip", "replace")
_MADE = ("**Fix:**", "**Ignore:**")


def page(text: str) -> str:
    """Return the page with what is made from the code written anew into each section."""
    checks = {
        check.name: check
        for check in (*preflight.checks(), *artifacts.checks())
    }

    def written(section: re.Match[str]) -> str:
        check = checks.get(section[1])
        if check is None:
            return section[0]
        return f"### {section[1]}\n\n{_body(section[2], check)}\n\n"

    return _SECTION.sub(written, text).rstrip("\n") + "\n"


def _body(text: str, check: Check) -> str:
    # a section that somebody has just written has a severity and a text
    paragraphs = [
        " ".join(paragraph.split())
        for paragraph in text.strip().split("\n\n")
        if not paragraph.startswith(_MADE)
    ]
    if "**Ignore:**" not in text:
        paragraphs[:1] = _what_and_why(paragraphs[0])
    paragraphs.append(_fix(check))
    paragraphs.append(
        f'**Ignore:** `{check.name} = "REASON"` in `[checks.ignore]`.'
    )
    return "\n\n".join(_wrapped(paragraph) for paragraph in paragraphs)


def _what_and_why(paragraph: str) -> list[str]:
    """Return the first sentence, behind the severity, and the rest as the reason."""
    severity, _, text = paragraph.partition(".* ")
    first, *rest = _SENTENCE.split(text, maxsplit=1)
    what = f"{severity}.* {first}"
    return [what, *(f"**Why:** {reason}" for reason in rest)]


def _wrapped(paragraph: str) -> str:
    return textwrap.fill(
        paragraph, WIDTH, break_long_words=False, break_on_hyphens=False
    )


def _fix(check: Check) -> str:
    fixes = list(dict.fromkeys(fixes_of(check)))
    if not fixes:
        return "**Fix:** printed with the finding."
    return f"**Fix:** {'; or '.join(fixes)}.".replace("?.", "?")


def fixes_of(check: Check) -> Iterator[str]:
    """Yield the fixes that a check may print; capitals stand for what is known only then."""
    module = inspect.getmodule(check.look)
    assert module is not None
    functions = _functions(module)
    for name in _called(check.look.__name__, functions):
        for text in _texts(functions[name], vars(module)):
            if re.search("[a-z]{3}", text):
                yield _as_markdown(text)


def _functions(module: ModuleType) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(inspect.getsource(module))
    return {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }


def _called(name: str, functions: dict[str, ast.FunctionDef]) -> list[str]:
    """Return a function and those of its module that it calls, itself or through others."""
    found = [name]
    for reached in found:
        for node in ast.walk(functions[reached]):
            if not isinstance(node, ast.Name) or node.id in found:
                continue
            if node.id in functions:
                found.append(node.id)
    return found


def _texts(
    function: ast.FunctionDef, constants: dict[str, object]
) -> Iterator[str]:
    """Yield the second argument of each `Problem(fact, fix)`, as text."""
    values = _assigned(function)
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        if getattr(node.func, "id", "") != "Problem":
            continue
        named = [word.value for word in node.keywords if word.arg == "fix"]
        for fix in [*node.args[1:2], *named]:
            yield from _possible(fix, values, constants)


def _assigned(function: ast.FunctionDef) -> dict[str, list[ast.expr]]:
    """Return every expression that a variable of the function gets."""
    values: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    values.setdefault(target.id, []).append(node.value)
    return values


def _possible(
    node: ast.expr,
    values: dict[str, list[ast.expr]],
    constants: dict[str, object],
) -> Iterator[str]:
    """Yield the texts that an expression may become."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(_piece(part, constants) for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from _possible(node.body, values, constants)
        yield from _possible(node.orelse, values, constants)
    elif isinstance(node, ast.Name):
        for value in values.get(node.id, []):
            if not isinstance(value, ast.Name):
                yield from _possible(value, values, constants)


def _piece(part: ast.expr, constants: dict[str, object]) -> str:
    """Return a part of an f-string: text, a constant, or a word for a value."""
    if isinstance(part, ast.Constant):
        return str(part.value)
    assert isinstance(part, ast.FormattedValue)
    return _word(part.value, constants)


def _word(node: ast.expr, constants: dict[str, object]) -> str:
    """Return what an expression is called: `word(crate.name)` is CRATE."""
    if isinstance(node, ast.Call):
        return _word_of_call(node, constants)
    if isinstance(node, ast.Subscript):
        return _word(node.value, constants)
    if isinstance(node, ast.BoolOp):
        return _word(node.values[0], constants)
    if isinstance(node, ast.Attribute):
        return _word_of_attribute(node, constants)
    if isinstance(node, ast.Name):
        constant = constants.get(node.id)
        if isinstance(constant, str):
            return constant
        return node.id.replace("_", "-").upper()
    if isinstance(node, ast.Constant):
        return str(node.value)
    return "..."


def _word_of_call(node: ast.Call, constants: dict[str, object]) -> str:
    method = getattr(node.func, "attr", "join")
    if node.args and method == "join":
        return _word(node.args[0], constants)
    if isinstance(node.func, ast.Attribute) and method in _CHANGES:
        return _word(node.func.value, constants)
    return _word(node.func, constants)


def _word_of_attribute(
    node: ast.Attribute, constants: dict[str, object]
) -> str:
    if node.attr not in ("name", "path", "join"):
        return node.attr.replace("_", "-").upper()
    return _word(node.value, constants)


def _as_markdown(text: str) -> str:
    """Return a fix without its full stop, as code where it is a command."""
    text = " ".join(text.split()).rstrip(":;")
    if text.endswith(".") and not text.endswith(".."):
        text = text[:-1]
    found = _COMMAND.match(text)
    if found:
        return f"`{found[0]}`{text[found.end() :]}"
    return text.replace("<", "&lt;").replace("*", "\\*")
