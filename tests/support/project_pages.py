"""The pages of docs/projects, and the lines on them that publish."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "projects"
_NOT_RUN = re.compile(
    r"<!-- not run: .* -->\n```console\n(.*?)^```", re.M | re.S
)


def publishing_lines(page: Path) -> list[str]:
    """Return what a reader types that publishes, without the prompt."""
    blocks = _NOT_RUN.findall(page.read_text())
    return [
        line.removeprefix("$ ")
        for block in blocks
        for line in block.splitlines()
    ]
