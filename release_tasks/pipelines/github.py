"""The workflow for GitHub Actions, as docs.github.com, "Workflow syntax" defines it."""

from __future__ import annotations

import inspect
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from release_tasks import order
from release_tasks.order import Step
from release_tasks.pipelines import actions, tag_filters
from release_tasks.pipelines.actions import Action
from release_tasks.pipelines.jobs import (
    APPROVE,
    ASSEMBLE,
    BUILD,
    DRAFT,
    PLAN,
    Job,
)
from release_tasks.project.model import Project
from release_tasks.project.settings import CiTable

PATH = ".github/workflows/release.yml"
PROGRAM = "release-tasks"
BOT = "github-actions[bot]"
BOT_ADDRESS = "41898282+github-actions[bot]@users.noreply.github.com"
BY_HAND = "github.event_name == 'workflow_dispatch'"
VERSION = "${{ needs.plan.outputs.version }}"
TOKEN = {"GH_TOKEN": "${{ github.token }}"}
NEW = {"NEW": "${{ inputs.new }}"}
# outside of the checkout, which must stay clean
FOLDER = "${{ runner.temp }}"
COMMIT_FILE = '"$RUNNER_TEMP/commit/release.bundle"'
# crates.io lets a user wait an hour for the next upload
LONGEST = 360  # minutes, GitHub's own limit of a job


@dataclass(frozen=True)
class _Writer:
    """Writes the jobs of one project."""

    project: Project

    @property
    def settings(self) -> CiTable:
        return self.project.settings.ci

    def job(self, job: Job) -> Any:
        """Return a job as the workflow has it."""
        made = _map(name=_title(job))
        if job.needs:
            made["needs"] = list(job.needs)
        made["runs-on"] = self.settings.runner
        if job.name == BUILD:
            made["strategy"] = {
                "fail-fast": False,
                "matrix": {
                    "include": "${{ fromJSON(needs.plan.outputs.jobs) }}"
                },
            }
            made["runs-on"] = "${{ matrix.runner }}"
        if job.name == APPROVE:
            made["environment"] = self.project.settings.github.environment
        made["timeout-minutes"] = self._minutes(job)
        made["permissions"] = _rights(job)
        if job.name == PLAN:
            made["outputs"] = {
                "version": "${{ steps.release.outputs.version }}",
                "jobs": "${{ steps.release.outputs.jobs }}",
            }
            made["env"] = {
                "GIT_AUTHOR_NAME": BOT,
                "GIT_AUTHOR_EMAIL": BOT_ADDRESS,
                "GIT_COMMITTER_NAME": BOT,
                "GIT_COMMITTER_EMAIL": BOT_ADDRESS,
            }
        made["steps"] = [*self._steps(job)]
        return made

    def _minutes(self, job: Job) -> int:
        if job.name in (PLAN, BUILD, ASSEMBLE):
            return self.settings.minutes
        return LONGEST

    def _steps(self, job: Job) -> Iterator[Any]:
        if job.name == APPROVE:
            yield _run("Nothing is public before this job", "true")
            return
        yield _checkout()
        yield _use(
            "Set up Python",
            actions.PYTHON,
            {"python-version": self.settings.python},
        )
        yield _run("Install release-tasks", self._install(job))
        if job.name in (PLAN, BUILD, ASSEMBLE):
            for line in self.settings.setup:
                yield _run("Set up what the project needs", line)
        if job.name == PLAN:
            yield from _plan(job)
            return
        yield from _commit()
        yield from self._work(job)

    def _install(self, job: Job) -> str:
        extra = "[zig]" if job.name == BUILD else ""
        requirement = f"release-tasks{extra}=={version('release-tasks')}"
        return f"python -m pip install --quiet '{requirement}'"

    def _work(self, job: Job) -> Iterator[Any]:
        if job.name == BUILD:
            env = {"COMMANDS": "${{ join(matrix.commands, ' && ') }}"}
            yield _run("Build", 'bash -euc "$COMMANDS"', env)
            yield _upload("build-${{ matrix.target }}", "dist")
            return
        if job.name == ASSEMBLE:
            yield from self._collect(job)
        elif job.has_files:
            yield _download("dist", "dist")
        if "packages" in job.rights:
            yield _login()
        if job.name == DRAFT:
            yield _run("Let git push as this job", "gh auth setup-git", TOKEN)
        for step in job.steps:
            yield _step(step)
        if job.name == ASSEMBLE:
            yield _upload("dist", "dist")

    def _collect(self, job: Job) -> Iterator[Any]:
        if BUILD not in job.needs:
            return
        yield _use(
            "Get what the other machines built",
            actions.DOWNLOAD,
            {"pattern": "build-*", "path": f"{FOLDER}/built"},
        )
        line = f'{PROGRAM} collect --folders "$RUNNER_TEMP/built" --version "$VERSION"'
        yield _run("Merge it", line, {"VERSION": VERSION})


