"""The project's own workflows: they run on its tags, have permissions, publish nothing twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from release_tasks import endpoints
from release_tasks.checks.check import CheckContext, also_after_tag, warning
from release_tasks.errors import Problem
from release_tasks.project.tags import tag_names
from release_tasks.project.workflows import ALL, Workflow, passes

PUBLISHES = re.compile(
    r"cargo publish|twine upload|uv publish|maturin (?:publish|upload)|gh-action-pypi-publish"
    r"|docker push|helm push|gh release create|action-gh-release|push:\s*true|goreleaser"
    r"|release-plz"
)
SAMPLES = ("1.2.3", "1.2.3-rc.1")
WORKFLOW_TOKEN = re.compile(r"secrets\.GITHUB_TOKEN|github\.token")


@dataclass(frozen=True)
class _Use:
    """What a step may do with the workflow's token, and the permission that this needs."""

    pattern: re.Pattern[str]
    permission: str
    by_default: bool = False  # it uses that token unless it gets another one


USES = (
    _Use(
        re.compile(
            r"gh release (?:create|upload|edit|delete)|inv (?:release|gh-draft|gh-release)\b"
        ),
        "contents",
    ),
    _Use(re.compile(r"action-gh-release|release-action@"), "contents", by_default=True),
    _Use(re.compile(r"(?:docker|helm) push|\"push\": true"), "packages"),
    _Use(
        re.compile(r"gh-action-pypi-publish|crates-io-auth-action"),
        "id-token",
        by_default=True,
    ),
)


@also_after_tag
def unreadable_workflow(context: CheckContext) -> Iterator[Problem]:
    """Find each workflow that is not valid YAML, which GitHub ignores."""
    for workflow in context.workflows:
        if workflow.broken:
            name = workflow.path.rpartition("/")[2]
            yield Problem(
                f"{name} is not valid YAML: {workflow.broken}",
                f"fix {name}",
                workflow.path,
            )


@also_after_tag
def second_publisher(context: CheckContext) -> Iterator[Problem]:
    """Find each workflow that would publish the same things again, with other bytes."""
    tags: list[str] = []
    for part in context.release.parts:
        tags += tag_names(part.component, part.version)
    started = _started(context.workflows, tags)
    for workflow in context.workflows:
        hits = list(dict.fromkeys(PUBLISHES.findall(workflow.text)))
        if workflow.path not in started or not hits:
            continue
        trigger = "workflow_run"
        if any(map(workflow.runs_on, tags)):
            trigger = "tag"
        yield Problem(
            f"{workflow.path} runs {started[workflow.path]} and also publishes ({', '.join(hits)})",
            f"let the workflow call the tasks, or remove its {trigger} trigger",
            workflow.path,
            workflow.line(hits[0]),
        )


@warning
def tag_filter_too_narrow(context: CheckContext) -> Iterator[Problem]:
    """Find each workflow that waits for tags, but for none of this project or this release."""
    templates = [component.tag for component in context.project.components]
    for workflow in context.workflows:
        if not workflow.filters or workflow.filters == (ALL,):
            continue
        matched = [
            template for template in templates if _runs_on_any(workflow, template)
        ]
        left_out = [
            part.tag
            for part in context.release.parts
            if part.component.tag in matched and not workflow.runs_on(part.tag)
        ]
        if not left_out and (matched or _is_for_promotions(context, workflow.filters)):
            continue
        if left_out:
            tag = left_out[0]
            pattern = _shortest(tag, workflow.text)
        else:
            tag = templates[0].format(version=SAMPLES[0])
            pattern = templates[0].format(version="[0-9]*")
        fix = f"add {pattern!r} to its tags"
        hit = PUBLISHES.search(workflow.text)
        if hit:  # with that filter it would publish a second time
            fix = f"remove its tag trigger: the release does the same ({hit[0]})"
        yield Problem(
            f"{workflow.path} waits for tags, but not for {tag}",
            fix,
            workflow.path,
            workflow.line(workflow.filters[0]),
        )


