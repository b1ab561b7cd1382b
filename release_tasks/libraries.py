"""Our libraries come from where they are installed, whatever files the project has."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

NAMES = frozenset(  # of modules that we import, and that those import
    """
    auditwheel backports build certifi cffi charset_normalizer cryptography dns elftools
    email_validator graphql idna invoke lief markdown_it maturin mdurl msgspec nox packaging
    pygments readme_renderer requests rfc3986 rich ruamel semver stdlib_list tomlkit
    trove_classifiers trustme twine urllib3
    """.split()  # noqa: SIM905  # thirty names in quotes are harder to read
)


class Installed:
    """Finds our libraries outside of the working folder and those above it.

    invoke puts the folder of tasks.py first on the search path, where a `rich.py` or a
    `packaging.py` of the project would be taken for the library, whenever we import that.
    """

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return where a library is installed; None leaves the module to the other finders."""
        if path is not None or fullname not in NAMES:
            return None
        here = Path.cwd()
        above = {"", *map(str, (here, *here.parents))}
        installed = [folder for folder in sys.path if folder not in above]
        return PathFinder.find_spec(fullname, installed, target)


def import_installed() -> None:
    """Let every later import of one of our libraries find the installed one."""
    if not any(isinstance(finder, Installed) for finder in sys.meta_path):
        sys.meta_path.insert(0, Installed())
