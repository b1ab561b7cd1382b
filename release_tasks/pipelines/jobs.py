"""The jobs that an order becomes in CI: which steps run together, after what, with which rights.

Nothing before `push` is public, so those jobs may only read. From `push` on, each step is a job of
its own that holds nothing but what its channel asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from release_tasks import order
from release_tasks.errors import ReleaseError
from release_tasks.order import Order, Step
from release_tasks.project.model import Project, resolved_or_empty
from release_tasks.steps.build_binaries import build_binaries
from release_tasks.steps.build_wheels import build_wheels
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

PLAN, BUILD, ASSEMBLE, APPROVE, DRAFT = (
    "plan",
    "build",
    "assemble",
    "approve",
    "draft",
)
# Why a job may do more than read the repository, as its definition says.
COMMITS = {"contents": ("write", "the branch, the tags, the draft")}
RELEASE = {"contents": ("write", "the GitHub release")}
PACKAGES = {"packages": ("write", "images and charts of this repository")}
IDENTITY = {"id-token": ("write", "trusted publishing instead of a token")}
RIGHTS: Mapping[Step, Mapping[str, tuple[str, str]]] = {
    push: COMMITS,
    gh_draft: COMMITS,
    publish_images: PACKAGES,
    publish_charts: PACKAGES,
    publish_pypi: IDENTITY,
    publish_crates: IDENTITY,
    gh_release: RELEASE,
    move_pointers: {**RELEASE, **PACKAGES},
}
# What a project must ship for a step to have anything to do.
KINDS: Mapping[Step, tuple[str, ...]] = {
    build_binaries: ("binaries",),
    build_wheels: ("python",),
    package_crates: ("crates",),
    package_charts: ("charts",),
    docker_buildx: ("images",),
    publish_images: ("images",),
    publish_charts: ("charts",),
    publish_pypi: ("python",),
    publish_crates: ("crates",),
    move_pointers: ("images", "charts"),
}
PER_TARGET = (build_binaries, build_wheels)  # `inv matrix` has their machines
TOGETHER = (push, gh_draft)  # one job, so that no tag is public without a draft


@dataclass(frozen=True)
class Job:
    """A job: its steps, and the jobs that it comes after.

    `rights` are what it may do besides reading the repository, each with the reason; `has_files`
    tells whether it begins with the built files.
    """

    name: str
    steps: tuple[Step, ...]
    needs: tuple[str, ...]
    rights: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    has_files: bool = False


def jobs(project: Project, steps: Order, environment: str = "") -> list[Job]:
    """Return the jobs of an order, first to last; those without anything to do are left out.

    `environment` is the one whose reviewers approve a release before anything is public. Raises
    `ReleaseError` for an order without the steps `tag` and `push`.
    """
    every = order.steps(steps)
    for step in (tag, push):
        if step not in every:
            raise ReleaseError(
                f"this order has no {order.name(step)}, which divides the jobs",
                f"keep {order.name(step)} in the order, or write the workflow by hand",
            )
    first, public = every.index(tag) + 1, every.index(push)
    found = [Job(PLAN, every[:first], ())]
    built = [step for step in every[first:public] if _has_work(step, project)]
    per_target = [step for step in built if step in PER_TARGET]
    others = [step for step in built if step not in PER_TARGET]
    if per_target:
        found.append(Job(BUILD, tuple(per_target), (PLAN,)))
    before = tuple(job.name for job in found)
    found.append(Job(ASSEMBLE, tuple(others), before, has_files=True))
    if environment:
        found.append(Job(APPROVE, (), (PLAN, ASSEMBLE)))
    shipped = [step for step in every[public:] if _has_work(step, project)]
    found += _public(shipped, found[-1].name)
    return found


def _public(steps: list[Step], before: str) -> Iterator[Job]:
    """Yield the jobs of the steps that others can see, each after the one before."""
    together = [step for step in steps if step in TOGETHER]
    yield Job(DRAFT, tuple(together), (PLAN, before), COMMITS, True)
    last = DRAFT
    for step in steps:
        if step in TOGETHER:
            continue
        name = order.name(step)
        rights = RIGHTS.get(step, {})
        yield Job(name, (step,), (PLAN, last), rights, step is not verify)
        last = name


def _has_work(step: Step, project: Project) -> bool:
    """Tell whether a step has anything to do; a step of the project's own always has."""
    if step is package_bundles:
        return bool(project.settings.bundles)
    if step not in KINDS:
        return True
    return any(
        resolved_or_empty(getattr(component, kind))
        for component in project.components
        for kind in KINDS[step]
    )
