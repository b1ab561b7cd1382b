"""A first tasks.py, noxfile.py and release-tasks.toml for a project."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from release_tasks import files, shell, terminal
from release_tasks.commands import command

TASKS = '"""Release tasks of this project; `inv --list` shows them."""\n\nfrom release_tasks import ns\n\n__all__ = ["ns"]\n'
GATES = '"""The gates of a release as sessions; `nox -l` lists them."""\n\nfrom release_tasks.sessions import preflight\n\npreflight()\n'


@command
def init(c: Context) -> None:
    """Write a first tasks.py, noxfile.py and release-tasks.toml."""
    from release_tasks.errors import ReleaseError
    from release_tasks.project.discovery import discover
    from release_tasks.project.kinds import NAMED
    from release_tasks.project.settings import FILE
    from release_tasks.tools import git

    top = git.top(Path.cwd())
    project = discover(top)
    asked = [
        f
        for one in project.components
        for kind in NAMED
        if isinstance(f := getattr(one, kind.name), ReleaseError)
    ]
    lines = ["# Only what cannot be discovered; `inv settings` shows the rest.\n"]
    lines += [
        "".join(f"# {line}\n" for line in str(question.message).splitlines()) for question in asked
    ]
    for name, text in (("tasks.py", TASKS), ("noxfile.py", GATES), (FILE, "\n".join(lines))):
        if (top / name).exists():
            terminal.say(f"{name} is there already")
        else:
            files.write_all(c, {top / name: text})
            terminal.say(f"{name} written" if not shell.is_dry(c) else f"{name} would be written")
