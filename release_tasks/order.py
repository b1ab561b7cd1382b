"""The order of a release, stage by stage. Commands, plans and CI workflows are made from it.

The steps of a stage may run at the same time. When one fails, the others of its stage finish,
no later stage starts, and all failures are shown.
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
from release_tasks.tasks import dashed

Step = Task[Callable[..., None]]
Order = tuple[tuple[Step, ...], ...]

RELEASE: Order = (
    (check,),            # finds every problem at once, before anything changes
    (bump,),             # the version in every file that contains it; the section of the changelog
    (tag,),              # commits and tags; the tag can still move until it is pushed
    (package_crates, build_binaries, build_wheels, package_charts),
    (docker_buildx, package_bundles),  # they contain the binaries; no file changes after this
    (check_artifacts,),  # every declared file is there, and is what its name says
    (push,),             # the first public act: the branch, its CI (if awaited), then the tags
    (gh_draft,),         # the draft keeps every file, so that another machine can finish
    (publish_images,),   # can still be deleted
    (publish_charts,),   # refer to the images, which now exist
    (publish_pypi,),     # from here on, a mistake costs a version number
    (publish_crates,),   # can be yanked, but never deleted
    (gh_release,),       # the draft becomes public: the moment that users see
    (move_pointers,),    # `latest`, `1.2`, `1`
    (verify,),           # downloads, installs and runs everything
)  # fmt: skip


def name(step: Step) -> str:
    """Return a step's name as the command line shows it."""
    return dashed(step.name)


def steps(order: Order) -> tuple[Step, ...]:
    """Return every step of an order, first to last."""
    return tuple(step for stage in order for step in stage)


def run(step: Step, c: Any, arguments: Mapping[str, str | bool | None]) -> None:
    """Call a step with those of the `arguments` that it has a parameter for."""
    parameters = inspect.signature(step.body).parameters
    taken = {
        key: value for key, value in arguments.items() if key in parameters
    }
    step.body(c, **taken)


def before(existing: Step, new: Step, order: Order = RELEASE) -> Order:
    """Return the order with `new` in a stage of its own before the stage of `existing`.

    Raises `ReleaseError` when `existing` is not in the order.
    """
    index = _stage_of(existing, order)
    return (*order[:index], (new,), *order[index:])


def after(existing: Step, new: Step, order: Order = RELEASE) -> Order:
    """Return the order with `new` in a stage of its own after the stage of `existing`.

    Raises `ReleaseError` when `existing` is not in the order.
    """
    index = _stage_of(existing, order) + 1
    return (*order[:index], (new,), *order[index:])


def without(*removed: Step, order: Order = RELEASE) -> Order:
    """Return the order without some steps. Raises `ReleaseError` when one is not in the order."""
    for step in removed:
        _stage_of(step, order)
    stages = []
    for stage in order:
        if kept := tuple(step for step in stage if step not in removed):
            stages.append(kept)
    return tuple(stages)


def of(c: Any) -> Order:
    """Return the order that the project's collection was made with."""
    order: Order = c.config.get("release_tasks", {}).get("order", RELEASE)
    return order


def _stage_of(step: Step, order: Order) -> int:
    for index, stage in enumerate(order):
        if step in stage:
            return index
    names = ", ".join(map(name, steps(order)))
    raise ReleaseError(
        f"{name(step)} is not a step of this order", f"use one of: {names}"
    )
