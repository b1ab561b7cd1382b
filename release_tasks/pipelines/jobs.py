"""The jobs that an order becomes in CI: which steps run together, after what, with which rights.

Nothing before `push` is public, so those jobs may only read. From `push` on, each step is a job of
its own that holds nothing but what its channel asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from release_tasks import order
from release_tasks.building.jobs import is_built_apart
from release_tasks.errors import ReleaseError
from release_tasks.order import Order, Step
from release_tasks.project.model import Project, resolved_or_empty
from release_tasks.steps.build_binaries import build_binaries
from release_tasks.steps.build_wheels import build_wheels
from release_tasks.steps.bump import bump
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

PLAN, BUILD, IMAGES, ASSEMBLE = ("plan", "build", "images", "assemble")
TEST, SIGN_OFF, APPROVE, DRAFT = ("test", "sign-off", "approve", "draft")
PROVENANCE, VERIFY, REHEARSE = ("provenance", "verify", "rehearse")
# the jobs that run on several machines, and the settings that choose these
EACH_MACHINE = {
    BUILD: 'in [build.runners], by target: x86_64-pc-windows-msvc = "LABEL"',
    IMAGES: 'in [build.runners], by platform: "linux/arm64" = "LABEL"',
    TEST: 'in [ci.tests], by machine: "LABEL" = ["3.13"]',
    VERIFY: 'in [ci.tests], by machine: "LABEL" = ["3.13"]',
}

Rights = Mapping[str, tuple[str, str]]
# Why a job may do more than read the repository, as its definition says.
COMMITS = {"contents": ("write", "the branch, the tags, the draft")}
RELEASE = {"contents": ("write", "the GitHub release")}
PACKAGES = {"packages": ("write", "images and charts of this repository")}
IDENTITY = {"id-token": ("write", "trusted publishing instead of a token")}
ATTESTATIONS = {
    "id-token": ("write", "the signature names this workflow"),
    "attestations": ("write", "where they are kept"),
}
RUNS_OF_CI = {
    "actions": ("read", "the runs that [gates] ci asks for"),
    "checks": ("read", "their results"),
    "statuses": ("read", "those of other services"),
}
ENVIRONMENT = {"actions": ("read", "the environment of [github]")}
SIGN_OFF_ENVIRONMENT = {"actions": ("read", "the environment of sign-off")}
SIGNED = {"actions": ("read", "who has approved this run")}
ISSUES = {"issues": ("read", "the open ones that [gates] asks for")}
RIGHTS: Mapping[Step, Rights] = {
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
    rights: Rights = field(default_factory=dict)
    has_files: bool = False


def jobs(project: Project, steps: Order) -> list[Job]:
    """Return the jobs of an order, first to last; those without anything to do are left out.

    Raises `ReleaseError` for an order without the steps `tag` and `push`.
    """
    every = order.steps(steps)
    for step in (tag, push):
        if step not in every:
            raise ReleaseError(
                f"this order has no {order.name(step)}, which divides the jobs",
                f"keep {order.name(step)} in the order, or write the workflow by hand",
            )
    first, public = every.index(tag) + 1, every.index(push)
    built = [step for step in every[first:public] if _has_work(step, project)]
    found = [Job(PLAN, every[:first], (), _rights_to_check(project))]
    found += _builds(project, built)
    before = tuple(job.name for job in found)
    others = tuple(step for step in built if step not in PER_TARGET)
    tests: tuple[Job, ...] = ()
    if is_tried(project, built):
        tests = (Job(TEST, (), (PLAN, BUILD)),)
    if package_bundles in others and project.settings.sign_off_environment:
        # people are asked for what machines have found to work
        found += [*tests, _sign_off(before, tests)]
        before = (*before, SIGN_OFF)
        tests = ()
    found += [Job(ASSEMBLE, others, before, has_files=True), *tests]
    ready = (ASSEMBLE, *(job.name for job in tests))
    if project.settings.approval_environment:
        found.append(Job(APPROVE, (), (PLAN, *ready)))
        ready = (APPROVE,)
    shipped = [step for step in every[public:] if _has_work(step, project)]
    found += _public(project, shipped, ready)
    return found


def _sign_off(before: tuple[str, ...], tests: Sequence[Job]) -> Job:
    """Return the job that waits until somebody has tried the programs of a run."""
    needs = (*before, *(job.name for job in tests))
    return Job(SIGN_OFF, (), needs, SIGNED)


def is_tried(project: Project, steps: Sequence[Step] = PER_TARGET) -> bool:
    """Tell whether built files are tried on the machines that they are for."""
    if project.settings.ci.tests is False:
        return False
    return any(
        step in PER_TARGET and _has_work(step, project) for step in steps
    )


def rehearsal(project: Project) -> list[Job]:
    """Return the jobs that rehearse a pull request: what it builds, and the rehearsal with that."""
    steps = [step for step in PER_TARGET if _has_work(step, project)]
    found: list[Job] = []
    if steps:
        found.append(Job(PLAN, (bump, tag), ()))
        found += _builds(project, steps)
    before = tuple(job.name for job in found)
    if is_tried(project):
        found.append(Job(TEST, (), (PLAN, BUILD)))
    return [*found, Job(REHEARSE, (), before)]


def _builds(project: Project, steps: list[Step]) -> Iterator[Job]:
    """Yield the jobs that run once for each machine: for targets, then for platforms."""
    needs: tuple[str, ...] = (PLAN,)
    per_target = tuple(step for step in steps if step in PER_TARGET)
    if per_target:
        yield Job(BUILD, per_target, needs)
        needs = (*needs, BUILD)
    if docker_buildx in steps and any(
        is_built_apart(image)
        for component in project.components
        for image in resolved_or_empty(component.images)
    ):
        yield Job(IMAGES, (docker_buildx,), needs)


def _public(
    project: Project, steps: list[Step], ready: tuple[str, ...]
) -> Iterator[Job]:
    """Yield the jobs of the steps that others can see, each after the one before."""
    together = [step for step in steps if step in TOGETHER]
    rights = COMMITS | (RUNS_OF_CI if project.settings.gates.ci else {})
    yield Job(DRAFT, tuple(together), (PLAN, *ready), rights, True)
    if project.settings.ci.provenance:
        yield Job(PROVENANCE, (), (DRAFT,), ATTESTATIONS, True)
    last = DRAFT
    for step in steps:
        if step in TOGETHER:
            continue
        name = order.name(step)
        yield Job(
            name,
            (step,),
            (PLAN, last),
            RIGHTS.get(step, {}),
            step is not verify,
        )
        last = name


def _rights_to_check(project: Project) -> Rights:
    """Return what `check` may read besides the repository."""
    gates = project.settings.gates
    rights: dict[str, tuple[str, str]] = {}
    if project.settings.sign_off_environment:
        rights |= SIGN_OFF_ENVIRONMENT
    if project.settings.approval_environment:
        rights |= ENVIRONMENT
    if gates.ci:
        rights |= RUNS_OF_CI
    if gates.blockers or gates.milestone:
        rights |= ISSUES
    return rights


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
