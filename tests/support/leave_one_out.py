"""Build a release, and go on from check-artifacts without each of its files in turn.

Prints the error that stopped each, as JSON by file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from release_tasks import dist, order
from release_tasks.checks.artifacts import declared
from release_tasks.checks.artifacts.contents import Contents
from release_tasks.checks.check import checks_of
from release_tasks.checks.check import run as run_checks
from release_tasks.errors import ReleaseError
from release_tasks.memo import memoizing
from release_tasks.release import ComponentRelease, Release
from release_tasks.steps.check_artifacts import check_artifacts
from support.contexts import context

STEPS = order.steps(order.RELEASE)
CHECK = STEPS.index(check_artifacts)


def main(version: str) -> None:
    error = run(STEPS[1:CHECK], version)
    if error:
        sys.exit(error)
    with memoizing():
        stopped = leave_out_each(version)
    print(json.dumps(stopped))


def leave_out_each(version: str) -> dict[str, str]:
    """Return the error that a release stops with, by the file that is left out.

    Only the first file of each kind is left out of a whole release, which takes long; the others
    are left out of the check of the declared files.
    """
    stopped: dict[str, str] = {}
    kinds: set[str] = set()
    for part in Release.at(context(), version).parts:
        for row in dist.inventory(part):
            with without(part, row):
                if row.kind in kinds:
                    stopped[row.file] = missing_files(version)
                else:
                    stopped[row.file] = run(STEPS[CHECK:], version)
            kinds.add(row.kind)
            if not stopped[row.file]:
                sys.exit(f"without {row.file} the release goes on")
    return stopped


def run(steps: tuple[order.Step, ...], version: str) -> str:
    """Run steps as `inv release` does and return the error that ended them."""
    options = {"version": version, "new": "all", "sign_off": "Tester"}
    try:
        for step in steps:
            order.run(step, context(), options)
    except ReleaseError as error:
        return str(error)
    return ""


def missing_files(version: str) -> str:
    """Return what the check of the declared files finds."""
    case = Contents(context(), Release.at(context(), version))
    return "\n".join(
        error.fact for error in run_checks(checks_of((declared,)), case)
    )


@contextmanager
def without(part: ComponentRelease, row: dist.Built) -> Iterator[None]:
    """Hide a file of dist/, and its row in every record."""
    path = part.dist / row.file
    hidden = path.rename(path.with_name(f".{row.file}"))
    records = {
        record: record.read_text() for record in (part.dist / "parts").iterdir()
    }
    for record, text in records.items():
        others = [line for line in json.loads(text) if line["file"] != row.file]
        record.write_text(json.dumps(others))
    yield
    hidden.rename(path)
    for record, text in records.items():
        record.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1])
