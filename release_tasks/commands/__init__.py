"""Tasks that look at the order or run it; each is a view, none keeps a list of steps of its own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from invoke.collection import Collection
from invoke.tasks import Task, task

from release_tasks.order import Order, name, steps
from release_tasks.steps import WORDS

HELP = {
    "version": "the version, X.Y.Z; default: the one this checkout is at",
    "component": "the component a single version is for",
    "new": "names that may be published for the first time, with commas, or all",
    "json": "print one JSON object",
    "keep": "leave the folder with the clone and everything that was published",
    "offline": "refuse reads of third-party packages, too",
    "serve": "only start the registries, print their addresses, and serve until standard input closes",
    "install": "run the commands that install what is missing",
    "all": "look for everything that any project could need, not only this one",
}


def command(function: Callable[..., None]) -> Task[Callable[..., None]]:
    """Make a task of a command, with the same help for the same parameter everywhere."""
    given = list(inspect.signature(function).parameters.values())[1:]
    named = {one.name: WORDS if (one.name, one.default) == ("version", "") else HELP[one.name] for one in given}
    made: Any = task(auto_shortflags=False, help=named)(function)
    return made  # type: ignore[no-any-return]  # invoke's decorator is untyped


def collect(order: Order) -> Collection:
    """Return the collection of all commands and of the steps of `order`, which it carries."""
    from release_tasks.commands.doctor import doctor
    from release_tasks.commands.init import init
    from release_tasks.commands.notes import notes
    from release_tasks.commands.plan import plan
    from release_tasks.commands.promote import promote
    from release_tasks.commands.rehearse import rehearse
    from release_tasks.commands.release import release
    from release_tasks.commands.retag import retag
    from release_tasks.commands.settings import settings
    from release_tasks.commands.status import status

    found = Collection()
    for one in (release, status, plan, rehearse, doctor, settings, init, notes, retag, promote):
        found.add_task(one)
    for step in steps(order):
        found.add_task(step, name=name(step))
    found.configure({"release_tasks": {"order": order}})
    return found
