"""YAML texts of repositories, charts and servers, read with limits and with one kind of error."""

from __future__ import annotations

import re
from typing import Any

from release_tasks.errors import ReleaseError

# values of a text with its aliases written out; a text of a few lines can have billions
MOST_VALUES = 1_000_000
BUGS = (  # what ruamel.yaml raises for some invalid texts
    ValueError,
    RecursionError,
    LookupError,
    AttributeError,
    TypeError,
    AssertionError,
    OverflowError,
)


# not at the beginning of a line, where YAML has none
_TABS = re.compile(r"(?<=\S)[ \t]*\t[ \t]*")


class Unreadable(ReleaseError):
    """A text is not valid YAML, is nested too deeply, or too large with its aliases."""


def load(text: str, path: str) -> Any:
    """Return what a one-document YAML text holds: dicts, lists, and its scalars.

    Raises `Unreadable` with line and column for bad YAML.
    """
    found = load_all(text, path)
    if len(found) > 1:
        raise invalid(path, "it has several documents")
    return found[0] if found else None


def load_all(text: str, path: str) -> list[Any]:
    """Return each document of a YAML text. Raises `Unreadable`.

    A tab between words, or behind a value, is white space (YAML 1.2.2, 6.2). ruamel.yaml refuses
    it, so such a text is read again with blanks.
    """
    try:
        return _documents(text, path)
    except Unreadable:
        spaced = _TABS.sub(lambda tabs: " " * len(tabs[0]), text)
        if spaced == text:
            raise
    return _documents(spaced, path)


def _documents(text: str, path: str) -> list[Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        if "&" in text and "*" in text:
            for node in YAML(typ="safe", pure=True).compose_all(text):
                refuse_large(node, path, endless=MOST_VALUES + 1)
        return list(YAML(typ="safe", pure=True).load_all(text))
    except MarkedYAMLError as error:
        raise invalid(path, marked(error)) from None
    except (YAMLError, *BUGS) as error:
        reason = str(error) or "it is nested too deeply"
        raise invalid(path, reason.splitlines()[0]) from None


def marked(error: Any) -> str:
    """Return what ruamel.yaml says, with line and column."""
    reason = str(error.problem or error.context)
    mark = error.problem_mark or error.context_mark
    if mark:
        reason += f" (line {mark.line + 1}, column {mark.column + 1})"
    return reason


def invalid(path: str, reason: str) -> Unreadable:
    """Return the error for a text that cannot be read."""
    return Unreadable(
        f"{path} is not valid YAML: {reason}", f"correct the syntax of {path}"
    )


def refuse_large(node: Any, path: str, endless: int = 0) -> None:
    """Raise `Unreadable` for a node with too many values, its aliases written out.

    A node within itself counts as `endless`: 0 where the caller passes over it.
    """
    if _size(node, {}, endless) > MOST_VALUES:
        raise invalid(path, "it is too large with its aliases written out")


def _size(node: Any, known: dict[int, int], endless: int) -> int:
    """Return how many values a node has; `known` are those of nodes by identity."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = endless  # as long as it is being counted
    size = 1
    values = node.value if isinstance(node.value, list) else ()
    for value in values:
        parts = value if isinstance(value, tuple) else (value,)
        size += sum(_size(part, known, endless) for part in parts)
    known[id(node)] = size
    return size
