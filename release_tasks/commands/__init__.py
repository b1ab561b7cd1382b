"""Tasks that look at the order or run it; each is a view, none keeps a list of steps of its own."""

from __future__ import annotations

from invoke.collection import Collection

from release_tasks.order import Order, name, steps


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
    for command in (release, status, plan, rehearse, doctor, settings, init, notes, retag, promote):
        found.add_task(command)
    for step in steps(order):
        found.add_task(step, name=name(step))
    found.configure({"release_tasks": {"order": order}})
    return found
