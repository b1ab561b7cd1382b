"""Our packages in the requirements of another Python project.

The rules: PEP 508 and PEP 621, pip's requirements files, Poetry's tables, uv's sources.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from release_tasks.bumping.python_pins import is_requirements_file
from release_tasks.downstream import toml_sources
from release_tasks.downstream.uses import (
    Ours,
    Place,
    Use,
    is_repository,
    moved,
    stays,
)
from release_tasks.errors import ReleaseError
from release_tasks.manifests import pyproject, requirement_files, toml_values
from release_tasks.manifests.pyproject import PythonPin
from release_tasks.manifests.toml_values import KeyPath
from release_tasks.manifests.version_locations import Edit
from release_tasks.versions import python_requirements
from release_tasks.versions.numbers import pep440

MANIFEST = "pyproject.toml"
SCRIPTS = ("setup.py", "setup.cfg")
# PEP 508, `NAME[EXTRAS] @ URL ; MARKER`
_DIRECT = re.compile(
    r"[ \t]*(?P<name>[A-Za-z0-9][\w.-]*)(?P<extras>[ \t]*\[[^\]\n]*\])?"
    r"[ \t]*@[ \t]*(?P<url>(?:git\+|file:|\.{0,2}/)[^\s;]+)(?P<marker>[ \t]*;[^\n]*)?"
)
_EXTRAS = re.compile(r"[ \t]*\[[^\]\n]*\]")
_SOURCES = ("git", "path")


def is_manifest(path: str) -> bool:
    """Tell whether a file has requirements on Python packages, by its name."""
    name = posixpath.basename(path)
    return name in (MANIFEST, *SCRIPTS) or is_requirements_file(path)


def uses(place: Place, ours: Ours) -> Iterator[Use]:
    """Yield each requirement on a package of ours; raise `ReleaseError` for a bad file."""
    is_toml = posixpath.basename(place.path) == MANIFEST
    sources: set[str] = set()
    if is_toml:
        yield from _poetry_sources(place, ours)
        of_uv = _uv_sources(place, ours)
        yield from of_uv.values()
        sources = {name for name, use in of_uv.items() if not use.left}
        pins = list(pyproject.pins(place.text, place.path))
    else:
        pins = list(requirement_files.pins(place.text, place.path))
    for pin in pins:
        version = ours.python.get(pin.name)
        if version is None:
            continue
        if pin.name in sources and not pin.specifiers:
            yield _bounded(place, pin, version)
        else:
            yield _required(pin, version)
    yield from _direct(place, ours, is_toml)


def _required(pin: PythonPin, version: str) -> Use:
    what = f"{pin.name} in {pin.where}"
    if python_requirements.is_above(pin.specifiers, version):
        why = f"it is above {version}"
        return stays(what, pin.start, pin.specifiers, why)
    try:
        new = python_requirements.followed(pin.specifiers, version, None)
    except ReleaseError as error:
        why = f"{error.problem}: {error.fix}"
        return stays(what, pin.start, pin.specifiers, why)
    return moved(what, (pin.start, pin.end), pin.specifiers, new)


def _bounded(place: Place, pin: PythonPin, version: str) -> Use:
    """Return what a requirement without a version becomes when its source goes away."""
    extras = _EXTRAS.match(place.text, pin.end)
    at = extras.end() if extras else pin.end
    new = f">={pep440(version)}"
    what = f"{pin.name} in {pin.where}"
    return Use(what, pin.start, "", new, (Edit(at, at, new),))


def _direct(place: Place, ours: Ours, is_toml: bool) -> Iterator[Use]:
    """Yield each requirement with an address, `NAME @ git+https://...`."""
    from packaging.utils import canonicalize_name

    for start, end in _texts(place, is_toml):
        found = _DIRECT.fullmatch(place.text, start, end)
        if found is None:
            continue
        name = str(canonicalize_name(found["name"]))
        version = ours.python.get(name)
        if version is None:
            continue
        url = found["url"]
        if url.startswith("git+") and not is_repository(url, ours.repository):
            why = "it is another repository than ours"
            yield stays(found["name"], start, url, why)
            continue
        extras = found["extras"] or ""
        new = f"{found['name']}{extras.strip()}=={pep440(version)}"
        first = found.start("name")
        last = found.end("url")
        yield Use(found["name"], start, url, new, (Edit(first, last, new),))


def _texts(place: Place, is_toml: bool) -> Iterator[tuple[int, int]]:
    """Yield where each text is that may be a requirement: a string of TOML, or a line."""
    if is_toml:
        spans = toml_values.spans(place.text, place.path)
        for keys, span in spans.items():
            if isinstance(keys[-1], int):
                yield span
    elif posixpath.basename(place.path) not in SCRIPTS:
        at = 0
        for line in place.text.splitlines(keepends=True):
            plain = line.rstrip("\r\n").partition(" #")[0].rstrip()
            yield at, at + len(plain)
            at += len(line)


def _poetry_sources(place: Place, ours: Ours) -> Iterator[Use]:
    for entry, name, source in _sources(place, ("tool", "poetry")):
        version = ours.python.get(name)
        if version and "dependencies" in " ".join(map(str, entry)):
            yield _source(place, ours, entry, source, f"^{pep440(version)}")


def _uv_sources(place: Place, ours: Ours) -> dict[str, Use]:
    """Return what becomes of `[tool.uv.sources]`, by package; docs.astral.sh/uv, sources."""
    found = {}
    for entry, name, source in _sources(place, ("tool", "uv", "sources")):
        version = ours.python.get(name)
        if version is None:
            continue
        use = _source(place, ours, entry, source, pep440(version))
        if use.left:
            found[name] = use
            continue
        edits = toml_sources.without_line(place.text, place.path, entry)
        if edits:
            found[name] = use._replace(edits=edits)
        else:
            why = "it is written in a form that is not edited: remove it"
            found[name] = stays(use.what, use.start, use.old, why)
    return found


def _source(
    place: Place, ours: Ours, entry: KeyPath, source: str, new: str
) -> Use:
    spans = toml_values.spans(place.text, place.path)
    start, end = spans[*entry, source]
    value = place.text[start:end]
    what = f"{entry[-1]} in [{'.'.join(map(str, entry[:-1]))}]"
    old = f"{source} {value}"
    if source == "git" and not is_repository(value, ours.repository):
        return stays(what, start, old, "it is another repository than ours")
    folder = posixpath.join(posixpath.dirname(place.path), value)
    manifest = posixpath.normpath(posixpath.join(folder, MANIFEST))
    if source == "path" and place.has(manifest):
        return stays(what, start, old, "it is a folder of that repository")
    edits = toml_sources.with_version(
        place.text, place.path, entry, source, new
    )
    if not edits:
        why = "it is written in a form that is not edited"
        return stays(what, start, old, why)
    return Use(what, start, old, new, edits)


def _sources(
    place: Place, below: KeyPath
) -> Iterator[tuple[KeyPath, str, str]]:
    """Yield the key path, the normalized name and the source of each entry below a table."""
    from packaging.utils import canonicalize_name

    for keys in toml_values.spans(place.text, place.path):
        is_below = keys[: len(below)] == below and len(keys) > len(below) + 1
        if is_below and keys[-1] in _SOURCES:
            name = str(canonicalize_name(str(keys[-2])))
            yield keys[:-1], name, str(keys[-1])