@warning
def tag_filter_too_wide(context: CheckContext) -> Iterator[Problem]:
    """Find each filter that matches the tags of several components, as `*v*` does."""
    names = {component.tag: component.name for component in context.project.components}
    for workflow in context.workflows:
        for glob in workflow.filters:
            if glob in ("*", ALL):
                continue
            matched = [
                tag for tag in names if passes(tag.format(version=SAMPLES[0]), (glob,))
            ]
            if len(matched) > 1:
                narrow = [repr(tag.format(version="[0-9]*")) for tag in matched]
                components = " and ".join(names[tag] for tag in matched)
                yield Problem(
                    f"{workflow.path} runs on the tags of both {components} ({glob})",
                    f"replace it with those of {' and '.join(narrow)} that are meant",
                    workflow.path,
                    workflow.line(glob),
                )


@warning
def token_without_permission(context: CheckContext) -> Iterator[Problem]:
    """Find each job that does something with the workflow's token without the permission for it."""
    for workflow in context.workflows:
        for name, job in workflow.jobs.items():
            permissions = job.get("permissions", workflow.data.get("permissions"))
            for permission, hit in _needed_permissions(workflow.data, job).items():
                if _grants(permissions, permission):
                    continue
                why = "its permissions do not grant it"
                fix = f"add `{permission}: write` to the permissions of job {name}"
                if permissions is None:
                    why = "without `permissions` a new repository does not grant it"
                    if (
                        permission != "contents"
                    ):  # permissions that are not listed are removed
                        fix += ", and `contents: read` for its checkout"
                yield Problem(
                    f"job {name} of {workflow.path} does `{hit}` with the workflow's token, "
                    f"which needs `{permission}: write`, but {why}",
                    fix,
                    workflow.path,
                    workflow.line(hit) or workflow.line(f"{name}:"),
                )


def _started(workflows: Sequence[Workflow], tags: Sequence[str]) -> dict[str, str]:
    """Return the paths of the workflows that run because of these tags, and by what."""
    started: dict[str, str] = {}
    for workflow in workflows:
        hits = [tag for tag in tags if workflow.runs_on(tag)]
        if hits:
            started[workflow.path] = f"on tag {hits[0]}"
    is_complete = False
    while not is_complete:
        following: dict[str, str] = {}
        for workflow in workflows:
            for other in workflows:
                if other.path in started and other.name in workflow.follows:
                    following[workflow.path] = f"after {other.path}"
        is_complete = following.keys() <= started.keys()
        started = following | started
    return started


def _runs_on_any(workflow: Workflow, template: str) -> bool:
    return any(
        workflow.runs_on(template.format(version=version)) for version in SAMPLES
    )


def _is_for_promotions(context: CheckContext, filters: tuple[str, ...]) -> bool:
    """Tell whether the filters match the tags that `inv promote` makes."""
    promoted: list[str] = []
    for component in context.project.components:
        promoted += tag_names(component, SAMPLES[0])[1:]
    return any(passes(tag, filters) for tag in promoted)


def _shortest(tag: str, text: str) -> str:
    """Return a filter for a tag, in the form of the workflow's other filters."""
    if "[0-9]+" in text:
        return re.sub(r"\d+", "[0-9]+", tag)
    return re.sub(r"\d.*", "[0-9]*", tag)


def _needed_permissions(data: dict[Any, Any], job: dict[str, Any]) -> dict[str, str]:
    """Return each permission that a job's steps need, and the words that need it."""
    around = json.dumps([data.get("env"), job.get("env")], default=str)
    whole = json.dumps(job, default=str)
    found: dict[str, str] = {}
    for step in job.get("steps") or ():
        text = json.dumps(step, default=str)
        for use in USES:
            hit = use.pattern.search(text)
            if hit is None:
                continue
            visible = around + text
            if use.permission == "packages":  # the login is a step of its own
                visible = around + whole
                if endpoints.host(endpoints.GHCR) not in visible:
                    continue
            is_given = WORKFLOW_TOKEN.search(visible)
            if is_given or (use.by_default and "secrets." not in text):
                found.setdefault(use.permission, hit[0].replace('"', ""))
    return found


def _grants(permissions: Any, permission: str) -> bool:
    if isinstance(permissions, dict):
        return bool(permissions.get(permission) == "write")
    return bool(permissions == "write-all")
