"""The project's workflows, read as GitHub Actions reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

ALL = "**"


@dataclass(frozen=True)
class Workflow:
    """A file of .github/workflows; `broken` says why it is no YAML, and GitHub passes over it."""

    path: str
    text: str
    data: dict[Any, Any] = field(default_factory=dict)
    broken: str = ""

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        """Return the jobs by name, less those that are none."""
        return {
            str(name): job
            for name, job in (self.data.get("jobs") or {}).items()
            if isinstance(job, dict)
        }

    @property
    def name(self) -> str:
        """Return the name by which others wait for it."""
        return str(self.data.get("name") or self.path)

    @property
    def follows(self) -> tuple[str, ...]:
        """Return the names of the workflows after whose runs on tags it runs."""
        run = (self._trigger.get("workflow_run") if isinstance(self._trigger, dict) else None) or {}
        names = run.get("workflows") or ()
        return () if "branches" in run else (names,) if isinstance(names, str) else tuple(names)

    @property
    def _trigger(self) -> Any:
        return self.data.get("on", self.data.get(True, {}))  # YAML 1.1 reads `on` as true

    @cached_property
    def filters(self) -> tuple[str, ...]:
        """Return the filters for the tags that it runs on: none where it runs on no tag, `ALL` where on all."""
        trigger = self._trigger
        events = [trigger] if isinstance(trigger, str) else list(trigger or ())
        if "release" in events:
            return (ALL,)  # a release that goes public has a tag
        if "push" not in events:
            return ()
        push = (trigger["push"] if isinstance(trigger, dict) else None) or {}
        if "tags" not in push:
            return () if "branches" in push or "tags-ignore" in push else (ALL,)
        tags = push["tags"]
        return (tags,) if isinstance(tags, str) else tuple(str(one) for one in tags or ())

    def runs_on(self, tag: str) -> bool:
        """Tell whether a tag starts it."""
        return passes(tag, self.filters)

    def line(self, word: str) -> int:
        """Return the first line that has a word, 0 for none."""
        return self.text.partition(word)[0].count("\n") + 1 if word in self.text else 0


def workflows(tree: Path) -> tuple[Workflow, ...]:
    """Return every workflow of a tree, by name."""
    folder = tree / ".github" / "workflows"
    return tuple(
        _read(tree, file) for file in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    )


def passes(tag: str, filters: tuple[str, ...]) -> bool:
    """Tell whether a tag passes the filters of a workflow, of which the last that matches decides."""
    found = False
    for one in filters:
        if re.fullmatch(_pattern(one.removeprefix("!")), tag):
            found = not one.startswith("!")
    return found


def _read(tree: Path, file: Path) -> Workflow:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    path, text = file.relative_to(tree).as_posix(), file.read_text("utf-8", errors="replace")
    try:
        data = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        return Workflow(path, text, broken=str(error).splitlines()[0])
    return Workflow(path, text, data if isinstance(data, dict) else {})


def _pattern(glob: str) -> str:
    """Return GitHub's glob as a regular expression: `*` stops at a slash, `?` and `+` repeat what is before them."""
    words = re.findall(r"\*\*|\\.|\[[^\]]*\]|.", glob)
    known = {"**": ".*", "*": "[^/]*", "?": "?", "+": "+"}
    return "".join(
        known.get(word) or (word if len(word) > 1 else re.escape(word)) for word in words
    )
