"""What a pull request says of itself, and what people see of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from release_tasks.downstream.edits import Change, Edits
from release_tasks.printable import one_line
from release_tasks.tools.gh import hosts

if TYPE_CHECKING:
    from release_tasks.downstream.proposal import Proposal


def body(proposal: Proposal, found: Edits) -> str:
    """Return the text of a pull request as Markdown: where the notes are, and what changes."""
    lines = []
    for part in proposal.release.parts:
        page = hosts.web(proposal.release.project.github_repository)
        tag = f"{page}/releases/tag/{part.tag}"
        lines.append(f"{part.component.name} {part.version}: <{tag}>")
    if found.changes:
        lines += ["", "| place | what | before | now |", "|---|---|---|---|"]
    for change in found.changes:
        cells = (change.place, change.what, change.old, change.new)
        lines.append("| " + " | ".join(map(_cell, cells)) + " |")
    if found.left:
        lines += ["", "Not changed:", ""]
    for one in found.left:
        place = f"{one.file}:{one.line}" if one.line else one.file
        lines.append(f"- {_code(place)}: {one_line(one.fact)}")
    if proposal.table.test:
        lines += ["", f"{_code(proposal.table.test)} passed with it."]
    return "\n".join(lines) + "\n"


def lines_of(changes: list[Change]) -> Iterator[str]:
    """Yield one line for people for each change."""
    for change in changes:
        old = f"{change.old} → " if change.old else ""
        yield f"{change.place}: {change.what}: {old}{change.new}"


def _cell(text: str) -> str:
    return _code(text).replace("|", "\\|") if text else ""


def _code(text: str) -> str:
    return f"`{one_line(text).replace('`', '')}`"
