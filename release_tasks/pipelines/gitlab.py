"""The pipeline for GitLab, as docs.gitlab.com, "CI/CD YAML syntax reference", defines it.

It begins with a tag that somebody has pushed: a job of GitLab may push nothing unless the project
allows it. All jobs are of one stage, and each begins when those before it have ended. Those that
rehearse a merge request have a name that begins with `rehearse`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from importlib.metadata import version
from typing import Any

from release_tasks import endpoints, order
from release_tasks.building import jobs as machines
from release_tasks.errors import ReleaseError
from release_tasks.pipelines import github_steps, job_settings
from release_tasks.pipelines.github_steps import PROGRAM, mapping
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
)
from release_tasks.project.model import Project, resolved_or_empty
from release_tasks.project.settings import FILE, CiTable
from release_tasks.release import Release
from release_tasks.steps.bump import bump
from release_tasks.steps.docker_buildx import docker_buildx
from release_tasks.steps.gh_draft import gh_draft
from release_tasks.steps.gh_release import gh_release
from release_tasks.steps.move_pointers import move_pointers
from release_tasks.steps.package_charts import package_charts
from release_tasks.steps.package_crates import package_crates
from release_tasks.steps.publish_charts import publish_charts
from release_tasks.steps.publish_crates import publish_crates
from release_tasks.steps.publish_images import publish_images
from release_tasks.steps.publish_pypi import publish_pypi
from release_tasks.steps.push import push
from release_tasks.steps.tag import tag
from release_tasks.steps.verify import verify

PIPELINE = ".gitlab-ci.yml"
INCLUDED = ".gitlab/release.yml"  # where the project has a pipeline of its own
STAGE = "release"
BUILT = (
    "built"  # what jobs on several machines keep, each in a folder of its own
)
# the tag is public already; GitHub has neither a release nor a draft of it
OF_GITHUB = (push, gh_draft, gh_release)
NOT_HERE = (DRAFT, SIGN_OFF, PROVENANCE, order.name(gh_release))
MADE_BEFORE = (bump, tag)
# what a runner of GitLab.com is called that a machine of GitHub stands for (docs.gitlab.com,
# "GitLab-hosted runners"); "" is any of those for Linux
TAGS = {
    "ubuntu-*-arm": "saas-linux-small-arm64",
    "ubuntu-*": "",
    "macos-*-intel": None,
    "macos-*": "saas-macos-medium-m1",
    "windows-*-arm": None,
    "windows-*": "saas-windows-medium-amd64",
}
MACOS, WINDOWS = "macos", "windows"
IMAGE_OF_MACOS = "macos-15-xcode-16"
DAEMON = "docker:28-dind"
WITH_DOCKER = (docker_buildx, publish_images, move_pointers)
WITH_HELM = (package_charts, publish_charts)
WITH_CARGO = (package_crates, publish_crates)
TO_REGISTRIES = (publish_images, publish_charts, move_pointers)
RUN_THE_PROJECT = (PLAN, BUILD, IMAGES, TEST, ASSEMBLE, REHEARSE)
# steps whose job sees the variables of an environment alone
PUBLISHES = (publish_pypi, publish_crates, *TO_REGISTRIES)
# where all of it is public already, nothing was built
COLLECT = (
    f"if [ -n \"$(find {BUILT} '(' -path '*/parts/*.json' -o -name release.json ')' "
    f'-print -quit)" ]; then {PROGRAM} collect --folders {BUILT}; fi'
)
KEPT_FOR = "30 days"
MERGE_REQUEST = '$CI_PIPELINE_SOURCE == "merge_request_event"'
# the release commit of a rehearsal, which is on no branch of origin
COMMIT = "release-commit"
BUNDLE = f"{COMMIT}/release.bundle"
ON_TARGET_BRANCH = (
    'git switch --quiet --force-create "$CI_MERGE_REQUEST_TARGET_BRANCH_NAME"'
)
AUTHOR = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "GitLab CI"), ("EMAIL", "ci@localhost"))
}
NEW = {
    "value": "",
    "description": "names to publish for the first time, or all",
}


@dataclass(frozen=True)
class _Machine:
    """A machine of a job: its runner, and what makes its job another one."""

    runner: str = ""  # a tag of GitLab, "" for any of those for Linux
    name: str = ""

    @property
    def system(self) -> str:
        """Return which system it has, "" for Linux."""
        for system in (MACOS, WINDOWS):
            if system in self.runner:
                return system
        return ""


def path_for(present: str, is_ours: bool) -> str:
    """Return which file the pipeline is: one of its own where the project has another."""
    return PIPELINE if is_ours or not present else INCLUDED


def rehearses(text: str) -> bool:
    """Tell whether a pipeline rehearses merge requests."""
    return MERGE_REQUEST in text


def release(
    now: Release, jobs: Sequence[Job], rehearsal: Sequence[Job] = ()
) -> str:
    """Return the text of the pipeline, without the lines that say who wrote it.

    `now` is the checkout at which it is written, `rehearsal` are the jobs of merge requests.
    Raises `ReleaseError` for settings of a job that there is not, for a machine that GitLab does
    not have, and where it is not decided what is shipped.
    """
    project = now.project
    job_settings.refuse_open_questions(project)
    here = _without(jobs, NOT_HERE)
    names = [job.name for job in here if job.name != APPROVE]
    job_settings.refuse_unknown(project.settings.ci, names)
    made = mapping(stages=[STAGE])
    made["variables"] = {"GIT_DEPTH": "0", "NEW": NEW}
    if ".gitmodules" in project.files:
        made["variables"]["GIT_SUBMODULE_STRATEGY"] = "recursive"
    made |= _Writer(now, here, _condition(project)).jobs()
    if rehearsal:
        made |= _Rehearsal(now, rehearsal, MERGE_REQUEST, REHEARSE).jobs()
    return github_steps.text(made, width=1000)


@dataclass(frozen=True)
class _Writer:
    """Writes the jobs of one project, which are part of a pipeline under a condition.

    `prefix` is how their names begin.
    """

    now: Release
    order: Sequence[Job]
    condition: str
    prefix: str = ""

    @property
    def project(self) -> Project:
        return self.now.project

    @property
    def kept(self) -> tuple[str, ...]:
        """Return the jobs whose files others get."""
        return (BUILD, IMAGES, ASSEMBLE)

    @property
    def settings(self) -> CiTable:
        return self.project.settings.ci

    def jobs(self) -> dict[str, Any]:
        """Return the jobs by name; those for several machines are one for each."""
        names: dict[str, list[str]] = {}
        found = {}
        for job in self.order:
            for machine, lines in self._machines(job):
                words = (self.prefix, job.name, machine.name)
                name = " ".join(word for word in dict.fromkeys(words) if word)
                names.setdefault(job.name, []).append(name)
                found[name] = self._job(job, machine, lines, names)
        return found

    def _machines(self, job: Job) -> Iterator[tuple[_Machine, list[str]]]:
        """Yield each machine of a job, and what runs there."""
        if job.name == BUILD:
            for row in machines.jobs(self.now):
                yield self._machine(row, row["target"]), row["commands"]
        elif job.name == IMAGES:
            for row in machines.image_jobs(self.now):
                yield self._machine(row, row["name"]), row["commands"]
        elif job.name == TEST:
            yield from self._tests()
        elif job.name == VERIFY:
            yield from self._verifies(job)
        else:
            runner = self.settings.runners.get(job.name, self.settings.runner)
            yield _Machine(_tag(runner) or ""), [*self._lines(job)]

    def _machine(self, row: dict[str, Any], name: str) -> _Machine:
        tag = _tag(row["runner"])
        if tag is None:
            target = row.get("target", name)
            raise ReleaseError(
                f"GitLab has no machine for {target}",
                f"name one that builds it in {FILE}:\n"
                f'[build.runners]\n{target} = "TAG"',
            )
        return _Machine(tag, name)

    def _tests(self) -> Iterator[tuple[_Machine, list[str]]]:
        """Yield what tries the built files; a machine that GitLab does not have is left out."""
        for row in machines.test_jobs(self.now):
            tag = _tag(row["runner"])
            if tag is None:
                continue
            python = row["python"]
            name = f"{tag or 'linux'}, Python {python}"
            find = f'"$(uv python find --managed-python {python})"'
            yield (
                _Machine(tag, name),
                [
                    "python -m pip install --quiet uv",
                    f"uv python install --quiet {python}",
                    f"{PROGRAM} try-artifacts --python {find}",
                ],
            )

    def _verifies(self, job: Job) -> Iterator[tuple[_Machine, list[str]]]:
        for row in machines.verify_jobs(self.now):
            tag = _tag(row["runner"])
            if tag is None:
                continue
            if row["here"]:
                yield _Machine(tag, tag), [f"{PROGRAM} verify --here"]
                continue
            # `status` ends with 3 for what is not there yet
            lines = [*self._lines(job), f"{PROGRAM} status"]
            yield _Machine(tag), lines

    def _lines(self, job: Job) -> Iterator[str]:
        """Yield what runs the steps of a job."""
        if job.name == PLAN:
            yield f"{PROGRAM} matrix"
        for step in job.steps:
            if step in MADE_BEFORE or step in OF_GITHUB:
                continue
            line = f"{PROGRAM} {order.name(step)}"
            if order.name(step) == "check":
                line += " --no-credentials"
            if "new" in inspect.signature(step.body).parameters:
                line += ' --new "$NEW"'
            yield line

    def _job(
        self,
        job: Job,
        machine: _Machine,
        lines: list[str],
        names: dict[str, list[str]],
    ) -> Any:
        made = mapping(stage=STAGE)
        made["rules"] = [{"if": self.condition}]
        made["needs"] = [*self._needs(job, names)]
        self._place(made, job, machine)
        if job.name == APPROVE:
            return self._approval(made)
        is_build = job.name in RUN_THE_PROJECT
        minutes = job_settings.minutes(self.settings, job.name, is_build)
        made["timeout"] = f"{minutes} minutes"
        environment = self.settings.environments.get(job.name)
        if environment or any(step in PUBLISHES for step in job.steps):
            made["environment"] = {
                "name": environment or job.name,
                "action": "access",
            }
            made["resource_group"] = f"{STAGE}-$CI_COMMIT_TAG"
            if self.settings.concurrency == "repository":
                made["resource_group"] = STAGE
        if publish_pypi in job.steps:
            made["id_tokens"] = {"PYPI_ID_TOKEN": {"aud": "pypi"}}
        made["before_script"] = [*self._setup(job, machine, is_build)]
        if self._has_built(job) and job.name != REHEARSE:
            lines = [COLLECT, *lines]
        made["script"] = lines
        if job.name in (BUILD, IMAGES):
            folder = re.sub(r"[^\w.-]", "-", machine.name)
            make = "mkdir -p" if self._has_built(job) else "mkdir"
            made["script"] = [*lines, f"{make} {BUILT}"]
            made["script"].append(f"mv dist {BUILT}/{folder}")
            kept = [f"{BUILT}/{folder}/"]
            made["artifacts"] = {"paths": kept, "expire_in": KEPT_FOR}
        elif job.name == ASSEMBLE:
            made["artifacts"] = {"paths": ["dist/"], "expire_in": KEPT_FOR}
        return made

    def _approval(self, made: Any) -> Any:
        """Return the job that somebody starts who may use its environment.

        Without an `action` a protected environment also asks for the approvals that it requires
        (docs.gitlab.com, "Deployment approvals").
        """
        made["rules"][0]["when"] = "manual"
        made["environment"] = {
            "name": self.project.settings.approval_environment
        }
        made["variables"] = {"GIT_STRATEGY": "none"}
        made["script"] = ['echo "$GITLAB_USER_LOGIN approves $CI_COMMIT_TAG"']
        return made

    def _needs(self, job: Job, names: dict[str, list[str]]) -> Iterator[Any]:
        """Yield the jobs before this one; files come from those alone that have built them."""
        wanted = list(job.needs)
        if job.has_files and job.name != ASSEMBLE:
            wanted.append(ASSEMBLE)
        for name in dict.fromkeys(wanted):
            is_kept = name in self.kept
            for each in names[name]:
                yield each if is_kept else {"job": each, "artifacts": False}

    def _place(self, made: Any, job: Job, machine: _Machine) -> None:
        """Say on which runner a job is, and in which image."""
        if machine.runner:
            made["tags"] = [machine.runner]
        if machine.system == MACOS:
            made["image"] = IMAGE_OF_MACOS
        elif not machine.system:
            image = f"python:{self.settings.python}-bookworm"
            made["image"] = self.settings.image or image
        if self._has_docker(job, machine) and not machine.system:
            made["services"] = [DAEMON]
            made["variables"] = {
                "DOCKER_HOST": "tcp://docker:2376",
                "DOCKER_CERT_PATH": "/certs/client",
                "DOCKER_TLS_CERTDIR": "/certs",
                "DOCKER_TLS_VERIFY": "1",
            }

    def _setup(
        self, job: Job, machine: _Machine, is_build: bool
    ) -> Iterator[str]:
        """Yield what installs the programs of a job, which its image does not have."""
        if machine.system == MACOS:
            yield 'python3 -m venv "$HOME/release"'
            yield '. "$HOME/release/bin/activate"'
        is_compiler = job.name in (BUILD, REHEARSE) and not machine.system
        extra = "[zig]" if is_compiler else ""
        requirement = f"{PROGRAM}{extra}=={version(PROGRAM)}"
        yield f"python -m pip install --quiet '{requirement}'"
        if job.name != BUILD and self._has_built(job):
            yield f"echo /{BUILT}/ >> .git/info/exclude"
        if self._has_cargo(job) and machine.system != WINDOWS:
            yield (
                f"curl --proto '=https' --tlsv1.2 -sSf {endpoints.RUSTUP} | "
                "sh -s -- -y --profile minimal"
            )
            yield '. "$HOME/.cargo/env"'
        if job.name in (BUILD, REHEARSE) and (pythons := self._pythons()):
            yield "python -m pip install --quiet uv"
            yield f"uv python install --quiet {' '.join(pythons)}"
            yield 'export PATH="$HOME/.local/bin:$PATH"'
        if not machine.system and not self.settings.image:
            yield from self._container_programs(job, machine)
        system = machine.system or "linux"
        for line, condition in job_settings.setup(
            self.settings, job.name, is_build
        ):
            if condition in ("", _is_system(system)):
                yield line
        if any(step in TO_REGISTRIES for step in job.steps):
            login = (
                'echo "$CI_REGISTRY_PASSWORD" | docker login "$CI_REGISTRY" '
                '--username "$CI_REGISTRY_USER" --password-stdin'
            )
            yield login

    def _container_programs(self, job: Job, machine: _Machine) -> Iterator[str]:
        if self._has_docker(job, machine):
            yield (
                f"curl -fsSL {endpoints.DOCKER_PACKAGES}/gpg "
                "-o /etc/apt/keyrings/docker.asc"
            )
            yield (
                'echo "deb [signed-by=/etc/apt/keyrings/docker.asc] '
                f'{endpoints.DOCKER_PACKAGES} bookworm stable" '
                "> /etc/apt/sources.list.d/docker.list"
            )
            yield "apt-get update --quiet"
            yield (
                "apt-get install --quiet --yes docker-ce-cli docker-buildx-plugin"
            )
        if self._has_helm(job, machine):
            yield (
                f"curl -fsSL {endpoints.HELM}/helm-v3.19.0-linux-amd64.tar.gz | "
                "tar --extract --gzip --directory /usr/local/bin "
                "--strip-components 1 linux-amd64/helm"
            )

    def _has_built(self, job: Job) -> bool:
        return BUILD in job.needs or IMAGES in job.needs

    def _pythons(self) -> list[str]:
        """Return the Pythons of wheels besides the one that runs the tasks."""
        found = [
            minor
            for component in self.project.components
            for package in resolved_or_empty(component.python)
            for minor in package.pythons
            if minor != self.settings.python
        ]
        return list(dict.fromkeys(found))

    def _has_cargo(self, job: Job) -> bool:
        if not self.project.has_cargo:
            return False
        if job.name in (PLAN, BUILD, ASSEMBLE, VERIFY, REHEARSE):
            return True
        return any(step in WITH_CARGO for step in job.steps)

    def _has_docker(self, job: Job, machine: _Machine) -> bool:
        """Tell whether a job builds, pushes or starts images, or logs in for charts."""
        if any(step in (*WITH_DOCKER, publish_charts) for step in job.steps):
            return True
        is_asked = job.name == REHEARSE or self._verifies_all(job, machine)
        return is_asked and self._ships("images")

    def _has_helm(self, job: Job, machine: _Machine) -> bool:
        if any(step in WITH_HELM for step in job.steps):
            return True
        is_asked = job.name in (PLAN, REHEARSE)
        is_asked |= self._verifies_all(job, machine)
        return is_asked and self._ships("charts")

    def _verifies_all(self, job: Job, machine: _Machine) -> bool:
        return verify in job.steps and not machine.name

    def _ships(self, kind: str) -> bool:
        return any(
            resolved_or_empty(getattr(component, kind))
            for component in self.project.components
        )


class _Rehearsal(_Writer):
    """Writes the jobs that rehearse a merge request.

    They have no environment, so that they see the variables of none.
    """

    @property
    def kept(self) -> tuple[str, ...]:
        return (PLAN, BUILD, IMAGES)

    def _job(
        self,
        job: Job,
        machine: _Machine,
        lines: list[str],
        names: dict[str, list[str]],
    ) -> Any:
        made = super()._job(job, machine, lines, names)
        for key in ("environment", "resource_group"):
            made.pop(key, None)
        made["interruptible"] = True
        if job.name == PLAN:
            made["variables"] = dict(AUTHOR)
            kept = {"paths": [f"{COMMIT}/"], "expire_in": KEPT_FOR}
            made["artifacts"] = kept
        elif job.needs:
            made["script"] = [*self._commit(job), *made["script"]]
        return made

    def _commit(self, job: Job) -> Iterator[str]:
        """Yield what checks out the release commit, also in PowerShell."""
        if job.name == REHEARSE:
            yield f"version=$(cat {COMMIT}/version)"
        yield f'git fetch --quiet {BUNDLE} HEAD "+refs/tags/*:refs/tags/*"'
        yield "git checkout --quiet --detach FETCH_HEAD"
        yield f"rm -r {COMMIT}"
        if job.name == REHEARSE:
            yield ON_TARGET_BRANCH

    def _lines(self, job: Job) -> Iterator[str]:
        wanted = job_settings.next_patch(self.project)
        if job.name == PLAN:
            yield ON_TARGET_BRANCH
            read = "import json, sys; sys.stdout.write(json.load(sys.stdin)['version'])"
            find = f"{PROGRAM} matrix --version {wanted}"
            # a level means another version once the tag is there
            yield f'version=$({find} | python -c "{read}")'
            for step in job.steps:
                yield f'{PROGRAM} {order.name(step)} --version "$version"'
            yield f"mkdir {COMMIT}"
            yield f'echo "$version" > {COMMIT}/version'
            yield f'git bundle create {BUNDLE} HEAD --tags --not "$CI_COMMIT_SHA^@"'
        elif job.needs:
            line = f'{PROGRAM} rehearse --version "$version"'
            if self._has_built(job):
                line += f" --collect {BUILT}"
            yield line
        else:
            yield ON_TARGET_BRANCH
            yield f"{PROGRAM} rehearse --version {wanted}"


def _without(jobs: Sequence[Job], names: Sequence[str]) -> list[Job]:
    """Return jobs without some; what came after one of these comes after those before it."""
    gone: dict[str, tuple[str, ...]] = {}
    found = []
    for job in jobs:
        needs: list[str] = []
        for name in job.needs:
            needs += gone.get(name, (name,))
        kept = tuple(dict.fromkeys(needs))
        if job.name in names:
            gone[job.name] = kept
        else:
            found.append(replace(job, needs=kept))
    return found


def _condition(project: Project) -> str:
    """Return when a job is part of a pipeline: for tags in the form of the project's."""
    forms = dict.fromkeys(component.tag for component in project.components)
    return " || ".join(f"$CI_COMMIT_TAG =~ {_pattern(form)}" for form in forms)


def _pattern(form: str) -> str:
    """Return a form of tags as a regular expression of GitLab (RE2, between slashes)."""
    before, _, after = form.partition("{version}")
    return f"/^{_literal(before)}[0-9][^\\/]*{_literal(after)}$/"


def _literal(text: str) -> str:
    return re.sub(r"([^\w-])", r"\\\1", text, flags=re.A)


def _tag(label: str) -> str | None:
    """Return the tag of GitLab for a machine; one that GitHub does not have is a tag itself."""
    for pattern, name in TAGS.items():
        if fnmatch(label, pattern):
            return name
    return label


def _is_system(name: str) -> str:
    return f"runner.os == '{job_settings.SYSTEMS[name]}'"
