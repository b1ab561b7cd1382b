"""`release-tasks`: the same tasks as `inv` with a tasks.py, in a repository that has none."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from types import ModuleType
from typing import Any

from invoke.exceptions import CollectionNotFound
from invoke.loader import FilesystemLoader
from invoke.program import Program

import release_tasks
from release_tasks import errors

NAME = "release-tasks"


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


def _has_release_tasks(module: ModuleType) -> bool:
    """Tell whether a tasks.py has the tasks of this package, perhaps beside others."""
    namespace: Any = getattr(module, "ns", None)
    configuration: dict[str, Any] = getattr(namespace, "configuration", dict)()
    return "release_tasks" in configuration


def main() -> None:
    """Run the command line, and end with its exit status."""
    program = Program(
        version=metadata.version(NAME),
        name=NAME,
        binary=NAME,
        binary_names=[NAME],
        loader_class=TasksLoader,
    )
    program.run([NAME, *sys.argv[1:]])
