"""The tags of a project as filters of a workflow (docs.github.com, "Filter pattern")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.errors import ReleaseError
from release_tasks.project import workflows
from release_tasks.project.model import Project

SPECIAL = re.compile(r"([*?+\[\]!\\])")
NUMBER = "[0-9]*"  # a version begins with a digit
EXAMPLE = "1.2.3"


def filters(project: Project) -> Iterator[str]:
    """Yield a filter for the tags of each component.

    Raises `ReleaseError` where the filter of one component lets tags of another pass: one tag
    would release both.
    """
    found = {}
    for component in project.components:
        found[component.name] = _filter(component.tag)
    for component in project.components:
        tag = component.tag.format(version=EXAMPLE)
        for name, pattern in found.items():
            if name != component.name and workflows.passes(tag, (pattern,)):
                raise ReleaseError(
                    f"the tag {tag} of {component.name} looks like one of {name}, "
                    f"whose filter is {pattern}",
                    f'give {component.name} another `tag`, such as "{component.name}-v{{version}}"',
                )
    yield from dict.fromkeys(found.values())


def _filter(form: str) -> str:
    before, _, after = form.partition("{version}")
    return f"{_literal(before)}{NUMBER}{_literal(after)}"


def _literal(text: str) -> str:
    return SPECIAL.sub(r"\\\1", text)
