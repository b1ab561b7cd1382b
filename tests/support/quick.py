"""Which tests are quick: those that start no local registries, and neither compile nor release."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType

import pytest

QUICK_TOOLS = {"git"}
STARTERS = {  # functions that start local registries, or a project that has some
    "Servers",
    "hosted_project",
    "local_github",
    "local_registries",
    "local_registry",
    "run_registries",
    "running_daemon",
    "sample_release",
    "tiny_project",
}


def is_quick(item: pytest.Function) -> bool:
    """Judge by a test's marks, and by what the test and its fixtures call.

    A file whose cargo only reads workspaces is marked as quick by itself.
    """
    if item.get_closest_marker("quick"):
        return True
    tools = {name for mark in item.iter_markers("tools") for name in mark.args}
    if item.get_closest_marker("slow") or not tools <= QUICK_TOOLS:
        return False
    functions = [item.function, *_fixtures(item)]
    return not any(
        _starts_registries(function, set()) for function in functions
    )


def _fixtures(item: pytest.Function) -> Iterator[object]:
    for definitions in item._fixtureinfo.name2fixturedefs.values():
        for definition in definitions:
            yield definition.func


def _starts_registries(value: object, seen: set[object]) -> bool:
    """Follow a function into the functions that it calls by a global name."""
    if getattr(value, "__name__", "") in STARTERS:
        return True
    function = inspect.unwrap(value) if callable(value) else value
    if not isinstance(function, FunctionType) or function in seen:
        return False
    seen.add(function)
    names = _names(function.__code__)
    if not names.isdisjoint(STARTERS):
        return True
    called = [function.__globals__.get(name) for name in names]
    return any(_starts_registries(other, seen) for other in called)


def _names(code: CodeType) -> set[str]:
    """Return the global names and attributes that a function uses, inner functions included."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
    return names
