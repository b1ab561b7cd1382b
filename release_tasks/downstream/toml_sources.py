"""A dependency in TOML that names where it comes from: in place of that, it gets a version."""

from __future__ import annotations

import re

from release_tasks.manifests import toml_values
from release_tasks.manifests.toml_values import KeyPath
from release_tasks.manifests.version_locations import Edit

REVISIONS = ("branch", "rev", "tag")
_KEY_BEFORE = re.compile(r"([\w-]+)[ \t]*=[ \t]*[\"']\Z")
_COMMA_AFTER = re.compile(r"[ \t]*,[ \t]*")
_COMMA_BEFORE = re.compile(r"[ \t]*,[ \t]*\Z")


def with_version(
    text: str, path: str, entry: KeyPath, source: str, version: str
) -> tuple[Edit, ...]:
    """Return the edits that give an entry a version in place of its `source` (`git`, `path`).

    `entry` is the key path of a table, `version` what becomes its version. There are none where
    the entry is written in a form that is not edited.
    """
    spans = toml_values.spans(text, path)
    dropped = [name for name in REVISIONS if (*entry, name) in spans]
    edits = []
    if (*entry, "version") in spans:
        edits.append(Edit(*spans[*entry, "version"], version))
        dropped.append(source)
    else:
        start, end = spans[*entry, source]
        key = _KEY_BEFORE.search(text[:start])
        if key is None:
            return ()
        edits += [Edit(*key.span(1), "version"), Edit(start, end, version)]
    for name in dropped:
        removal = _removal(text, *spans[*entry, name])
        if removal is None:
            return ()
        edits.append(removal)
    return tuple(edits)


def without_line(text: str, path: str, entry: KeyPath) -> tuple[Edit, ...]:
    """Return the edit that removes an entry which is one line; none where it is several."""
    inside = []
    for keys, place in toml_values.spans(text, path).items():
        if keys[: len(entry)] == entry:
            inside.append(place)
    first = text.rfind("\n", 0, min(inside)[0]) + 1
    last = max(inside)[1]
    end = text.find("\n", last) + 1 or len(text)
    line = text[first:end]
    is_whole = re.match(r"[\w\"'-]+[ \t]*=[ \t]*\{.*\}\s*(#.*)?\Z", line)
    if is_whole is None or "\n" in line.rstrip("\r\n"):
        return ()
    return (Edit(first, end, ""),)


def _removal(text: str, start: int, end: int) -> Edit | None:
    """Return the edit that removes a key and its value, the characters of which are given."""
    key = _KEY_BEFORE.search(text[:start])
    if key is None:
        return None
    first, last = key.start(1), end + 1  # with the quote
    line = text.rfind("\n", 0, first) + 1
    before = text[line:first]
    if "{" not in before:  # a line of a table
        following = text.find("\n", last) + 1 or len(text)
        return Edit(line, following, "")
    if comma := _COMMA_AFTER.match(text, last):
        return Edit(first, comma.end(), "")
    if comma := _COMMA_BEFORE.search(text[:first]):
        return Edit(comma.start(), last, "")
    return None
