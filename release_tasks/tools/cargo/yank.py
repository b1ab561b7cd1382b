"""cargo yank: new projects cannot take a version any more; who has it in a lock file still can."""

from __future__ import annotations

import re
from pathlib import Path

from invoke.context import Context

from release_tasks import endpoints, shell
from release_tasks.errors import ReleaseError
from release_tasks.tools.cargo import CRATES_IO, steering
from release_tasks.tools.cargo import publish as cargo_publish

TOKEN = cargo_publish.TOKEN
# a token for uploads alone, and that of a job, may not yank (crates.io, token scopes)
SCOPE = r"required permissions|authentication failed|(status|got) 40[13]"
AGAIN = "run the same command again: it does only what is left"


def yank(
    c: Context, tree: Path, name: str, version: str, is_undo: bool
) -> None:
    """Yank a version of a crate, or take that back. Doing it twice does no harm.

    Raises `ReleaseError` with what crates.io says.
    """
    argv = ["cargo", "yank", *CRATES_IO, "--version", version, name]
    if is_undo:
        argv.append("--undo")
    try:
        shell.do(c, argv, cwd=tree, env=steering.pins(tree), secrets=[TOKEN])
    except shell.Failed as error:
        explained = cargo_publish.explain(error)
        fix = explained.fix
        if fix == cargo_publish.OTHER_FIX:
            fix = AGAIN
        if re.search(SCOPE, cargo_publish.plain(error.output)):
            fix = f"make a token with the scope yank: {endpoints.CRATES}/settings/tokens"
        raise ReleaseError(explained.problem, fix) from error
