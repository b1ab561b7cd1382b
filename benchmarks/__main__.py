"""Measure what is promised of this project's speed: `python -m benchmarks [--json] [NAME...]`."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator

from benchmarks import bump, check, compiled, crates, cross, example, listing, status
from benchmarks.measure import Row
from release_tasks.commands.table import print_table

BENCHMARKS: dict[str, Callable[[], Iterator[Row]]] = {
    "bump": bump.rows,
    "verify": crates.verifying,
    "upload": crates.uploading,
    "status": status.rows,
    "check": check.rows,
    "arm64": cross.rows,
    "compiled": compiled.rows,
    "wall": example.wall,
    "list": listing.rows,
    "demo": example.whole,
}


def main() -> None:
    """Measure all or those named, one after another, and print one table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure, and print ratios."
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"only these: {', '.join(BENCHMARKS)}"
    )
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in BENCHMARKS]:
        parser.error(f"{', '.join(unknown)} is not one of {', '.join(BENCHMARKS)}")
    os.environ.pop(
        "PYTHONDONTWRITEBYTECODE", None
    )  # a user's Python keeps what it compiled
    rows = [row for name in given.names or BENCHMARKS for row in measured(name)]
    if given.json:
        print(json.dumps([row.data() for row in rows], indent=2))
    else:
        heading = ("what", "against", "ratio", "at most", "within")
        print_table(heading, [row.cells() for row in rows])


def measured(name: str) -> list[Row]:
    """Return a benchmark's rows; what the measured commands say would drown the table."""
    print(f"measuring {name}", file=sys.stderr)
    with contextlib.redirect_stderr(io.StringIO()):
        return list(BENCHMARKS[name]())


if __name__ == "__main__":
    main()
