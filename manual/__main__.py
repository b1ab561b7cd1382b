"""Write the parts of docs/ that are made from the code, or what console blocks print."""

from __future__ import annotations

import argparse
from pathlib import Path

from manual import commands, findings

DOCS = Path(__file__).parents[1] / "docs"


def made() -> dict[Path, str]:
    """Return the text of every page that is made from the code."""
    path = DOCS / findings.PAGE
    return {
        DOCS / commands.PAGE: commands.page(),
        path: findings.page(path.read_text()),
    }


def main() -> None:
    """Write the pages."""
    parser = argparse.ArgumentParser(prog="python -m manual")
    parser.parse_args()
    for path, text in made().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
