"""pnpm-lock.yaml: the ranges of package.json files, which `importers` repeats.

Siblings are links there, without a version. `pnpm install --frozen-lockfile` compares the ranges
(pnpm.io/cli/install). The file may have many megabytes, so only these lines are read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from release_tasks.manifests.package_json import Listed, range_of
from release_tasks.manifests.version_locations import (
    FileBump,
    VersionLocation,
    VersionLocations,
)

_IMPORTERS = re.compile(
    r"^importers:[ \t]*\r?\n(?:(?:[ \t][^\n]*|\r?)(?:\n|\Z))*", re.M
)
_LINE = re.compile(
    r"""^(?P<indent>\ +)(?P<key>'[^'\n]*'|"[^"\n]*"|[^\s'"#][^\n]*?):
    (?:\ +(?:'(?P<a>[^'\n]*)'|"(?P<b>[^"\n]*)"|(?P<c>\S[^\n]*?)))?[ \t]*\r?$""",
    re.M | re.X,
)


def kind(packages: tuple[Listed, ...]) -> VersionLocations:
    """Return the kind of a lock that repeats what these package.json files say."""

    def locations(text: str, bump: FileBump) -> Iterator[VersionLocation]:
        section = _IMPORTERS.search(text)
        if section is None:
            return
        root = posixpath.dirname(bump.path)
        by_folder = {listed.folder: listed for listed in packages}
        for keys, match in _lines(text, *section.span()):
            if match.lastgroup in (None, "key") or len(keys) < 3:
                continue
            listed = by_folder.get(
                posixpath.normpath(posixpath.join(root, keys[0]))
            )
            if listed is None:
                continue
            new = None
            if keys[3:] == ("specifier",):
                new = range_of(listed, keys[2], keys[1])
            elif keys[1] == "specifiers" and len(keys) == 3:  # before pnpm 8
                new = range_of(listed, keys[2])
            start, end = match.span(str(match.lastgroup))
            if new:
                what = f"{keys[2]} of {keys[0]}"
                yield VersionLocation(what, text[start:end], start, end, new)

    return VersionLocations(locations)


def _lines(
    text: str, start: int, end: int
) -> Iterator[tuple[tuple[str, ...], re.Match[str]]]:
    """Yield each line of a section with the keys that it is below, and its own."""
    above: list[tuple[int, str]] = []
    for match in _LINE.finditer(text, start, end):
        depth = len(match["indent"])
        while above and above[-1][0] >= depth:
            above.pop()
        above.append((depth, match["key"].strip("'\"")))
        yield tuple(key for _, key in above), match
