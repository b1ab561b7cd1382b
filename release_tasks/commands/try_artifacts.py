"""Try the built files on this machine, before they are public."""

from __future__ import annotations

import sys
from pathlib import Path

from invoke.context import Context

from release_tasks.tasks import command


@command
def try_artifacts(
    c: Context,
    python: str = "",
    version: str | None = None,
    component: str | None = None,
) -> None:
    """Install and start the built files for this machine."""
    from release_tasks import dist, shell, terminal
    from release_tasks.checks.artifacts import tried
    from release_tasks.converge import begin
    from release_tasks.errors import ReleaseError, counted, raise_problems
    from release_tasks.project.kinds import FileKind

    own = Path(shell.found(python or sys.executable) or "")
    if own == Path():
        raise ReleaseError(
            f"there is no Python {python} here",
            "--python takes the path of one, such as /usr/bin/python3.12",
        )
    release = begin(c, version, component)
    if shell.is_dry(c):
        terminal.say(f"would try what is in dist/ with {own}")
        return
    kinds = (FileKind.WHEEL, FileKind.BINARY)
    number = sum(len(dist.of_kind(part, *kinds)) for part in release.parts)
    if not number:
        tags = ", ".join(part.tag for part in release.parts)
        terminal.say(f"no wheel and no program of {tags} is in dist/")
        return
    raise_problems(tried.problems(c, release, own))
    terminal.say(f"{counted(number, 'file')} tried, as far as they run here")
