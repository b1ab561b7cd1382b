"""docs/commands.md: every command with its options, from the tasks themselves."""

from __future__ import annotations

import inspect
from typing import Any

import release_tasks
from release_tasks import order
from release_tasks.commands.overview import CI, LATER, RELEASE, START
from release_tasks.tasks import dashed

PAGE = "commands.md"
INTRODUCTION = """\
# Commands

<!-- Written by `python -m manual`. -->

`inv COMMAND` in a project with a `tasks.py`; `release-tasks COMMAND` is the same anywhere.
`inv` alone lists the commands, `inv COMMAND --help` shows the options of one, and
`inv --dry COMMAND` shows what would be done; invoke's own options stand before the command.
[Versions](versions.md#version-levels) has what `--version` takes.

Exit codes, of every command:

| code | means |
|---|---|
| 0 | complete |
| 1 | an error, which is printed with its fix |
| 3 | incomplete: `inv status` found something missing |
| 130 | interrupted by Ctrl-C or SIGTERM; the line that resumes is printed |
"""


def page() -> str:
    """Return the text of the page."""
    tasks = {
        dashed(name): task for name, task in release_tasks.ns.tasks.items()
    }
    steps = tuple(order.name(step) for step in order.steps(order.RELEASE))
    others = tuple(name for name in steps if name not in RELEASE)
    groups = {
        "Start here": START,
        "Release": RELEASE,
        "Around a release": LATER,
        "Each step by itself, as CI calls it": (*others, *CI),
        "Everything": ("overview",),
    }
    parts = [INTRODUCTION]
    for title, names in groups.items():
        parts.append(f"## {title}\n")
        parts += [_section(name, tasks[name]) for name in names]
    return "\n".join(parts)


def _section(name: str, task: Any) -> str:
    text = inspect.cleandoc(task.__doc__ or "")
    lines = [f"### `inv {name}`", "", text, ""]
    options = [_option(argument) for argument in task.get_arguments()]
    if options:
        lines += ["| option | |", "|---|---|", *options, ""]
    return "\n".join(lines)


def _option(argument: Any) -> str:
    flag = f"--{dashed(argument.name)}"
    if argument.takes_value:
        flag += f" {dashed(argument.name).upper()}"
    help_text = (argument.help or "").replace("|", "\\|")
    return f"| `{flag}` | {help_text} |"
