"""The project's workflows, read as GitHub Actions reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from release_tasks.formats import globs, text_files, yaml_texts
from release_tasks.formats.globs import Glob, Part

ALL = "**"
WILDCARDS = {"**": globs.ALL, "*": globs.STAR}


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
        jobs = self.data.get("jobs")
        if not isinstance(jobs, dict):
            return {}
        return {
            str(name): job
            for name, job in jobs.items()
            if isinstance(job, dict)
        }

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
        """Return the filters of the tags that it runs on: none for no tag, `ALL` for every tag.

        `tags-ignore: [x]` is every tag but x. Filters of paths are not looked at for tags (GitHub
        docs, Workflow syntax, on.push).
        """
        trigger = self._trigger
        events = [trigger] if isinstance(trigger, str) else list(trigger or ())
        if "release" in events or "create" in events:
            return (
                ALL,
            )  # a release that goes public has a tag, which was created
        if "push" not in events:
            return ()
        push = self._trigger_options("push")
        if "tags" in push:
            return _texts(push["tags"])
        if "tags-ignore" in push:
            return (ALL, *(f"!{glob}" for glob in _texts(push["tags-ignore"])))
        if "branches" in push or "branches-ignore" in push:
            return ()
        return (ALL,)

    @property
    def is_called(self) -> bool:
        """Tell whether other workflows call it, whose permissions it has then."""
        return self.has_event("workflow_call")

    def has_event(self, event: str) -> bool:
        """Tell whether an event starts it, whatever its filters."""
        trigger = self._trigger
        return trigger == event or event in (trigger or ())

    @property
    def calls(self) -> tuple[str, ...]:
        """Return the paths of the workflows of this repository that its jobs call."""
        found = []
        for job in self.jobs.values():
            used = str(job.get("uses", ""))
            if used.startswith("./.github/workflows/"):
                found.append(used.removeprefix("./"))
        return tuple(found)

    @property
    def _trigger(self) -> Any:
        # YAML 1.1 reads `on` as true
        return self.data.get("on", self.data.get(True, {}))

    def _trigger_options(self, event: str) -> dict[str, Any]:
        trigger = self._trigger
        options = trigger.get(event) if isinstance(trigger, dict) else None
        return options or {}

    def runs_on(self, tag: str) -> bool:
        """Tell whether a tag starts it."""
        return passes(tag, self.filters)

    def runs_on_branch(self, branch: str) -> bool:
        """Tell whether a push to a branch starts it, as far as its filters of branches say.

        With filters of tags alone, no push to a branch does (GitHub docs, on.push).
        """
        if not self.has_event("push"):
            return False
        push = self._trigger_options("push")
        if "branches" in push:
            return passes(branch, _texts(push["branches"]))
        if "branches-ignore" in push:
            return not passes(branch, _texts(push["branches-ignore"]))
        return "tags" not in push and "tags-ignore" not in push

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
        if _pattern(glob.removeprefix("!")).matches(tag):
            is_passed = not glob.startswith("!")
    return is_passed


def _read(tree: Path, file: Path) -> Workflow:
    path = file.relative_to(tree).as_posix()
    text = text_files.peek(tree, path)
    try:
        data = yaml_texts.load(text, path)
    except yaml_texts.Unreadable as error:
        return Workflow(path, text, broken=error.problem)
    if not isinstance(data, dict):
        return Workflow(path, text)
    return Workflow(path, text, data)


def _texts(value: Any) -> tuple[str, ...]:
    """Return a text or a list of texts as a tuple."""
    if isinstance(value, str):
        return (value,)
    return tuple(map(str, value or ()))


@cache
def _pattern(glob: str) -> Glob:
    """Return what GitHub's glob matches (filter pattern cheat sheet).

    `*` stops at a slash, `?` and `+` repeat the character or set before them.
    """
    found: list[Part] = []
    is_repeatable = False
    for word in re.findall(rf"\*\*|\\.|{globs.CLASS}|.", glob, re.S):
        if word in ("?", "+") and is_repeatable:
            part = found.pop()
            found.append(
                Part(part.one, is_optional=word == "?", repeats=word == "+")
            )
            is_repeatable = False
            continue
        found.append(_part(word))
        is_repeatable = word not in WILDCARDS
    return Glob(tuple(found))


def _part(word: str) -> Part:
    if word in WILDCARDS:
        return WILDCARDS[word]
    if word.startswith("[") and len(word) > 2:
        characters = re.sub(r"([\\^\[&~|])", r"\\\1", word[1:-1])
        return globs.one_of(f"[{characters}]")
    return Part(re.escape(word[-1]))  # the last one is escaped, or the only one
