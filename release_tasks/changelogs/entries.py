"""What stands in a section of a changelog: its groups, and the entries in them."""

from __future__ import annotations

import re

from release_tasks.changelogs import changelog
from release_tasks.changelogs.lines import headings, lines_of
from release_tasks.versions.numbers import spellings

GROUPS = (
    "Added",
    "Changed",
    "Deprecated",
    "Removed",
    "Fixed",
    "Security",
)  # keepachangelog.com 1.1.0, all that it has
_ENTRY = re.compile(r"^[-*] .*(?:\n(?![-*#]).*\S.*)*", re.M)


def unknown_groups(text: str, body: str) -> list[str]:
    """Return the groups of a section that Keep a Changelog does not know, where the text says that it follows that."""
    found = headings(lines_of(body)) if "keepachangelog.com" in text else []
    titles = [one.title for one in found if one.level == min(other.level for other in found)]
    return [
        title for title in titles if re.sub(r"^\W+", "", title) not in GROUPS
    ]  # emoji may stand before the word


def unreferenced(body: str) -> list[str]:
    """Return the first line of each entry of a section that names no issue or pull request (`#31`)."""
    return [one.splitlines()[0] for one in _ENTRY.findall(body) if not re.search(r"#[0-9]+\b", one)]


def always_references(text: str, version: str) -> str | None:
    """Return the newest version before this one, if each of its entries names an issue or pull request."""
    last = next((one for one in changelog.sections(text) if one not in spellings(version)), None)
    body = changelog.section(text, last) if last and last not in changelog.doubles(text) else ""
    return last if _ENTRY.search(body) and not unreferenced(body) else None
