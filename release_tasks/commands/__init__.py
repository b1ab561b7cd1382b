"""Tasks that look at the order or run it; each is a view, none keeps a list of steps of its own."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from invoke.collection import Collection
from invoke.tasks import Task

from release_tasks import order, steps
from release_tasks.order import Order

HELP = steps.HELP | {
    "component": "the component a single version is for",
    "json": "print one JSON object",
    "keep": "leave the folder with the clone and everything that was published",
    "offline": "refuse reads of third-party packages, too",
    "serve": "only start the registries, print their addresses, and serve until standard input closes",
    "collect": "folders with parts of this commit that other machines built, with commas",
    "install": "run the commands that install what is missing",
    "folders": "folders with dist/ of other machines, with commas; those below count, too",
    "all": "look for everything that any project could need, not only this one",
}


class View(steps.Interruptible):
    """A task that has nothing to go on with."""

    again = "begins anew"


def command(function: Callable[..., None]) -> Task[Callable[..., None]]:
    """Make a task of a command, with the same help for the same parameter everywhere."""
    given = inspect.signature(function).parameters
    needs_words = "version" in given and given["version"].default == ""
    texts = HELP | {"version": steps.WORDS} if needs_words else HELP
    return steps.described(function, texts, klass=View)


def collection_of(wanted: Order) -> Collection:
    """Return the collection of all commands and of the steps of an order, which it carries."""
    from release_tasks.commands.collect import collect
    from release_tasks.commands.doctor import doctor
    from release_tasks.commands.init import init
    from release_tasks.commands.matrix import matrix
    from release_tasks.commands.notes import notes
    from release_tasks.commands.plan import plan
    from release_tasks.commands.promote import promote
    from release_tasks.commands.rehearse import rehearse
    from release_tasks.commands.release import release
    from release_tasks.commands.retag import retag
    from release_tasks.commands.settings import settings
    from release_tasks.commands.status import status

    found = Collection()
    for one in (
        release,
        status,
        plan,
        rehearse,
        doctor,
        settings,
        init,
        notes,
        retag,
        promote,
        matrix,
        collect,
    ):
        found.add_task(one)
    for step in order.steps(wanted):
        found.add_task(step, name=order.name(step))
    found.configure({"release_tasks": {"order": wanted}})
    return found
