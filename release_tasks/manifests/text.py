"""Versions in any file that the settings list: at a key, or in a text with a placeholder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import line_at
from release_tasks.manifests import keys
from release_tasks.manifests.version_locations import (
    FileBump,
    NotFound,
    Value,
    VersionLocation,
    VersionLocations,
)
from release_tasks.versions.numbers import parse, pep440
from release_tasks.versions.requirements import at_precision

# a prerelease only by its usual words, so that `caro-1.1.1-linux-amd64` has the version 1.1.1
VERSION = re.compile(
    r"[0-9]+\.[0-9]+\.[0-9]+"
    r"(?i:[-.]?"
    r"(?:alpha|beta|rc|pre|preview|dev|next|canary|nightly|snapshot|stable|post|[abc](?=\.?[0-9]))"
    r"(?:[.]?[0-9]+(?:\.[0-9]+)*)?)?"
    r"(?:\+[0-9A-Za-z.]*[0-9A-Za-z])?(?![0-9A-Za-z]|\.[0-9])"
)
_VERSION_WORD = re.compile(rf"(?<![0-9A-Za-z.])[vV]?({VERSION.pattern})")
# a value that is nothing but a version, of any form, or a word that stands for one (`latest`)
_WHOLE = re.compile(r"[vV]?([0-9][0-9A-Za-z.!+-]*|[A-Za-z]+)")
# a requirement with fewer than three numbers
_OPERATOR = re.compile(r"(?:workspace:)?[\^~=<>]+\s*[vV]?([0-9]+(?:\.[0-9]+)?)")
_PLACEHOLDER = re.compile(r"\{([^{}\s]+)\}")
_PARTS = ("major", "minor", "patch")
# files that only Python's tools read
_PYTHON = re.compile(
    r"\.pyi?$"
    r"|(?:^|/)(?:pyproject\.toml|setup\.cfg"
    r"|(?:[\w-]*requirements|constraints)[^/]*\.(?:txt|in))$"
)


def listed(spec: str | Sequence[str]) -> VersionLocations:
    """Return the kind of one entry of [files]: a key or a text, or several.

    A spec with a placeholder is a text. `{version}`, `{major}`, `{minor}`, `{patch}` and the name
    of a component match any version there. Any other spec is a key. A text or key that the file
    does not have is an error.
    """
    specs = [spec] if isinstance(spec, str) else list(spec)

    def locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
        for one in specs:
            if _PLACEHOLDER.search(one):
                yield from _text_locations(one, text, bump)
            else:
                yield from _key_locations(one, text, bump)

    return VersionLocations(locations)


def _key_locations(
    key: str, text: str, bump: FileBump
) -> Iterator[VersionLocation]:
    for value in keys.find(text, bump.path, key):
        if bump.version is None:
            yield VersionLocation(key, *value)
            continue
        for start, end in _versions_in(value, key, bump.path):
            before = text[max(value.start, start - 2) : start]
            old = text[start:end]
            new = _spelled(
                bump.path, before, _at_precision(old, before, bump.version)
            )
            yield VersionLocation(key, old, start, end, new)


def _versions_in(value: Value, key: str, path: str) -> list[tuple[int, int]]:
    """Return where the version is in the value of a key: all of it, or what it says once."""
    text = value.value
    whole = _WHOLE.fullmatch(text)
    # PEP 440's epoch
    is_version = key.lower().endswith("version") or "!" in text
    if whole and is_version:  # with any prerelease
        start, end = whole.span(1)
        return [(value.start + start, value.start + end)]
    found = list(_VERSION_WORD.finditer(text))
    if len({match[1] for match in found}) == 1:
        starts = [match.span(1) for match in found]
        return [
            (value.start + start, value.start + end) for start, end in starts
        ]
    whole = whole or _OPERATOR.fullmatch(text)
    if whole and not found:
        start, end = whole.span(1)
        return [(value.start + start, value.start + end)]
    reason = "has several versions" if found else "has no version"
    raise ReleaseError(
        f"{path}: {key} is `{text}`, which {reason}",
        f'"{path}" = "TEXT{{version}}TEXT" in [files], with the text around the version',
    )


def _at_precision(old: str, before: str, version: str) -> str | None:
    """Return the version; as many numbers as before where an operator is in front of fewer."""
    if _OPERATOR.fullmatch(before[-1:] + old) and re.fullmatch(r"[0-9.]+", old):
        return at_precision(old, parse(version))
    return version


def _text_locations(
    spec: str, text: str, bump: FileBump
) -> Iterator[VersionLocation]:
    matches = list(_pattern(spec).finditer(text))
    if not matches:
        raise _no_match(spec, text, bump.path)
    names = _PLACEHOLDER.findall(spec)
    for match in matches:
        for group, name in enumerate(names, 1):
            start, end = match.span(group)
            new = _new_value(name, spec, bump)
            before = text[max(0, start - 2) : start]
            yield VersionLocation(
                spec, match[group], start, end, _spelled(bump.path, before, new)
            )


def _no_match(spec: str, text: str, path: str) -> ReleaseError:
    """Return the error of a text that a file does not have, or only inside of a longer word."""
    inside = _pattern(spec, is_word=False).search(text)
    if inside is None:
        return NotFound(
            f"{path} has no text that matches `{spec}`",
            f"correct {path} in [files], or put the text back",
        )
    begin = re.search(r"[\w-]*$", text[: inside.start()])
    word = begin[0] if begin else ""
    place = f"{path}:{line_at(text, inside.start())}"
    return ReleaseError(
        f"{place}: `{spec}` is only in a longer word, `{word}{inside[0]}`",
        f"`{word}{spec}` in [files], if that is the version of this project",
    )


def _pattern(spec: str, is_word: bool = True) -> re.Pattern[str]:
    """Return what a text with placeholders matches; one with letters in front begins at a word."""
    pieces = _PLACEHOLDER.split(spec)
    regex = ""
    if pieces[0] in ("", "v", "V"):
        regex = r"(?<![0-9A-Za-z.])"  # not in the middle of another version
    elif is_word and re.match(r"\w", pieces[0]):
        regex = r"(?<![\w-])"
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            regex += r"\r?\n".join(map(re.escape, piece.split("\n")))
        elif piece in _PARTS:
            regex += "([0-9]+)"
        else:
            regex += f"({VERSION.pattern})"
    return re.compile(regex)


def _new_value(name: str, spec: str, bump: FileBump) -> str | None:
    """Return what a placeholder becomes, None where it stays."""
    if name in _PARTS:
        return _new_part(name, bump.version)
    if name == "version":
        new = bump.version
    elif bump.versions and name not in bump.versions:
        raise ReleaseError(
            f"{bump.path}: `{spec}` has an unknown component, {name}",
            f"available: {', '.join(bump.versions)}",
        )
    else:
        new = bump.versions.get(name)
    if new and VERSION.fullmatch(new) is None:
        raise ReleaseError(
            f"{bump.path}: {new} cannot be recognized in a text",
            "--version with a prerelease of alpha.N, beta.N or rc.N",
        )
    return new


def _new_part(name: str, version: str | None) -> str | None:
    # as with image tags, a prerelease does not move what shows only a part of the version
    if version is None or parse(version).prerelease:
        return None
    return str(getattr(parse(version), name))


def _spelled(path: str, before: str, version: str | None) -> str | None:
    """Return a version as SemVer, or in PEP 440 form where Python reads it.

    Python reads the files that only its tools read, except for tags (`v1.2.0`), and whatever is
    behind its operators. `before` are the characters before the version.
    """
    if version is None or version.count(".") < 2:
        return version
    if before.endswith(("==", "~=")):
        return pep440(version)
    if _PYTHON.search(path) and not before.endswith("v"):
        return pep440(version)
    return version
