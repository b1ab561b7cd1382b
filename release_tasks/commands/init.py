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


HEAD = "# Only what cannot be discovered; `inv settings` shows the rest.\n"


@command
def init(c: Context) -> None:
    """Write a first tasks.py, noxfile.py and release-tasks.toml."""
    from release_tasks.project.settings import FILE
    from release_tasks.tools import git

    top = git.top(Path.cwd())
    wrote = "would write" if shell.is_dry(c) else "wrote"
    for name, text in {"tasks.py": TASKS, "noxfile.py": NOXFILE}.items():
        if (top / name).exists():
            terminal.say(f"{name} exists already")
        else:
            files.write_all(c, {top / name: text})
            terminal.say(f"{wrote} {name}")
    path = top / FILE
    if path.exists():
        terminal.say(f"{FILE} exists already")
        return
    files.write_all(c, {path: _first_settings(top)})
    terminal.say(f"{wrote} {FILE}")
    if not shell.is_dry(c):
        _make_usable(c, path)


def _first_settings(top: Path) -> str:
    """Return a settings file: components where there are several versions, and open questions."""
    from release_tasks.project.discovery import discover
    from release_tasks.project.suggested_components import SeveralVersions
    from release_tasks.project.suggested_settings import suggested

    try:
        project = discover(top)
    except SeveralVersions as error:
        return HEAD + "".join(f"{line}\n" for line in error.lines)
    except ReleaseError as error:
        return f"{HEAD}\n{_commented(str(error.message))}"
    lines = suggested(project)
    if lines:
        return HEAD + "".join(f"{line}\n" for line in lines)
    return HEAD + _questions(project)


def _make_usable(c: Context, path: Path) -> None:
    """Add what is open with the settings as written; comment them out where they do not work."""
    from release_tasks.project.discovery import discover

    text = path.read_text("utf-8")
    if not _active(text):
        return
    try:
        more = _questions(discover(path.parent))
    except ReleaseError as error:
        body = text.removeprefix(HEAD)
        more = f"\n{_commented(str(error.message))}"
        text = HEAD + "".join(map(_commented_line, body.splitlines()))
    if more:
        files.write_all(c, {path: text + more})


def _active(text: str) -> bool:
    return any(
        line.strip() and not line.startswith("#") for line in text.splitlines()
    )


def _commented_line(line: str) -> str:
    return f"{line}\n" if line.startswith("#") or not line else f"# {line}\n"


def _commented(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines())


def _questions(project: Project) -> str:
    """Return the questions that discovery leaves open, and what is left out, as comments."""
    from release_tasks.project.kinds import NAMED

    blocks: dict[str, None] = {}  # in order, each once
    for component in project.components:
        for kind in NAMED:
            found = getattr(component, kind.name)
            if isinstance(found, ReleaseError):
                blocks[f"\n{_commented(str(found.message))}"] = None
    if project.left_out:
        blocks[
            "\n" + _commented("\n".join(("left out:", *project.left_out)))
        ] = None
    return "".join(blocks)
