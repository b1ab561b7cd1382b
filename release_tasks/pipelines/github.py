"""The workflows for GitHub Actions, as docs.github.com, "Workflow syntax" defines them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from release_tasks import order
from release_tasks.errors import ReleaseError
from release_tasks.pipelines import actions, github_steps, tag_filters
from release_tasks.pipelines.github_steps import (
    PROGRAM,
    TOKEN,
    VERSION,
    download,
    mapping,
    run,
    upload,
)
from release_tasks.pipelines.jobs import (
    APPROVE,
    ASSEMBLE,
    BUILD,
    DRAFT,
    IMAGES,
    PLAN,
    PROVENANCE,
    REHEARSE,
    Job,
)
from release_tasks.project.model import Project, resolved_or_empty
from release_tasks.project.settings import CiTable
from release_tasks.steps.verify import verify

RELEASE = ".github/workflows/release.yml"
REHEARSAL = ".github/workflows/rehearse.yml"
BOT = "github-actions[bot]"
BOT_ADDRESS = "41898282+github-actions[bot]@users.noreply.github.com"
# a commit and a tag are made, unless the run has begun with a tag
ON_A_BRANCH = "github.ref_type == 'branch'"
IS_PUBLIC = "!github.event.repository.private"  # else GitHub may not sign
RUN_THE_PROJECT = (PLAN, BUILD, IMAGES, ASSEMBLE, REHEARSE)
EACH_MACHINE = {BUILD: "jobs", IMAGES: "images"}  # the matrix of a job
NAME_OF_MACHINE = {
    BUILD: "${{ matrix.target }}",
    IMAGES: "${{ matrix.name }}",
}
BUILT = "built-*"  # what those jobs keep
# crates.io lets a user wait an hour for the next upload
LONGEST = 360  # minutes, GitHub's own limit of a job


@dataclass(frozen=True)
class _Writer:
    """Writes the jobs of one project.

    `condition` says when commit and tag are made in the run, None for never; `branch` is the
    expression of the branch that they are made on, `wanted` that of their version.
    """

    project: Project
    condition: str | None
    branch: str
    wanted: str

    @property
    def settings(self) -> CiTable:
        return self.project.settings.ci

    def job(self, job: Job) -> Any:
        """Return a job as the workflow has it."""
        made = mapping(name=_title(job))
        if job.needs:
            made["needs"] = list(job.needs)
        if job.name == PROVENANCE:
            made["if"] = IS_PUBLIC
        made["runs-on"] = self.settings.runner
        if job.name in EACH_MACHINE:
            output = EACH_MACHINE[job.name]
            include = f"${{{{ fromJSON(needs.plan.outputs.{output}) }}}}"
            made["strategy"] = {
                "fail-fast": False,
                "matrix": {"include": include},
            }
            made["runs-on"] = "${{ matrix.runner }}"
        if environment := self._environment(job):
            made["environment"] = environment
        made["timeout-minutes"] = self._minutes(job)
        made["permissions"] = _rights(job)
        if job.name == PLAN:
            names = ("version", "tag", "jobs", "images")
            made["outputs"] = {
                name: f"${{{{ steps.release.outputs.{name} }}}}"
                for name in names
            }
            made["env"] = {
                "GIT_AUTHOR_NAME": BOT,
                "GIT_AUTHOR_EMAIL": BOT_ADDRESS,
                "GIT_COMMITTER_NAME": BOT,
                "GIT_COMMITTER_EMAIL": BOT_ADDRESS,
            }
        made["steps"] = [*self._steps(job)]
        return made

    def _environment(self, job: Job) -> str:
        if job.name == APPROVE:
            return self.project.settings.github.environment
        return self.settings.environments.get(job.name, "")

    def _minutes(self, job: Job) -> int:
        if job.name in RUN_THE_PROJECT:
            return self.settings.minutes
        return LONGEST

    def _steps(self, job: Job) -> Iterator[Any]:
        if job.name == APPROVE:
            yield run("Nothing is public before this job", "true")
            return
        if job.name == PROVENANCE:
            yield download("dist", "dist")
            yield from github_steps.provenance()
            return
        if job.name == BUILD:
            yield github_steps.keep_line_ends()
        yield github_steps.checkout(frozenset(self.project.files))
        yield github_steps.use(
            "Set up Python",
            actions.PYTHON,
            {"python-version": self._pythons(job)},
        )
        yield run("Install release-tasks", self._install(job))
        if job.name in RUN_THE_PROJECT:
            for line in self.settings.setup:
                yield run("Set up what the project needs", line)
        yield github_steps.git_login()
        if job.name == PLAN:
            yield from self._plan(job)
            return
        if self.condition is not None and (job.needs or job.name != REHEARSE):
            yield from github_steps.get_commit(self.condition, self.branch)
        yield from self._work(job)

    def _pythons(self, job: Job) -> Any:
        """Return the Pythons of a job: those of wheels, and at last the one that runs the tasks."""
        from ruamel.yaml.scalarstring import LiteralScalarString

        own = self.settings.python
        if job.name not in (BUILD, REHEARSE):
            return own
        wanted = [
            minor
            for component in self.project.components
            for package in resolved_or_empty(component.python)
            for minor in package.pythons
            if minor != own
        ]
        if not wanted:
            return own
        return LiteralScalarString("\n".join(dict.fromkeys([*wanted, own])))

    def _install(self, job: Job) -> str:
        extra = "[zig]" if job.name in (BUILD, REHEARSE) else ""
        requirement = f"{PROGRAM}{extra}=={version(PROGRAM)}"
        return f"python -m pip install --quiet '{requirement}'"

    def _plan(self, job: Job) -> Iterator[Any]:
        """Yield the steps that find the version, check everything, and make commit and tag."""
        if self.condition is None:
            yield github_steps.only_if(ON_A_BRANCH, _needs_tag())
        line = f"{PROGRAM} matrix --github-output"
        env = dict(TOKEN)
        if self.condition is not None:
            yield github_steps.get_version(self.condition)
            line = f'{github_steps.USE_VERSION}\n{line} --version "$WANTED"'
            env["WANTED"] = self.wanted
        release = run("Find the version", line, env)
        release.insert(1, "id", "release")
        yield release
        for step in job.steps:
            made = github_steps.of(step, "${{ steps.release.outputs.version }}")
            if order.name(step) == "check":
                made["run"] += " --trusted-publishing"
            yield made
        if self.condition is not None:
            yield from github_steps.keep_commit(self.condition)

    def _work(self, job: Job) -> Iterator[Any]:
        if job.name == REHEARSE:
            yield from self._rehearse(job)
            return
        if job.name in EACH_MACHINE:
            if BUILD in job.needs:
                yield from github_steps.collect(BUILT)
            commands = {"COMMANDS": "${{ join(matrix.commands, ' && ') }}"}
            yield run("Build", 'bash -euc "$COMMANDS"', TOKEN | commands)
            yield upload(f"built-{NAME_OF_MACHINE[job.name]}", "dist")
            return
        if job.name == ASSEMBLE and (BUILD in job.needs or IMAGES in job.needs):
            yield from github_steps.collect(BUILT)
        elif job.has_files and job.name != ASSEMBLE:
            yield download("dist", "dist")
        if "packages" in job.rights:
            yield github_steps.registry_login()
        for step in job.steps:
            yield github_steps.of(step)
        if job.name in (ASSEMBLE, DRAFT):
            yield upload("dist", "dist")
        if verify in job.steps:
            yield _summary()

    def _rehearse(self, job: Job) -> Iterator[Any]:
        line = f'{PROGRAM} rehearse --version "$VERSION"'
        value = VERSION if job.needs else self.wanted
        if BUILD in job.needs or IMAGES in job.needs:
            options = {
                "pattern": BUILT,
                "path": f"{github_steps.FOLDER}/built",
            }
            yield github_steps.use(
                "Get what the other machines built", actions.DOWNLOAD, options
            )
            line += ' --collect "$RUNNER_TEMP/built"'
        elif not job.needs:
            yield run(
                "Name the branch that it is for",
                'git switch --quiet --force-create "$BRANCH"',
                {"BRANCH": self.branch},
            )
        yield run("Rehearse the release", line, {"VERSION": value})


def release(project: Project, jobs: Sequence[Job]) -> str:
    """Return the text of release.yml, without the lines that say who wrote it.

    Raises `ReleaseError` for an environment of a job that there is not.
    """
    _refuse_unknown_jobs(project.settings.ci, jobs)
    made = mapping(name="Release")
    made["on"] = mapping(push={"tags": list(tag_filters.filters(project))})
    made["on"]["workflow_dispatch"] = {"inputs": _inputs(project)}
    made["permissions"] = {}
    made["concurrency"] = {
        "group": "release-${{ github.ref_name }}",
        "cancel-in-progress": False,
    }
    made["defaults"] = {"run": {"shell": "bash"}}
    writer = _Writer(project, None, "", "")
    if can_begin(project):
        group = "release-${{ inputs.version || github.ref_name }}"
        made["concurrency"]["group"] = group
        wanted = "${{ inputs.version }}"
        branch = "${{ github.ref_name }}"
        writer = _Writer(project, ON_A_BRANCH, branch, wanted)
    made["jobs"] = {job.name: writer.job(job) for job in jobs}
    return github_steps.text(made)


def rehearsal(project: Project, jobs: Sequence[Job]) -> str:
    """Return the text of rehearse.yml, without the lines that say who wrote it."""
    made = mapping(name="Rehearse")
    made["on"] = {"pull_request": None}
    made["permissions"] = {}
    made["concurrency"] = {
        "group": "rehearse-${{ github.ref }}",
        "cancel-in-progress": True,
    }
    made["defaults"] = {"run": {"shell": "bash"}}
    wanted = ",".join(
        f"{component.name}=patch" for component in project.components
    )
    if len(project.components) == 1:
        wanted = "patch"
    branch = project.settings.project.branch or "${{ github.base_ref }}"
    writer = _Writer(project, "", branch, wanted)
    made["jobs"] = {job.name: writer.job(job) for job in jobs}
    return github_steps.text(made)


def can_begin(project: Project) -> bool:
    """Tell whether the workflow can make commit and tag itself.

    What a workflow pushes with its own token starts no other one (docs.github.com, "Triggering a
    workflow"), so the runs that `[gates] ci` waits for would never begin.
    """
    return not project.settings.gates.ci


def _inputs(project: Project) -> dict[str, Any]:
    about = "a version, or major, minor, patch"
    if len(project.components) > 1:
        examples = ",".join(
            f"{component.name}=minor" for component in project.components
        )
        about = f"what is released, such as {examples}"
    found = {
        "version": {"description": about, "required": True, "type": "string"},
        "new": {
            "description": "names to publish for the first time, or all",
            "required": False,
            "type": "string",
        },
    }
    if not can_begin(project):
        del found["version"]
    return found


def _refuse_unknown_jobs(settings: CiTable, jobs: Sequence[Job]) -> None:
    names = [job.name for job in jobs if job.name != APPROVE]
    for name in settings.environments:
        if name not in names:
            raise ReleaseError(
                f"[ci.environments] names {name}, and the workflow has no such job",
                f"use one of: {', '.join(names)}",
            )


def _needs_tag() -> Any:
    line = (
        'echo "::error::choose a tag, not a branch: '
        '[gates] ci waits for runs that a workflow cannot start"\nexit 1'
    )
    return run("Begin with a tag", line)


def _summary() -> Any:
    """Return what shows the state of every artifact on the page of the run."""
    line = (
        "{ echo '```'; "
        f'{PROGRAM} status --version "$VERSION" || true; '
        "echo '```'; } >> \"$GITHUB_STEP_SUMMARY\""
    )
    made = run("Show what is public", line, {**TOKEN, "VERSION": VERSION})
    return github_steps.only_if("always()", made)


def _rights(job: Job) -> Any:
    made = mapping(contents="read")
    made.yaml_add_eol_comment("to check out", "contents", column=0)
    for name, (right, why) in job.rights.items():
        made[name] = right
        made.yaml_add_eol_comment(why, name, column=0)
    return made


def _title(job: Job) -> str:
    if job.name in NAME_OF_MACHINE:
        return f"{job.name} {NAME_OF_MACHINE[job.name]}"
    return job.name
