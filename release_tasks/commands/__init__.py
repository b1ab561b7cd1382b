"""Tasks that read or run the order; none keeps a list of steps of its own."""

from __future__ import annotations

from invoke.collection import Collection

from release_tasks import order
from release_tasks.order import Order
from release_tasks.tasks import accept_underscores


def collection_of(steps: Order) -> Collection:
    """Return the collection of all commands and of the steps of an order, which it carries."""
    from release_tasks.commands.announce import announce
    from release_tasks.commands.collect import collect
    from release_tasks.commands.doctor import doctor
    from release_tasks.commands.downstream import downstream
    from release_tasks.commands.fix import fix
    from release_tasks.commands.generate_ci import generate_ci
    from release_tasks.commands.hotfix import hotfix
    from release_tasks.commands.init import init
    from release_tasks.commands.matrix import matrix
    from release_tasks.commands.metrics import metrics
    from release_tasks.commands.milestone import milestone
    from release_tasks.commands.next import next
    from release_tasks.commands.notes import notes
    from release_tasks.commands.overview import overview
    from release_tasks.commands.plan import plan
    from release_tasks.commands.promote import promote
    from release_tasks.commands.rehearse import rehearse
    from release_tasks.commands.release import release
    from release_tasks.commands.retag import retag
    from release_tasks.commands.rollback import rollback
    from release_tasks.commands.settings import settings
    from release_tasks.commands.sign_off import sign_off
    from release_tasks.commands.status import status
    from release_tasks.commands.try_artifacts import try_artifacts
    from release_tasks.commands.untag import untag
    from release_tasks.commands.watch import watch

    tasks = Collection()
    tasks.add_task(announce)
    tasks.add_task(collect)
    tasks.add_task(doctor)
    tasks.add_task(downstream)
    tasks.add_task(fix)
    tasks.add_task(generate_ci)
    tasks.add_task(hotfix)
    tasks.add_task(init)
    tasks.add_task(matrix)
    tasks.add_task(metrics)
    tasks.add_task(milestone)
    tasks.add_task(next)
    tasks.add_task(notes)
    tasks.add_task(overview, default=True)
    tasks.add_task(plan)
    tasks.add_task(promote)
    tasks.add_task(rehearse)
    tasks.add_task(release)
    tasks.add_task(retag)
    tasks.add_task(rollback)
    tasks.add_task(settings)
    tasks.add_task(sign_off)
    tasks.add_task(status)
    tasks.add_task(try_artifacts)
    tasks.add_task(untag)
    tasks.add_task(watch)
    for step in order.steps(steps):
        tasks.add_task(step, name=order.name(step))
    tasks.configure({"release_tasks": {"order": steps}})
    accept_underscores()
    return tasks
