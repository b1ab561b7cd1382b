"""The jobs of a pipeline for GitLab that rehearse merge requests.

A first one makes the release commit, which the others get, as it is on no branch of origin.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from release_tasks import order
from release_tasks.pipelines import job_settings
from release_tasks.pipelines.github_steps import PROGRAM
from release_tasks.pipelines.gitlab_jobs import BUILT, KEPT_FOR, Machine, Writer
from release_tasks.pipelines.jobs import (
    BUILD,
    IMAGES,
    PLAN,
    REHEARSE,
    Job,
)
from release_tasks.printable import word

MERGE_REQUEST = '$CI_PIPELINE_SOURCE == "merge_request_event"'
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


class Rehearsal(Writer):
    """Writes the jobs that rehearse a merge request.

    They have no environment, so that they see the variables of none.
    """

    @property
    def kept(self) -> tuple[str, ...]:
        """Return the jobs whose files others get: also the one with the release commit."""
        return (PLAN, BUILD, IMAGES)

    def _job(
        self,
        job: Job,
        machine: Machine,
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
        wanted = word(job_settings.next_patch(self.project))
        if job.name == PLAN:
            yield ON_TARGET_BRANCH
            read = "import json, sys; sys.stdout.write(json.load(sys.stdin)['version'])"
            find = f"{PROGRAM} matrix --version {wanted}"
            # a level means another version once the tag is there
            yield f'version=$({find} | python -P -c "{read}")'
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
