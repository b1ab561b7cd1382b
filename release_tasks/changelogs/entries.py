"""The content of a section: its groups, and the entries in them."""

from __future__ import annotations

import re

from release_tasks.changelogs import changelog
from release_tasks.changelogs.document import NAME, parse
from release_tasks.versions.numbers import spellings

# keepachangelog.com 1.1.0
GROUPS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
_ENTRY = re.compile(r"^[-*] .*(?:\n(?![-*#]).*\S.*)*", re.M)
_REFERENCE = re.compile(r"#[0-9]+\b")
_EMOJI = re.compile(r"^\W+")


def unknown_groups(text: str, body: str) -> list[str]:
    """Return the groups of a section that Keep a Changelog does not have.

    `text` is the whole changelog; one that does not name keepachangelog.com may have any groups.
    """
    found = parse(body).headings
    if "keepachangelog.com" not in text or not found:
        return []
    level = min(heading.level for heading in found)
    titles = [heading.title for heading in found if heading.level == level]
    return [title for title in titles if _EMOJI.sub("", title) not in GROUPS]


def unreferenced(body: str) -> list[str]:
    """Return the first line of each entry that names no issue or pull request (`#31`)."""
    entries = [
        entry for entry in _ENTRY.findall(body) if not _REFERENCE.search(entry)
    ]
    return [entry.splitlines()[0] for entry in entries]


def always_references(text: str, version: str, path: str = NAME) -> str | None:
    """Return the newest version before this one, if each of its entries has a reference."""
    own = spellings(version)
    before = [
        other for other in changelog.sections(text, path) if other not in own
    ]
    if not before or before.count(before[0]) > 1:
        return None
    body = changelog.section(text, before[0], path)
    if _ENTRY.search(body) and not unreferenced(body):
        return before[0]
    return None
