"""Which level a change asks for: conventional commits, groups of changelogs, kinds of fragments.

Sources: conventionalcommits.org 1.0.0; keepachangelog.com 1.1.0; the default types of towncrier and
categories of scriv; changesets, "bump types".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MAJOR, MINOR, PATCH = "major", "minor", "patch"
LEVELS = (MAJOR, MINOR, PATCH)  # the highest first
_HEADER = re.compile(r"(?P<type>[A-Za-z]+)(?:\([^()\r\n]*\))?(?P<mark>!?): ")
_BREAKING = re.compile(r"^BREAKING[ -]CHANGE: ", re.MULTILINE)
_PULL_REQUEST = re.compile(r"^Merge pull request #(\d+) |\(#(\d+)\)")
# by the beginning of a group's name, or a kind of fragments, in lower case
_GROUPS = {
    "break": MAJOR,
    "removed": MAJOR,
    "removal": MAJOR,
    "deprecations and removals": MAJOR,
    "major": MAJOR,
    "added": MINOR,
    "feat": MINOR,
    "new ": MINOR,
    "deprecat": MINOR,
    "minor": MINOR,
}


def of_commit(subject: str, body: str) -> str:
    """Return the level of a commit by its message; without the form of a type it is a patch."""
    header = _HEADER.match(subject)
    if _BREAKING.search(body) or (header and header["mark"]):
        return MAJOR
    if header and header["type"].lower() == "feat":
        return MINOR
    return PATCH


def of_group(name: str) -> str:
    """Return the level of entries in a group of a changelog, or of a kind of fragments."""
    words = re.sub(r"[^a-z ]", "", name.lower()).strip() + " "
    for start, level in _GROUPS.items():
        if words.startswith(start):
            return level
    return PATCH


def pull_request(subject: str) -> int:
    """Return the number of the pull request that a commit on the main branch merged, 0 for none."""
    match = _PULL_REQUEST.search(subject)
    if match is None:
        return 0
    return int(match[1] or match[2])


def highest(levels: Iterable[str]) -> str:
    """Return the highest of some levels, "" for none."""
    found = set(levels)
    for level in LEVELS:
        if level in found:
            return level
    return ""


def before_one(level: str, major: int) -> str:
    """Return a level for a version with this first number.

    At 0.x a breaking change raises the second number (the Cargo book, "SemVer Compatibility"), and
    1.0.0 is a decision.
    """
    if major == 0 and level == MAJOR:
        return MINOR
    return level
