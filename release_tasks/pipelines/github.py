"""The workflows for GitHub Actions, as docs.github.com, "Workflow syntax" defines them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from release_tasks import order
from release_tasks.order import Step
from release_tasks.pipelines import (
    actions,
    github_steps,
    job_settings,
    tag_filters,
)
from release_tasks.pipelines.github_steps import (
    PIP,
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
    SIGN_OFF,
    TEST,
    VERIFY,
    Job,
    is_tried,
)
from release_tasks.project.model import Project, resolved_or_empty
from release_tasks.project.settings import CiTable
from release_tasks.steps.package_bundles import package_bundles
from release_tasks.steps.verify import verify

RELEASE = ".github/workflows/release.yml"
REHEARSAL = ".github/workflows/rehearse.yml"
BOT = "github-actions[bot]"
BOT_ADDRESS = "41898282+github-actions[bot]@users.noreply.github.com"
# a commit and a tag are made, unless the run has begun with a tag
ON_A_BRANCH = "github.ref_type == 'branch'"
IS_PUBLIC = "!github.event.repository.private"  # else GitHub may not sign
RUN_THE_PROJECT = (PLAN, BUILD, IMAGES, TEST, ASSEMBLE, REHEARSE)
# the output of `plan` with the machines of a job
MACHINES = {
    BUILD: "jobs",
    IMAGES: "images",
    TEST: "tests",
    VERIFY: "systems",
}
NAME_OF_MACHINE = {
    BUILD: "${{ matrix.target }}",
    IMAGES: "${{ matrix.name }}",
    TEST: "${{ matrix.runner }}, Python ${{ matrix.python }}",
    VERIFY: "${{ matrix.runner }}",
}
BUILT = "built-*"  # what the first two keep
SIGNED_BY = {"SIGN_OFF": f"${{{{ needs.{SIGN_OFF}.outputs.by }}}}"}
TRIED = "${{ steps.tried.outputs.python-path }}"


@dataclass(frozen=True)
class _Writer:
    """Writes the jobs of one project.

    `condition` says when commit and tag are made in the run, None for never; `branch` is the
    expression of the branch that they are made on, `wanted` that of their version. `caches` are
    paths that are kept for the next run.
    """

    project: Project
    condition: str | None
    branch: str
    wanted: str
    caches: tuple[str, ...] = ()

    @property
    def settings(self) -> CiTable:
        return self.project.settings.ci

    def job(self, job: Job) -> Any:
        """Return a job as the workflow has it."""
        made = mapping(name=self._title(job))
        if job.needs:
            made["needs"] = list(job.needs)
        if job.name == PROVENANCE:
            made["if"] = IS_PUBLIC
        made["runs-on"] = job_settings.runner(self.settings, job.name)
        if self._has_machines(job):
            output = MACHINES[job.name]
            include = f"${{{{ fromJSON(needs.plan.outputs.{output}) }}}}"
            made["strategy"] = {
                "fail-fast": False,
                "matrix": {"include": include},
            }
            made["runs-on"] = "${{ matrix.runner }}"
        if environment := self._environment(job):
            made["environment"] = environment
        made["timeout-minutes"] = job_settings.minutes(
            self.settings, job.name, job.name in RUN_THE_PROJECT
        )
        made["permissions"] = _rights(job)
        if job.name == PLAN:
            names = ("version", "tag", *MACHINES.values())
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
        if job.name == SIGN_OFF:
            made["outputs"] = {"by": f"${{{{ steps.{SIGN_OFF}.outputs.by }}}}"}
        made["steps"] = [*self._steps(job)]
        return made

    def _environment(self, job: Job) -> str:
        if job.name == APPROVE:
            return self.project.settings.approval_environment
        if job.name == SIGN_OFF:
            return self.project.settings.sign_off_environment
        return self.settings.environments.get(job.name, "")

    def _has_machines(self, job: Job) -> bool:
        if job.name == VERIFY:
            return is_tried(self.project)
        return job.name in MACHINES

    def _title(self, job: Job) -> str:
        if self._has_machines(job):
            return f"{job.name} {NAME_OF_MACHINE[job.name]}"
        return job.name

    def _steps(self, job: Job) -> Iterator[Any]:
        if job.name == APPROVE:
            yield run("Nothing is public before this job", "true")
            return
        if job.name == SIGN_OFF:
            environment = self._environment(job)
            yield github_steps.sign_off(SIGN_OFF, environment)
            return
        if job.name == PROVENANCE:
            yield download("dist", "dist")
            yield from github_steps.provenance()
            return
        if self._has_machines(job) and job.name != IMAGES:
            yield github_steps.keep_line_ends()
        yield github_steps.checkout(frozenset(self.project.files))
        if self.caches and job.name in (BUILD, REHEARSE):
            yield github_steps.keep_for_later(job.name, self.caches)
        if job.name == TEST:
            yield github_steps.python_to_try()
        yield github_steps.use(
            "Set up Python",
            actions.PYTHON,
            {"python-version": self._pythons(job)},
        )
        yield run("Install release-tasks", self._install(job))
        lines = job_settings.setup(
            self.settings, job.name, job.name in RUN_THE_PROJECT
        )
        for line, condition in lines:
            made = run("Set up what the project needs", line)
            yield github_steps.only_if(condition, made)
        yield github_steps.git_login()
        if job.name == PLAN:
            yield from self._plan(job)
            return
        if self.condition is not None and (job.needs or job.name != REHEARSE):
            yield from github_steps.get_commit(self.condition, self.branch)
        yield from self._work(job)

    def _pythons(self, job: Job) -> Any:
        """Return the Pythons of a job: those of wheels, and at last the one that runs the tasks."""
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
        return github_steps.literal("\n".join(dict.fromkeys([*wanted, own])))

    def _install(self, job: Job) -> str:
        extra = "[zig]" if job.name in (BUILD, REHEARSE) else ""
        requirement = f"{PROGRAM}{extra}=={version(PROGRAM)}"
        return f"{PIP} install --quiet '{requirement}'"

    def _plan(self, job: Job) -> Iterator[Any]:
        """Yield the steps that find the version, check everything, and make commit and tag."""
        if self.condition is None:
            yield github_steps.only_if(ON_A_BRANCH, _needs_tag())
        line = f"{PROGRAM} matrix --github-output"
        env = dict(TOKEN)
        if self.condition is not None:
            yield github_steps.get_version(self.condition)
            # a tag says itself which version it is
            line = f'{line} ${{WANTED:+--version "$WANTED"}}'
            line = f"{github_steps.USE_VERSION}\n{line}"
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
        if job.name in (BUILD, IMAGES, TEST):
            yield from self._on_machine(job)
            return
        if job.name == ASSEMBLE and (BUILD in job.needs or IMAGES in job.needs):
            yield from github_steps.collect(BUILT)
        elif job.has_files and job.name != ASSEMBLE:
            yield download("dist", "dist")
        if "packages" in job.rights:
            yield github_steps.registry_login()
        for step in job.steps:
            yield self._step(step, job)
        if job.name in (ASSEMBLE, DRAFT):
            yield upload("dist", "dist")
        if verify in job.steps:
            yield _summary(self._has_machines(job))

    def _step(self, step: Step, job: Job) -> Any:
        """Return what runs a step of the order, with the options that it has in a job."""
        made = github_steps.of(step)
        if step is package_bundles and SIGN_OFF in job.needs:
            made["run"] += ' --sign-off "$SIGN_OFF"'
            made["env"] |= SIGNED_BY
        if step is verify and self._has_machines(job):
            made["run"] += " ${HERE:+--here}"
            made["env"]["HERE"] = "${{ matrix.here }}"
        return made

    def _on_machine(self, job: Job) -> Iterator[Any]:
        """Yield the steps of a job that runs on several machines before anything is public."""
        if BUILD in job.needs:
            yield from github_steps.collect(BUILT)
        if job.name == TEST:
            yield run(
                "Install and start what is for this machine",
                f'{PROGRAM} try-artifacts --version "$VERSION" --python "$TRIED"',
                {**TOKEN, "VERSION": VERSION, "TRIED": TRIED},
            )
            return
        commands = {"COMMANDS": "${{ join(matrix.commands, ' && ') }}"}
        yield run("Build", 'bash -euc "$COMMANDS"', TOKEN | commands)
        yield upload(f"built-{NAME_OF_MACHINE[job.name]}", "dist")

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

    Raises `ReleaseError` for settings of a job that there is not, a target that no machine is
    for, and where it is not decided what is shipped.
    """
    job_settings.refuse_open_questions(project)
    job_settings.refuse_foreign_targets(project)
    job_settings.refuse_unknown(project.settings.ci, [job.name for job in jobs])
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
    if project.settings.ci.concurrency == "repository":
        made["concurrency"]["group"] = "release"
    made["jobs"] = {job.name: writer.job(job) for job in jobs}
    return github_steps.text(made)


