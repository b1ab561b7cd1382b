"""The project's workflows, read as GitHub Actions reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

ALL = "**"
GLOB_WORDS = {"**": ".*", "*": "[^/]*", "?": "?", "+": "+"}  # as regular expressions


@dataclass(frozen=True)
class Workflow:
    """A file of .github/workflows.

    `broken` is why it is not valid YAML; GitHub ignores it then.
    """

    path: str
    text: str
    data: dict[Any, Any] = field(default_factory=dict)
    broken: str = ""

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        """Return the jobs by name, without malformed ones."""
        jobs = self.data.get("jobs") or {}
        return {str(name): job for name, job in jobs.items() if isinstance(job, dict)}

    @property
    def name(self) -> str:
        """Return the name by which other workflows wait for it."""
        return str(self.data.get("name") or self.path)

    @property
    def follows(self) -> tuple[str, ...]:
        """Return the names of the workflows after whose runs on tags it runs."""
        run = self._trigger_options("workflow_run")
        if "branches" in run:
            return ()
        return _texts(run.get("workflows"))

    @cached_property
    def filters(self) -> tuple[str, ...]:
        """Return the filters of the tags that it runs on: none for no tag, `ALL` for every tag."""
        trigger = self._trigger
        events = [trigger] if isinstance(trigger, str) else list(trigger or ())
        if "release" in events:
            return (ALL,)  # a release that goes public has a tag
        if "push" not in events:
            return ()
        push = self._trigger_options("push")
        if "tags" in push:
            return _texts(push["tags"])
        if "branches" in push or "tags-ignore" in push:
            return ()
        return (ALL,)

    @property
    def _trigger(self) -> Any:
        return self.data.get(
            "on", self.data.get(True, {})
        )  # YAML 1.1 reads `on` as true

    def _trigger_options(self, event: str) -> dict[str, Any]:
        trigger = self._trigger
        options = trigger.get(event) if isinstance(trigger, dict) else None
        return options or {}

    def runs_on(self, tag: str) -> bool:
        """Tell whether a tag starts it."""
        return passes(tag, self.filters)

    def line(self, word: str) -> int:
        """Return the first line that contains a word, counted from 1; 0 if there is none."""
        before, found, _ = self.text.partition(word)
        if not found:
            return 0
        return before.count("\n") + 1


def workflows(tree: Path) -> tuple[Workflow, ...]:
    """Return every workflow of a tree, by name."""
    folder = tree / ".github" / "workflows"
    files = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    return tuple(_read(tree, file) for file in files)


def passes(tag: str, filters: tuple[str, ...]) -> bool:
    """Tell whether a tag passes the filters of a workflow: the last one that matches decides."""
    is_passed = False
    for glob in filters:
        if re.fullmatch(_pattern(glob.removeprefix("!")), tag):
            is_passed = not glob.startswith("!")
    return is_passed


def _read(tree: Path, file: Path) -> Workflow:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    path = file.relative_to(tree).as_posix()
    text = file.read_text("utf-8", errors="replace")
    try:
        data = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        return Workflow(path, text, broken=str(error).splitlines()[0])
    if not isinstance(data, dict):
        return Workflow(path, text)
    return Workflow(path, text, data)


def _texts(value: Any) -> tuple[str, ...]:
    """Return a text or a list of texts as a tuple."""
    if isinstance(value, str):
        return (value,)
    return tuple(map(str, value or ()))


def _pattern(glob: str) -> str:
    """Return GitHub's glob as a regular expression.

    `*` stops at a slash, `?` and `+` repeat the character before them.
    """
    found = []
    for word in re.findall(r"\*\*|\\.|\[[^\]]*\]|.", glob):
        if word in GLOB_WORDS:
            found.append(GLOB_WORDS[word])
        elif len(word) > 1:  # an escaped character or a set
            found.append(word)
        else:
            found.append(re.escape(word))
    return "".join(found)
