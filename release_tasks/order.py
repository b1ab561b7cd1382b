"""What a release is, stage by stage. Everything else is a view of this tuple.

Steps in the same inner tuple may run at the same time. When one fails, the others of its stage
finish, nothing later starts, and all failures are shown.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from invoke.tasks import Task

from release_tasks.errors import ReleaseError
from release_tasks.steps.build_binaries import build_binaries
from release_tasks.steps.build_wheels import build_wheels
from release_tasks.steps.bump import bump
from release_tasks.steps.check import check
from release_tasks.steps.check_artifacts import check_artifacts
from release_tasks.steps.docker_buildx import docker_buildx
from release_tasks.steps.gh_draft import gh_draft
from release_tasks.steps.gh_release import gh_release
from release_tasks.steps.move_pointers import move_pointers
from release_tasks.steps.package_bundles import package_bundles
from release_tasks.steps.package_charts import package_charts
from release_tasks.steps.package_crates import package_crates
from release_tasks.steps.publish_charts import publish_charts
from release_tasks.steps.publish_crates import publish_crates
from release_tasks.steps.publish_images import publish_images
from release_tasks.steps.publish_pypi import publish_pypi
from release_tasks.steps.push import push
from release_tasks.steps.tag import tag
from release_tasks.steps.verify import verify

Step = Task[Callable[..., None]]
Order = tuple[tuple[Step, ...], ...]

RELEASE: Order = (
    (check,),                            # every problem at once, before anything changes
    (bump,),                             # the version, in every file that carries it; the changelog's section
    (tag,),                              # commit, and a name for exactly this commit (moved while origin lacks it)
    (package_crates, build_binaries, build_wheels, package_charts),
    (docker_buildx, package_bundles),    # made of the binaries; bytes are final from here on
    (check_artifacts,),                            # exactly the declared files are there, and are what their names say
    (push,),                             # first public act: the branch, its green runs if they are awaited, the tags
    (gh_draft,),                         # the draft keeps every byte for whoever has to finish
    (publish_images,),                   # can still be taken back
    (publish_charts,),                   # a chart names the image, which now exists
    (publish_pypi,),                     # from here on a mistake costs a version number
    (publish_crates,),                   # and this can never be deleted
    (gh_release,),                       # the one visible moment: the draft goes public
    (move_pointers,),                    # `latest`, `1.2`, `1`
    (verify,),                           # fetch everything back, as a user would
)  # fmt: skip


def name(step: Step) -> str:
    """Return a step's name as the command line shows it."""
    return step.name.replace("_", "-")


def steps(order: Order) -> tuple[Step, ...]:
    """Return every step of an order, first to last."""
    return tuple(step for stage in order for step in stage)


def run(step: Step, c: Any, given: Mapping[str, str | None]) -> None:
    """Call a step with those of the `given` values that it takes."""
    takes = inspect.signature(step.body).parameters
    step.body(c, **{key: value for key, value in given.items() if key in takes})


def before(place: Step, step: Step, order: Order = RELEASE) -> Order:
    """Return the order with a step in a stage of its own before another one."""
    at = _stage(place, order)
    return (*order[:at], (step,), *order[at:])


def after(place: Step, step: Step, order: Order = RELEASE) -> Order:
    """Return the order with a step in a stage of its own after another one."""
    at = _stage(place, order) + 1
    return (*order[:at], (step,), *order[at:])


def without(*gone: Step, order: Order = RELEASE) -> Order:
    """Return the order without some steps."""
    for step in gone:
        _stage(step, order)
    kept = (tuple(step for step in stage if step not in gone) for stage in order)
    return tuple(stage for stage in kept if stage)


def of(c: Any) -> Order:
    """Return the order that a project's collection carries."""
    order: Order = c.config.get("release_tasks", {}).get("order", RELEASE)
    return order


def _stage(place: Step, order: Order) -> int:
    for at, stage in enumerate(order):
        if place in stage:
            return at
    raise ReleaseError(
        f"{name(place)} is no step of this order",
        f"its steps are {', '.join(map(name, steps(order)))}",
    )
