"""What we import comes from where it is installed, whatever files the project has."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

NAMES = frozenset(  # of libraries that we import, and that those import
    """
    backports certifi cffi charset_normalizer cryptography dns email_validator idna invoke
    lief markdown_it mdurl msgspec nox packaging pygments readme_renderer requests rfc3986 rich
    ruamel semver stdlib_list tomlkit trove_classifiers trustme urllib3
    """.split()  # noqa: SIM905  # thirty names in quotes are harder to read
)
OURS = NAMES | {"release_tasks"}
# between an import statement and a finder
IMPORT_SYSTEM = (
    "importlib",
    "_frozen_importlib",
    "_frozen_importlib_external",
)


class Installed:
    """Finds what we import outside of the folder of tasks.py, the working one and those above.

    invoke puts the folder of tasks.py first on the search path, where a `rich.py` or a
    `secrets.py` of the project would be taken for the module, whenever we or a library import
    that. What the project imports itself, other than our libraries, is left to Python.
    """

    def __init__(self, project: str) -> None:
        """Prepare for a tasks.py in the folder `project`."""
        self.project = project

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return where a module is installed; None leaves it to the other finders.

        Raises `ModuleNotFoundError` where a library of ours tries one that is not installed: the
        project's of that name is another one.
        """
        if path is not None or fullname in sys.builtin_module_names:
            return None
        is_strict = _is_for_us(fullname, _importer())
        if not is_strict and fullname not in NAMES:
            return None
        spec = self._installed(fullname, target)
        if spec is None and is_strict:
            message = f"No module named {fullname!r}"
            raise ModuleNotFoundError(message, name=fullname)
        return spec

    def _installed(
        self, fullname: str, target: ModuleType | None
    ) -> ModuleSpec | None:
        folders = _without(self.project, os.getcwd(), tuple(sys.path))
        for finder in sys.meta_path:
            if finder is PathFinder:
                spec = PathFinder.find_spec(fullname, list(folders), target)
            elif isinstance(finder, Installed):
                continue
            else:
                spec = finder.find_spec(fullname, None, target)
            if spec is not None:
                return spec
        return None


def import_installed() -> None:
    """Let every later import of ours, and of our libraries, find what is installed.

    invoke has put the folder of tasks.py first on the search path.
    """
    if not any(isinstance(finder, Installed) for finder in sys.meta_path):
        sys.meta_path.insert(0, Installed(_tasks_folder()))


@lru_cache(maxsize=8)
def _without(
    project: str, here: str, searched: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the folders of a search path without those of a project, and those above `here`."""
    hidden = {"", project, here, *map(str, Path(here).parents)}
    return tuple(folder for folder in searched if folder not in hidden)


def _is_for_us(name: str, importer: str) -> bool:
    """Tell whether a module is imported by us, by a library of ours, or by Python for itself."""
    if importer in OURS:
        return True
    python = sys.stdlib_module_names
    return importer in python and name in python


def _tasks_folder() -> str:
    tasks = sys.modules.get("tasks")
    file = getattr(tasks, "__file__", None)
    return str(Path(file).parent) if file else ""


def _importer() -> str:
    """Return the name of the package whose import statement Python follows right now."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        name = str(frame.f_globals.get("__name__", ""))
        package = name.partition(".")[0]
        if name != __name__ and package not in IMPORT_SYSTEM:
            return package
        frame = frame.f_back
    return ""
