"""A table for people: aligned columns, and colors on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from release_tasks.display import lines
from release_tasks.printable import printable

Row = tuple[str, ...]
COLORS = {
    "published": "green",
    "same": "green",
    "present": "green",
    "missing": "yellow",
    "partial": "yellow",
    "behind": "yellow",
    "different": "red",
    "yanked": "red",
    "closed": "red",
}


def print_table(heading: Row, rows: Sequence[Row]) -> None:
    """Print rows to stdout below their heading, in columns as wide as their widest cell."""
    from rich.console import Console

    lines.stop()
    rows = [tuple(map(printable, row)) for row in rows]
    console = Console(highlight=False, soft_wrap=True)
    if console.is_terminal:
        console.print(_colored(heading, rows))
        return
    columns = zip(heading, *rows, strict=True)
    widths = [max(map(len, column)) for column in columns]
    for row in (heading, *rows):
        cells = [
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ]
        print("  ".join(cells).rstrip())


def _colored(heading: Row, rows: Sequence[Row]) -> object:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in heading:
        # a shortened name could not be copied
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*map(_cell, row))
    return table


def _cell(text: str) -> str:
    """Return a cell in rich's markup; an arrow stays on the line of the name that it points at."""
    if text in COLORS:
        return f"[{COLORS[text]}]{text}[/]"
    return text.replace("→ ", "→\u00a0").replace("[", "\\[")
