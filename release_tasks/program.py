"""`release-tasks`: the same tasks as `inv` with a tasks.py, in a repository that has none."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Collection
from importlib import metadata
from types import ModuleType
from typing import Any

from invoke.exceptions import CollectionNotFound, ParseError
from invoke.loader import FilesystemLoader
from invoke.program import Program

import release_tasks
from release_tasks import errors

NAME = "release-tasks"
_UNKNOWN = re.compile("No idea what '(?P<word>.+)' is!")


class TasksLoader(FilesystemLoader):
    """Load the tasks.py of a project that uses this package, else the tasks of this package."""

    def load(self, name: str | None = None) -> tuple[ModuleType, str]:
        """Return the module with the tasks, and the folder that it belongs to.

        `name` is the word behind `--collection`; raises `CollectionNotFound` for an unknown one.
        """
        if name is not None:
            return self._load(name)
        try:
            module, folder = self._load(None)
        except CollectionNotFound:
            return self._own()
        if _has_release_tasks(module):
            return module, folder
        return self._own()

    def _load(self, name: str | None) -> tuple[ModuleType, str]:
        module, folder = super().load(name)
        return module, str(folder)

    def _own(self) -> tuple[ModuleType, str]:
        # what is printed can be typed as it stands
        errors.program = NAME
        return release_tasks, os.getcwd()


class TasksProgram(Program):
    """invoke's program, which suggests a task or an option for a word that it does not know."""

    def parse_tasks(self) -> None:
        """Read the tasks and their options; raise `ParseError` for an unknown word."""
        try:
            super().parse_tasks()
        except ParseError as error:
            unknown = _UNKNOWN.fullmatch(str(error))
            if unknown is None:
                raise
            text = self._in_words(unknown["word"], error.context)
            raise ParseError(text, error.context) from None

    def _in_words(self, word: str, context: Any) -> str:
        """Return what is wrong with a word, and how to fix it; `context` is the task before it."""
        if word.startswith("-") and context.name:
            fact = f"{context.name} has no option {word}"
            known = list(context.flags)
            otherwise = f"{NAME} {context.name} --help shows its options"
        else:
            fact = f"there is no task {word}"
            known = list(self.collection.task_names)
            otherwise = f"{NAME} lists the tasks"
        return f"error: {fact}\n  help: {_nearest(word, known) or otherwise}"


def _nearest(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f"did you mean {near[0]}?" if near else ""


def _has_release_tasks(module: ModuleType) -> bool:
    """Tell whether a tasks.py has the tasks of this package, perhaps beside others."""
    namespace: Any = getattr(module, "ns", None)
    configuration: dict[str, Any] = getattr(namespace, "configuration", dict)()
    return "release_tasks" in configuration


def main() -> None:
    """Run the command line, and end with its exit status."""
    program = TasksProgram(
        version=metadata.version(NAME),
        name=NAME,
        binary=NAME,
        binary_names=[NAME],
        loader_class=TasksLoader,
    )
    program.run([NAME, *sys.argv[1:]])
