"""Where a name of a Python module comes from, when the module only passes it on.

`from ._version import __version__`, `__version__ = _version.VERSION`, `__version__ = VERSION`:
Python's import system, as setuptools' `attr` and flit follow it by importing the module.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from posixpath import basename, dirname, join, normpath

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import read
from release_tasks.manifests.python_values import parsed
from release_tasks.manifests.version_sources import VersionSource

_DEEPEST = 4  # steps from module to module


def followed(
    root: Path, folder: str, source: VersionSource, depth: int = 0
) -> Iterator[VersionSource]:
    """Yield where the value of a source is, if its module has the name from elsewhere.

    `folder` is that of pyproject.toml, below `root`; the paths of sources are relative to it.
    """
    path = normpath(join(folder, source.path))
    if depth > _DEEPEST or not source.attribute or not (root / path).is_file():
        return
    try:
        text = read(root, path)
        if source.version_in(text) is not None:
            return
        origins = list(_origins(parsed(text, path), source))
    except ReleaseError:  # not a module that can be read
        return
    for origin in origins:
        yield origin
        yield from followed(root, folder, origin, depth + 1)


def _origins(
    module: ast.Module, source: VersionSource
) -> Iterator[VersionSource]:
    for node in module.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == source.attribute:
                    yield from _in_module(
                        _dotted(node), node.level, alias.name, source
                    )
        elif isinstance(node, ast.Assign | ast.AnnAssign) and _sets(
            node, source.attribute
        ):
            yield from _of_value(module, node.value, source)


def _sets(node: ast.Assign | ast.AnnAssign, name: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(one, ast.Name) and one.id == name for one in targets)


def _of_value(
    module: ast.Module, value: ast.expr | None, source: VersionSource
) -> Iterator[VersionSource]:
    """Yield where the value of an assignment is: another name, or one of another module."""
    if isinstance(value, ast.Name):
        yield VersionSource(source.path, attribute=value.id)
    if not isinstance(value, ast.Attribute) or not isinstance(
        value.value, ast.Name
    ):
        return
    for node in module.body:
        if not isinstance(node, ast.ImportFrom):
            continue
        for alias in node.names:
            if (alias.asname or alias.name) == value.value.id:
                dotted = ".".join(filter(None, (_dotted(node), alias.name)))
                yield from _in_module(dotted, node.level, value.attr, source)


def _dotted(node: ast.ImportFrom) -> str:
    return node.module or ""


def _in_module(
    dotted: str, level: int, name: str, source: VersionSource
) -> Iterator[VersionSource]:
    """Yield the files that a module may be, relative to the source, or absolute."""
    parts = dotted.split(".") if dotted else []
    folder = dirname(source.path)
    if level:
        for _ in range(level - 1):
            folder = dirname(folder)
        folders = [folder]
    else:  # the folder that is on the path of modules is above the package
        folders = [folder]
        while folders[-1]:
            folders.append(dirname(folders[-1]))
    for one in folders:
        path = join(one, *parts)
        if parts and basename(path):
            yield VersionSource(f"{path}.py", attribute=name)
        yield VersionSource(join(path, "__init__.py"), attribute=name)