def workflow(project: Project, jobs: Sequence[Job]) -> str:
    """Return the text of the workflow, without the line that says who wrote it."""
    made = _map(name="Release")
    made["on"] = {
        "push": {"tags": list(tag_filters.filters(project))},
        "workflow_dispatch": {
            "inputs": {
                "version": {
                    "description": "a version, or major, minor, patch",
                    "required": True,
                    "type": "string",
                },
                "new": {
                    "description": "names to publish for the first time, or all",
                    "required": False,
                    "type": "string",
                },
            }
        },
    }
    made["permissions"] = {}
    made["concurrency"] = {
        "group": "release-${{ inputs.version || github.ref_name }}",
        "cancel-in-progress": False,
    }
    made["defaults"] = {"run": {"shell": "bash"}}
    writer = _Writer(project)
    made["jobs"] = {job.name: writer.job(job) for job in jobs}
    return _text(made)


def _login() -> Any:
    line = (
        'docker login ghcr.io --username "$GITHUB_ACTOR" '
        '--password-stdin <<< "$GH_TOKEN"'
    )
    return _run("Log in to GHCR", line, TOKEN)


def _plan(job: Job) -> Iterator[Any]:
    """Yield the steps that settle the version, check everything, and make commit and tag."""
    release = _run(
        "Find the version",
        f'{PROGRAM} matrix --version "$WANTED" --github-output',
        TOKEN | {"WANTED": "${{ inputs.version }}"},
    )
    release.insert(1, "id", "release")
    yield release
    for step in job.steps:
        made = _step(step)
        made["env"]["VERSION"] = "${{ steps.release.outputs.version }}"
        if order.name(step) == "check":
            made["run"] += " --no-credentials"
        yield made
    bundle = _run(
        "Keep commit and tag for the other jobs",
        'mkdir -p "$RUNNER_TEMP/commit"\n'
        f'git bundle create {COMMIT_FILE} HEAD --tags --not "$GITHUB_SHA^@"',
        condition=BY_HAND,
    )
    yield bundle
    yield _upload("commit", f"{FOLDER}/commit", BY_HAND)


def _commit() -> Iterator[Any]:
    """Yield the steps that check out the commit that was made in this run."""
    yield _download("commit", f"{FOLDER}/commit", BY_HAND)
    yield _run(
        "Check out the release commit",
        f"git fetch --quiet {COMMIT_FILE} HEAD '+refs/tags/*:refs/tags/*'\n"
        'git checkout --quiet -B "$GITHUB_REF_NAME" FETCH_HEAD',
        condition=BY_HAND,
    )


def _step(step: Step) -> Any:
    line = f'{PROGRAM} {order.name(step)} --version "$VERSION"'
    env = {**TOKEN, "VERSION": VERSION}
    if "new" in inspect.signature(step.body).parameters:
        line += ' --new "$NEW"'
        env |= NEW
    return _run(
        (step.__doc__ or order.name(step)).split("\n")[0].rstrip("."), line, env
    )


def _checkout() -> Any:
    options = {"fetch-depth": 0, "persist-credentials": False}
    return _use("Check out", actions.CHECKOUT, options)


def _upload(name: str, path: str, condition: str = "") -> Any:
    options = {
        "name": name,
        "path": path,
        "if-no-files-found": "error",
        "overwrite": True,
    }
    return _use(f"Keep {name}", actions.UPLOAD, options, condition)


def _download(name: str, path: str, condition: str = "") -> Any:
    options = {"name": name, "path": path}
    return _use(f"Get {name}", actions.DOWNLOAD, options, condition)


def _use(
    name: str, action: Action, options: dict[str, Any], condition: str = ""
) -> Any:
    made = _start(name, condition)
    made["uses"] = action.uses
    made.yaml_add_eol_comment(action.version, "uses", column=0)
    made["with"] = options
    return made


def _run(
    name: str,
    line: str,
    env: dict[str, str] | None = None,
    condition: str = "",
) -> Any:
    from ruamel.yaml.scalarstring import LiteralScalarString

    made = _start(name, condition)
    if env:
        made["env"] = dict(env)
    made["run"] = LiteralScalarString(line) if "\n" in line else line
    return made


def _start(name: str, condition: str) -> Any:
    """Return a step with its name, and when it runs."""
    made = _map(name=name)
    if condition:
        made["if"] = condition
    return made


def _rights(job: Job) -> Any:
    made = _map(contents="read")
    made.yaml_add_eol_comment("to check out", "contents", column=0)
    for name, (right, why) in job.rights.items():
        made[name] = right
        made.yaml_add_eol_comment(why, name, column=0)
    return made


def _title(job: Job) -> str:
    if job.name == BUILD:
        return "build ${{ matrix.target }}"
    return job.name


def _map(**values: Any) -> Any:
    from ruamel.yaml.comments import CommentedMap

    return CommentedMap(values)


def _text(data: Any) -> str:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 100
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()
