"""Requirements on Python packages outside of pyproject.toml: setup.py, setup.cfg, requirements.txt.

The forms: setuptools (keywords `install_requires`, ...), pip (requirements file format). Computed
requirements, and lines with a `--hash` of a file, are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename

from release_tasks.manifests.pyproject import PythonPin, pin_location
from release_tasks.manifests.python_values import strings
from release_tasks.manifests.version_locations import (
    FileBump,
    Siblings,
    VersionLocation,
    VersionLocations,
)
from release_tasks.versions.python_requirements import read as read_requirement

_LISTS = ("install_requires", "setup_requires", "tests_require")  # in [options]
_EXTRAS = "options.extras_require"
_HEADER = re.compile(r"\[([^\]]+)\]\s*")
_KEY = re.compile(r"([\w.-]+)[ \t]*[=:]")
_PYTHONS = re.compile(r"^[ \t]*python_requires[ \t]*=[ \t]*([^\n]*)", re.M)
_COMMENT = re.compile(r"(?:^|[ \t])#.*")


def kind(siblings: Siblings) -> VersionLocations:
    """Return the kind of a file that may have requirements on `siblings`.

    Their names are normalized as PyPI does. A requirement that cannot admit the new version is a
    `ReleaseError` with its line.
    """

    def locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
        for pin in pins(text, bump.path):
            if pin.name in siblings.new and pin.specifiers:
                yield pin_location(text, bump.path, pin, siblings)

    return VersionLocations(locations)


def pins(text: str, path: str) -> Iterator[PythonPin]:
    """Yield each requirement of a setup.py, setup.cfg or requirements file.

    Raises `ReleaseError` for a setup.py that is not Python.
    """
    name = basename(path)
    if name == "setup.py":
        for value in strings(text, path):
            for pin in _pin(name, value.value, value.start):
                if pin.specifiers:  # else it may be any word, or a version
                    yield pin
    elif name == "setup.cfg":
        yield from _in_setup_cfg(text)
    else:
        for line, start in _lines(text):
            if not line.startswith("-") and "--hash" not in line:
                yield from _pin(name, line, start)


def requirements(text: str, path: str) -> Iterator[tuple[str, int, int]]:
    """Yield package, start and end of each requirement, and of those on Python itself."""
    for pin in pins(text, path):
        yield pin.name, pin.start, pin.end
    for found in _PYTHONS.finditer(text):
        yield "", *found.span(1)


def _in_setup_cfg(text: str) -> Iterator[PythonPin]:
    section = ""
    key = ""
    for line, start in _lines(text):
        header = _HEADER.fullmatch(line)
        if header:
            section, key = header[1], ""
            continue
        found = _KEY.match(line)
        value = line
        if found and not line[:1].isspace():
            key = found[1]
            value = line[found.end() :]
            start += found.end()
        if section == _EXTRAS or (section == "options" and key in _LISTS):
            yield from _pin(f"[{section}] {key}", value, start)


def _lines(text: str) -> Iterator[tuple[str, int]]:
    """Yield each line without its comment, and where it starts."""
    at = 0
    for line in text.splitlines(keepends=True):
        yield _COMMENT.sub("", line.rstrip("\r\n")), at
        at += len(line)


def _pin(where: str, text: str, start: int) -> Iterator[PythonPin]:
    from packaging.utils import canonicalize_name

    found = read_requirement(text)
    if found:
        name = str(canonicalize_name(found.name))
        place = (start + found.start, start + found.end)
        yield PythonPin(where, name, found.specifiers, *place)
