"""A first tasks.py, noxfile.py and release-tasks.toml for a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context

from release_tasks import files, shell, terminal
from release_tasks.errors import ReleaseError
from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.project.model import Project

TASKS = '''\
"""Release tasks of this project; `inv --list` shows them."""

from release_tasks import ns

__all__ = ["ns"]
'''
NOXFILE = '''\
"""The gates of a release as nox sessions; `nox -l` lists them."""

from release_tasks.sessions import preflight

preflight()
'''


@command
def init(c: Context) -> None:
    """Write a first tasks.py, noxfile.py and release-tasks.toml."""
    from release_tasks.project.discovery import discover
    from release_tasks.project.settings import FILE
    from release_tasks.tools import git

    top = git.top(Path.cwd())
    texts = {"tasks.py": TASKS, "noxfile.py": NOXFILE, FILE: _settings(discover(top))}
    wrote = "would write" if shell.is_dry(c) else "wrote"
    for name, text in texts.items():
        if (top / name).exists():
            terminal.say(f"{name} exists already")
        else:
            files.write_all(c, {top / name: text})
            terminal.say(f"{wrote} {name}")


def _settings(project: Project) -> str:
    """Return a settings file whose comments are the questions that discovery leaves open."""
    from release_tasks.project.kinds import NAMED

    blocks = ["# Only what cannot be discovered; `inv settings` shows the rest.\n"]
    for component in project.components:
        for kind in NAMED:
            found = getattr(component, kind.name)
            if isinstance(found, ReleaseError):
                lines = str(found.message).splitlines()
                blocks.append("".join(f"# {line}\n" for line in lines))
    return "\n".join(blocks)
