"""The jobs of a pipeline for GitLab: on which runner each is, what is installed, what it runs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.metadata import version
from typing import Any

from release_tasks import endpoints, order
from release_tasks.building import jobs as machines
from release_tasks.errors import ReleaseError
from release_tasks.pipelines import job_settings
from release_tasks.pipelines.github_steps import PIP, PROGRAM, mapping
from release_tasks.pipelines.jobs import (
    APPROVE,
    ASSEMBLE,
    BUILD,
    IMAGES,
    PLAN,
    REHEARSE,
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

STAGE = "release"
# what jobs on several machines keep, each in a folder of its own
BUILT = "built"
# the tag is public already; GitHub has neither a release nor a draft of it
OF_GITHUB = (push, gh_draft, gh_release)
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


@dataclass(frozen=True)
class Machine:
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


@dataclass(frozen=True)
class Writer:
    """Writes the jobs of one project, which are part of a pipeline under a condition.

    `prefix` is how their names begin.
    """

    now: Release
    order: Sequence[Job]
    condition: str
    prefix: str = ""

    @property
    def project(self) -> Project:
        """Return the project."""
        return self.now.project

    @property
    def kept(self) -> tuple[str, ...]:
        """Return the jobs whose files others get."""
        return (BUILD, IMAGES, ASSEMBLE)

    @property
    def settings(self) -> CiTable:
        """Return the settings of CI."""
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

    def _machines(self, job: Job) -> Iterator[tuple[Machine, list[str]]]:
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
            yield Machine(_tag(runner) or ""), [*self._lines(job)]

    def _machine(self, row: dict[str, Any], name: str) -> Machine:
        tag = _tag(row["runner"])
        if tag is None:
            target = row.get("target", name)
            raise ReleaseError(
                f"GitLab has no machine for {target}",
                f"name one that builds it in {FILE}:\n"
                f'[build.runners]\n{target} = "TAG"',
            )
        return Machine(tag, name)

    def _tests(self) -> Iterator[tuple[Machine, list[str]]]:
        """Yield what tries the built files; a machine that GitLab does not have is left out."""
        for row in machines.test_jobs(self.now):
            tag = _tag(row["runner"])
            if tag is None:
                continue
            python = row["python"]
            name = f"{tag or 'linux'}, Python {python}"
            find = f'"$(uv python find --managed-python {python})"'
            yield (
                Machine(tag, name),
                [
                    f"{PIP} install --quiet uv",
                    f"uv python install --quiet {python}",
                    f"{PROGRAM} try-artifacts --python {find}",
                ],
            )

    def _verifies(self, job: Job) -> Iterator[tuple[Machine, list[str]]]:
        for row in machines.verify_jobs(self.now):
            tag = _tag(row["runner"])
            if tag is None:
                continue
            if row["here"]:
                yield Machine(tag, tag), [f"{PROGRAM} verify --here"]
                continue
            # `status` ends with 3 for what is not there yet
            lines = [*self._lines(job), f"{PROGRAM} status"]
            yield Machine(tag), lines

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
        machine: Machine,
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

    def _place(self, made: Any, job: Job, machine: Machine) -> None:
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
        self, job: Job, machine: Machine, is_build: bool
    ) -> Iterator[str]:
        """Yield what installs the programs of a job, which its image does not have."""
        if machine.system == MACOS:
            yield 'python3 -P -m venv "$HOME/release"'
            yield '. "$HOME/release/bin/activate"'
        is_compiler = job.name in (BUILD, REHEARSE) and not machine.system
        extra = "[zig]" if is_compiler else ""
        requirement = f"{PROGRAM}{extra}=={version(PROGRAM)}"
        yield f"{PIP} install --quiet '{requirement}'"
        if job.name != BUILD and self._has_built(job):
            yield f"echo /{BUILT}/ >> .git/info/exclude"
        if self._has_cargo(job) and machine.system != WINDOWS:
            yield (
                f"curl --proto '=https' --tlsv1.2 -sSf {endpoints.RUSTUP} | "
                "sh -s -- -y --profile minimal"
            )
            yield '. "$HOME/.cargo/env"'
        if job.name in (BUILD, REHEARSE) and (pythons := self._pythons()):
            yield f"{PIP} install --quiet uv"
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

    def _container_programs(self, job: Job, machine: Machine) -> Iterator[str]:
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

    def _has_docker(self, job: Job, machine: Machine) -> bool:
        """Tell whether a job builds, pushes or starts images, or logs in for charts."""
        if any(step in (*WITH_DOCKER, publish_charts) for step in job.steps):
            return True
        is_asked = job.name == REHEARSE or self._verifies_all(job, machine)
        return is_asked and self._ships("images")

    def _has_helm(self, job: Job, machine: Machine) -> bool:
        if any(step in WITH_HELM for step in job.steps):
            return True
        is_asked = job.name in (PLAN, REHEARSE)
        is_asked |= self._verifies_all(job, machine)
        return is_asked and self._ships("charts")

    def _verifies_all(self, job: Job, machine: Machine) -> bool:
        return verify in job.steps and not machine.name

    def _ships(self, kind: str) -> bool:
        return any(
            resolved_or_empty(getattr(component, kind))
            for component in self.project.components
        )


def _tag(label: str) -> str | None:
    """Return the tag of GitLab for a machine; one that GitHub does not have is a tag itself."""
    for pattern, name in TAGS.items():
        if fnmatch(label, pattern):
            return name
    return label


def _is_system(name: str) -> str:
    return f"runner.os == '{job_settings.SYSTEMS[name]}'"
