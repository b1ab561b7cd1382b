"""Versions in any file that the settings list: behind a key, or in a text with a placeholder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from release_tasks.errors import ReleaseError
from release_tasks.manifests import keys
from release_tasks.manifests.version_locations import VersionLocation, VersionLocations
from release_tasks.versions.numbers import parse, pep440

# a prerelease only by its usual words, so that `caro-1.1.1-linux-amd64` holds 1.1.1
VERSION = re.compile(
    r"[0-9]+\.[0-9]+\.[0-9]+"
    r"(?i:[-.]?(?:alpha|beta|rc|pre|preview|dev|next|canary|nightly|snapshot|stable|post|[abc](?=\.?[0-9]))"
    r"(?:[.]?[0-9]+(?:\.[0-9]+)*)?)?"
    r"(?:\+[0-9A-Za-z.]*[0-9A-Za-z])?(?![0-9A-Za-z]|\.[0-9])"
)
_PLACEHOLDER = re.compile(r"\{([^{}\s]+)\}")
_PARTS = ("major", "minor", "patch")
_PYTHON = re.compile(
    r"\.pyi?$|(?:^|/)(?:pyproject\.toml|setup\.cfg|(?:[\w-]*requirements|constraints)[^/]*\.(?:txt|in))$"
)


def listed(spec: str | Sequence[str]) -> VersionLocations:
    """Return the kind of one entry of [files]: a key or a text, or several.

    A spec with a placeholder is a text: `{version}`, `{major}`, `{minor}`, `{patch}` or the name of a
    component stand for any version there. Any other spec is a key. A text or key that the file has not
    is an error.
    """
    specs = (spec,) if isinstance(spec, str) else tuple(spec)

    def places(
        text: str, path: str, versions: Mapping[str, str], version: str | None
    ) -> Iterator[VersionLocation]:
        for one in specs:
            yield from (_key if _PLACEHOLDER.search(one) is None else _text)(
                one, text, path, versions, version
            )

    return VersionLocations(places)


def _key(
    spec: str, text: str, path: str, versions: Mapping[str, str], version: str | None
) -> Iterator[VersionLocation]:
    for value, start, end in keys.find(text, path, spec):
        new = version
        if version is not None:
            before = "v" if re.match(r"v[0-9]", value) else ""
            new = before + str(_form(path, before, version))
        yield VersionLocation(spec, value, start, end, new)


def _text(
    spec: str, text: str, path: str, versions: Mapping[str, str], version: str | None
) -> Iterator[VersionLocation]:
    matches = list(_pattern(spec).finditer(text))
    if not matches:
        raise ReleaseError(
            f"{path} has no text {spec!r} with a version in it",
            f"correct [files] {path}, or put the text back",
        )
    for match in matches:
        for group, name in enumerate(_PLACEHOLDER.findall(spec), 1):
            new = _shown(name, spec, path, versions, version)
            yield VersionLocation(
                spec,
                match[group],
                *match.span(group),
                _form(path, text[: match.start(group)][-2:], new),
            )


def _pattern(spec: str) -> re.Pattern[str]:
    pieces = _PLACEHOLDER.split(spec)
    regex = "" if pieces[0] else r"(?<![0-9A-Za-z.])"
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            regex += r"\r?\n".join(re.escape(line) for line in piece.split("\n"))
        else:
            regex += "([0-9]+)" if piece in _PARTS else f"({VERSION.pattern})"
    return re.compile(regex)


def _form(path: str, before: str, version: str | None) -> str | None:
    """Return a version as Python has it: in files that only Python reads and behind its own operators, but for tags."""
    is_pep440 = before.endswith(("==", "~=")) or (_PYTHON.search(path) and not before.endswith("v"))
    return pep440(version) if version and is_pep440 and version.count(".") > 1 else version


def _shown(
    name: str, spec: str, path: str, versions: Mapping[str, str], version: str | None
) -> str | None:
    if name in _PARTS:  # a prerelease does not move what shows only a part, as with image tags
        number = parse(version) if version else None
        return str(getattr(number, name)) if number and not number.prerelease else None
    if name != "version" and versions and name not in versions:
        raise ReleaseError(
            f"{path}: {spec!r} names no component", f"known are {', '.join(versions)}"
        )
    new = version if name == "version" else versions.get(name)
    if new and VERSION.fullmatch(new) is None:
        raise ReleaseError(
            f"{path}: {new} cannot be told from the text around it",
            "--version with alpha.N, beta.N or rc.N",
        )
    return new
