"""One step per file: the file, the function and the step have one name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from invoke.tasks import Task, task

HELP = {
    "version": "the version, X.Y.Z; default: the one this checkout is at",
    "component": "the component a single version is for; default: all",
    "new": "names that may be published for the first time, with commas, or all",
    "parse": "a tag: only print its component and version, as JSON",
    "target": "Rust targets to build for, with commas; default: what the settings name",
}


def step(function: Callable[..., None]) -> Task[Callable[..., None]]:
    """Make a task of a step: `version` and `component` first, the same help everywhere."""
    named: dict[str, str] = {key: HELP[key] for key in list(inspect.signature(function).parameters)[1:]}
    made: Any = task(auto_shortflags=False, help=named)(function)
    return made  # type: ignore[no-any-return]  # invoke's decorator is untyped
