"""The targets of the settings, before anything is built for them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from release_tasks import shell
from release_tasks.checks.check import CheckContext, problem
from release_tasks.errors import Problem
from release_tasks.formats import text_files
from release_tasks.project import settings_errors
from release_tasks.project.model import Binary
from release_tasks.project.settings import FILE
from release_tasks.tools import rustc


@problem
def unknown_target(context: CheckContext) -> Iterator[Problem]:
    """Find each target of [binaries] that rustc does not know."""
    targets = {
        binary.target: binary.name
        for binary in context.shipped("binaries", Binary)
    }
    if not targets or not shell.found("rustc"):
        return
    known = rustc.targets(context.project.cargo_root)
    text = text_files.peek(context.release.checkout, FILE)
    for target, name in targets.items():
        if target in known:
            continue
        fix = "choose one of `rustc --print target-list`"
        if near := difflib.get_close_matches(target, known, 1):
            fix = f"did you mean {near[0]}?"
        line = settings_errors.line_of(text, ["binaries", name, target])
        fact = f"{target} is not a target of rustc"
        yield Problem(fact, fix, FILE, line)
