"""The settings: what they leave open about what is released."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.checks.check import CheckContext, also_after_tag
from release_tasks.errors import Problem
from release_tasks.formats import text_files
from release_tasks.project import settings_errors
from release_tasks.project.kinds import KINDS
from release_tasks.project.model import Unresolved
from release_tasks.project.settings import FILE


@also_after_tag
def unresolved_artifact(context: CheckContext) -> Iterator[Problem]:
    """Find each table that names nothing of the project, and each choice that is left open."""
    text = text_files.peek(context.release.checkout, FILE)
    for one in unresolved(context):
        yield _with_line(one, text)


def unresolved(context: CheckContext) -> Iterator[Problem]:
    """Yield why something of the components cannot be decided."""
    for part in context.release.parts:
        for kind in KINDS:
            found = getattr(part.component, kind.name)
            if isinstance(found, Unresolved):
                yield from found.problems


def _with_line(found: Problem, text: str) -> Problem:
    """Return a problem with the line of the settings `text` that it is about, if there is one."""
    line = settings_errors.place_of(found.fact, text)
    if not line:
        return found
    fact = found.fact.removeprefix(f"{FILE}: ")
    return Problem(fact, found.fix, FILE, line)
