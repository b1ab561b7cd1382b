"""The tags of a project as filters of a workflow (docs.github.com, "Filter pattern")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.project.model import Project

# a `]` alone is text, and may not be escaped
SPECIAL = re.compile(r"([*?+\[!\\])")
NUMBER = "[0-9]*"  # a version begins with a digit


def filters(project: Project) -> Iterator[str]:
    """Yield a filter for the tags of each component.

    A tag may pass several: settings in which it would be of two components are refused when they
    are read, and the run asks its tag what it releases.
    """
    found = [_filter(component.tag) for component in project.components]
    yield from dict.fromkeys(found)


def _filter(form: str) -> str:
    before, _, after = form.partition("{version}")
    return f"{_literal(before)}{NUMBER}{_literal(after)}"


def _literal(text: str) -> str:
    return SPECIAL.sub(r"\\\1", text)
