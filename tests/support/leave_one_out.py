"""Build a release, and go on from its proof without each of its files in turn; print what stopped that, by file."""

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
AT = STEPS.index(check_artifacts)


def run(steps: tuple[order.Step, ...], version: str) -> str:
    """Run steps as `inv release` does and return the error that ended them."""
    try:
        for step in steps:
            order.run(
                step,
                context(),
                {"version": version, "new": "all", "sign_off": "Tester"},
            )
    except ReleaseError as error:
        return str(error)
    return ""


@contextmanager
def without(part: ComponentRelease, row: dist.Built) -> Iterator[None]:
    """Let neither the file nor a line about it be in dist/."""
    path, texts = (
        part.dist / row.file,
        {source: source.read_bytes() for source in (part.dist / "parts").iterdir()},
    )
    hidden = path.rename(path.with_name(f".{row.file}"))
    for source in texts:
        source.write_text(
            json.dumps(
                [one for one in json.loads(texts[source]) if one["file"] != row.file]
            )
        )
    yield
    hidden.rename(path)
    for source, text in texts.items():
        source.write_bytes(text)


def main(version: str) -> None:
    if error := run(STEPS[1:AT], version):
        sys.exit(error)
    stopped: dict[str, str] = {}
    kinds: set[str] = set()
    with memoizing():
        for part in Release.at(context(), version).parts:
            for row in dist.inventory(part):
                with without(part, row):
                    stopped[row.file] = (
                        lacks(version)
                        if row.kind in kinds
                        else run(STEPS[AT:], version)
                    )
                kinds.add(row.kind)
                if not stopped[row.file]:
                    sys.exit(f"without {row.file} the release goes on")
    print(json.dumps(stopped))


def lacks(version: str) -> str:
    """Return what the checks of the declared files find; all checks, for each file, would take long."""
    case = Contents(context(), Release.at(context(), version))
    return "\n".join(one.fact for one in run_checks(checks_of((declared,)), case))


if __name__ == "__main__":
    main(sys.argv[1])
