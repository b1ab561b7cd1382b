"""The pipeline for GitLab, as docs.gitlab.com, "CI/CD YAML syntax reference", defines it.

It begins with a tag that somebody has pushed: a job of GitLab may push nothing unless the project
allows it. All jobs are of one stage, and each begins when those before it have ended. Those that
rehearse a merge request have a name that begins with `rehearse`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from release_tasks import order
from release_tasks.pipelines import github_steps, job_settings
from release_tasks.pipelines.github_steps import mapping
from release_tasks.pipelines.gitlab_jobs import STAGE, Writer
from release_tasks.pipelines.gitlab_rehearsal import MERGE_REQUEST, Rehearsal
from release_tasks.pipelines.jobs import (
    APPROVE,
    DRAFT,
    PROVENANCE,
    REHEARSE,
    SIGN_OFF,
    Job,
)
from release_tasks.project.model import Project
from release_tasks.release import Release
from release_tasks.steps.gh_release import gh_release

PIPELINE = ".gitlab-ci.yml"
INCLUDED = ".gitlab/release.yml"  # where the project has a pipeline of its own
NOT_HERE = (DRAFT, SIGN_OFF, PROVENANCE, order.name(gh_release))
NEW = {
    "value": "",
    "description": "names to publish for the first time, or all",
}


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
    made |= Writer(now, here, _condition(project)).jobs()
    if rehearsal:
        made |= Rehearsal(now, rehearsal, MERGE_REQUEST, REHEARSE).jobs()
    return github_steps.text(made, width=1000)


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