def rehearsal(project: Project, jobs: Sequence[Job]) -> str:
    """Return the text of rehearse.yml, without the lines that say who wrote it.

    It has its own caches and release.yml has none: what somebody leaves in one never becomes
    part of a release.
    """
    made = mapping(name="Rehearse")
    made["on"] = {"pull_request": None}
    settings = project.settings.ci
    if settings.schedule:
        made["on"]["schedule"] = [{"cron": line} for line in settings.schedule]
    made["permissions"] = {}
    made["concurrency"] = {
        "group": "rehearse-${{ github.ref }}",
        "cancel-in-progress": True,
    }
    made["defaults"] = {"run": {"shell": "bash"}}
    wanted = job_settings.next_patch(project)
    # a pull request is for a branch, and a schedule runs on one
    branch = "${{ github.base_ref || github.ref_name }}"
    branch = project.settings.project.branch or branch
    writer = _Writer(project, "", branch, wanted, settings.caches)
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


def _needs_tag() -> Any:
    line = (
        'echo "::error::choose a tag, not a branch: '
        '[gates] ci waits for runs that a workflow cannot start"\nexit 1'
    )
    return run("Begin with a tag", line)


def _summary(has_machines: bool) -> Any:
    """Return what shows the state of every artifact on the page of the run, once."""
    line = (
        "{ echo '```'; "
        f'{PROGRAM} status --version "$VERSION" || true; '
        "echo '```'; } >> \"$GITHUB_STEP_SUMMARY\""
    )
    made = run("Show what is public", line, {**TOKEN, "VERSION": VERSION})
    condition = "always()"
    if has_machines:
        condition += " && !matrix.here"
    return github_steps.only_if(condition, made)


def _rights(job: Job) -> Any:
    made = mapping(contents="read")
    made.yaml_add_eol_comment("to check out", "contents", column=0)
    for name, (right, why) in job.rights.items():
        made[name] = right
        made.yaml_add_eol_comment(why, name, column=0)
    return made
