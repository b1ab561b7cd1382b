"""Write the parts of docs/ that are made from the code, or what console blocks print."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from manual import commands, console, findings, picture, runbooks

DOCS = Path(__file__).parents[1] / "docs"


def made() -> dict[Path, str]:
    """Return the text of every page that is made from the code."""
    path = DOCS / findings.PAGE
    return {
        DOCS / commands.PAGE: commands.page(),
        path: findings.page(path.read_text()),
        DOCS / runbooks.PAGE: runbooks.page(),
    }


def main() -> None:
    """Write the pages."""
    parser = argparse.ArgumentParser(prog="python -m manual")
    parser.add_argument(
        "--run", nargs="+", type=Path, metavar="PAGE", default=[]
    )
    parser.add_argument(
        "--picture", action="store_true", help="rehearse the demo, and draw it"
    )
    parser.add_argument(
        "--captures",
        action="store_true",
        help="run the demo in terminals of two sizes, and draw them and its report",
    )
    arguments = parser.parse_args()
    for path in arguments.run:
        with tempfile.TemporaryDirectory() as folder:
            results = console.run(path.read_text(), Path(folder))
        path.write_text(console.rendered(path.read_text(), results))
        print(path)
    if arguments.picture:
        picture.make()
    if arguments.captures:
        from manual import captures  # needs the group `pictures`

        captures.make()
    for path, text in made().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
