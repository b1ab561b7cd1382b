"""Measure this project's speed, or how dense its code is.

`python -m benchmarks [--json] [NAME...]` measures all benchmarks, or those named;
`python -m benchmarks density [FOLDER...]` counts tokens, lines and circles of imports.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator

from benchmarks import (
    bump,
    check,
    compiled,
    crates,
    cross,
    density,
    example,
    listing,
    status,
)
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
    """Measure all benchmarks or those named, one after another, and print one table."""
    if sys.argv[1:2] == ["density"]:
        density.main(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure, and print ratios."
    )
    names = ", ".join(BENCHMARKS)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"only these: {names}"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the rows as JSON"
    )
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in BENCHMARKS]
    if unknown:
        parser.error(
            f"unknown: {', '.join(unknown)}; available: density, {names}"
        )
    # Python keeps what it has compiled, as it does for users
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    rows = []
    failures = []
    for name in arguments.names or BENCHMARKS:
        try:
            rows.extend(measured(name))
        except SystemExit as error:  # the others are measured all the same
            failures.append(f"{name}: {error}")
    if arguments.json:
        print(json.dumps([row.data() for row in rows], indent=2))
    else:
        heading = ("what", "against", "ratio", "at most", "within")
        print_table(heading, [row.cells() for row in rows])
    if failures:
        raise SystemExit("\n".join(failures))


def measured(name: str) -> list[Row]:
    """Return the rows of a benchmark, without the output of what it measures."""
    print(f"measuring {name}", file=sys.stderr)
    with contextlib.redirect_stderr(io.StringIO()):
        return list(BENCHMARKS[name]())


if __name__ == "__main__":
    main()
