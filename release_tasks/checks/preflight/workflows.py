"""The project's own workflows: they run on its tags, have permissions, publish nothing twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import basename
from typing import Any

from release_tasks import endpoints
from release_tasks.checks.check import CheckContext, also_after_tag, warning
from release_tasks.errors import Problem, shorten
from release_tasks.formats import text_files
from release_tasks.project import crate_lists
from release_tasks.project.publishers import published
from release_tasks.project.tag_forms import version_in_form
from release_tasks.project.tags import tag_names
from release_tasks.project.workflows import ALL, Workflow, passes
from release_tasks.release import ComponentRelease

SAMPLES = ("1.2.3", "1.2.3-rc.1")
SCRIPTS = re.compile(
    r"\.sh$|(?:^|/)(?:[Jj]ustfile|GNUmakefile|Makefile|makefile)$"
    r"|(?:^|/)Makefile\.toml$|\.(?:just|mk)$|^\.gitlab-ci\.yml$"
)
LARGEST_SCRIPT = 1 << 18  # bytes
GIVES_TOKEN = re.compile(r"token|password", re.I)
TOKEN_VARIABLES = ("GITHUB_TOKEN", "GH_TOKEN")
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
    _Use(
        re.compile(r"action-gh-release|release-action@"),
        "contents",
        by_default=True,
    ),
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
        hits = published(workflow)
        if workflow.path not in started or not hits:
            continue
        fix = "let the workflow call the tasks, or remove its workflow_run trigger"
        if any(map(workflow.runs_on, tags)):
            fix = "let the workflow call the tasks, or remove its tag trigger"
        elif workflow.is_called:
            fix = (
                "let the workflow call the tasks, or remove the trigger of "
                "the one that calls it"
            )
        yield Problem(
            f"{workflow.path} runs {started[workflow.path]} and also publishes ({', '.join(hits)})",
            fix,
            workflow.path,
            workflow.line(hits[0]) or workflow.line(hits[0].split()[0]),
        )


@warning
def tag_filter_too_narrow(context: CheckContext) -> Iterator[Problem]:
    """Find each workflow that waits for tags, but for none of this project or this release."""
    templates = [component.tag for component in context.project.components]
    for workflow in context.workflows:
        if not workflow.filters or workflow.filters[0] == ALL:
            continue
        matched = [
            template
            for template in templates
            if _runs_on_any(context, workflow, template)
        ]
        left_out = [
            part
            for part in context.release.parts
            if part.component.tag in matched and not workflow.runs_on(part.tag)
        ]
        if not left_out and (
            matched
            or _is_for_promotions(context, workflow.filters)
            or _is_for_other_tags(context, workflow)
        ):
            continue
        part = (*left_out, *context.release.parts)[0]
        pattern = part.component.tag.format(version="[0-9]*")
        if left_out and "[0-9]+" in workflow.text:
            pattern = _counted(part)
        fix = f"add {pattern!r} to its tags"
        # with that filter it would publish a second time
        if hits := published(workflow):
            fix = (
                f"remove its tag trigger: the release does the same ({hits[0]})"
            )
        yield Problem(
            f"{workflow.path} waits for tags, but not for {part.tag}",
            fix,
            workflow.path,
            workflow.line(workflow.filters[0]),
        )


def _is_for_other_tags(context: CheckContext, workflow: Workflow) -> bool:
    """Tell whether tags that there are start a workflow, and none of them is of a component."""
    starting = filter(workflow.runs_on, context.project.tags)
    owned = [
        any(
            version_in_form(form, tag)
            for component in context.project.components
            for form in (component.tag, *component.former_tags)
        )
        for tag in starting
    ]
    return bool(owned) and not any(owned)


@warning
def tag_filter_too_wide(context: CheckContext) -> Iterator[Problem]:
    """Find each filter that matches the tags of several components, as `*v*` does."""
    names = {
        component.tag: component.name
        for component in context.project.components
    }
    for workflow in context.workflows:
        for glob in workflow.filters:
            if glob in ("*", ALL):
                continue
            matched = [
                tag
                for tag in names
                if passes(tag.format(version=SAMPLES[0]), (glob,))
            ]
            if len(matched) > 1:
                narrow = [repr(tag.format(version="[0-9]*")) for tag in matched]
                components = shorten([names[tag] for tag in matched])
                yield Problem(
                    f"{workflow.path} runs on the tags of {len(matched)} components: "
                    f"{components} ({glob})",
                    f"replace it with those of {shorten(narrow)} that are meant",
                    workflow.path,
                    workflow.line(glob),
                )


@warning
def token_without_permission(context: CheckContext) -> Iterator[Problem]:
    """Find each job that does something with the workflow's token without the permission for it."""
    for workflow in context.workflows:
        for name, job in workflow.jobs.items():
            permissions = job.get(
                "permissions", workflow.data.get("permissions")
            )
            for permission, hit in _needed_permissions(
                workflow.data, job
            ).items():
                if _grants(permissions, permission):
                    continue
                if permissions is None and workflow.is_called:
                    continue  # it has those of its caller
                why = "its permissions do not grant it"
                fix = f"add `{permission}: write` to the permissions of job {name}"
                if permissions is None:
                    why = "without `permissions` a new repository does not grant it"
                    # permissions that are not listed are removed
                    if permission != "contents":
                        fix += ", and `contents: read` for its checkout"
                yield Problem(
                    f"job {name} of {workflow.path} does `{hit}` with the workflow's token, "
                    f"which needs `{permission}: write`, but {why}",
                    fix,
                    workflow.path,
                    workflow.line(hit) or workflow.line(f"{name}:"),
                )


@warning
def unknown_crate(context: CheckContext) -> Iterator[Problem]:
    """Find each crate that a workflow or script names, and that does not exist any more."""
    workspace = context.project.workspace
    graph = context.cargo_graph
    if workspace is None or not isinstance(graph, dict):
        return
    own = set(workspace.packages)
    known = own | {str(package["name"]) for package in graph["packages"]}
    manifests = [
        path for path in context.project.files if basename(path) == "Cargo.toml"
    ]
    for path in manifests:  # of other workspaces, too
        text = _read(context, path)
        known.update(re.findall(r'^name\s*=\s*"([^"]+)"', text, re.M))
    scripts = [
        (path, _read(context, path))
        for path in context.project.files
        if SCRIPTS.search(path)
    ]
    scripts += [
        (workflow.path, workflow.text) for workflow in context.workflows
    ]
    for path, text in scripts:
        for crate in crate_lists.unknown(text, own, known):
            yield Problem(
                f"{path} names the crate {crate.name}, which does not exist",
                f"correct or remove {crate.name} in {path}",
                path,
                crate.line,
            )


def _read(context: CheckContext, path: str) -> str:
    """Return a file's text, "" for one that is too large or is not there."""
    file = context.project.root / path
    if not file.is_file() or file.stat().st_size > LARGEST_SCRIPT:
        return ""
    return text_files.peek(context.project.root, path)


def _started(
    workflows: Sequence[Workflow], tags: Sequence[str]
) -> dict[str, str]:
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
                if other.path not in started:
                    continue
                if other.name in workflow.follows:
                    following[workflow.path] = f"after {other.path}"
                elif workflow.path in other.calls:
                    following[workflow.path] = f"called by {other.path}"
        is_complete = following.keys() <= started.keys()
        started = following | started
    return started


def _runs_on_any(
    context: CheckContext, workflow: Workflow, template: str
) -> bool:
    """Tell whether a workflow runs on tags of a form: on those of this release, or on others."""
    tags = [
        part.tag
        for part in context.release.parts
        if part.component.tag == template
    ]
    tags += [template.format(version=version) for version in SAMPLES]
    return any(map(workflow.runs_on, tags))


def _is_for_promotions(context: CheckContext, filters: tuple[str, ...]) -> bool:
    """Tell whether the filters match the tags that `inv promote` makes."""
    promoted: list[str] = []
    for component in context.project.components:
        promoted += tag_names(component, SAMPLES[0])[1:]
    return any(passes(tag, filters) for tag in promoted)


def _counted(part: ComponentRelease) -> str:
    """Return a filter for a tag that has a pattern for each number."""
    return part.component.tag.format(
        version=re.sub(r"\d+", "[0-9]+", part.version)
    )


def _needed_permissions(
    data: dict[Any, Any], job: dict[str, Any]
) -> dict[str, str]:
    """Return each permission that a job's steps need, and the words that need it."""
    envs = [data.get("env"), job.get("env")]
    around = json.dumps(envs, default=str)
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
            if is_given or (use.by_default and not _has_token(step, envs)):
                found.setdefault(use.permission, hit[0].replace('"', ""))
    return found


def _has_token(step: Any, around: Sequence[Any]) -> bool:
    """Tell whether a step gets a token or a password that is not the workflow's own."""
    if not isinstance(step, dict):
        return False
    given = []
    for key, value in (step.get("with") or {}).items():
        if GIVES_TOKEN.search(key):
            given.append(str(value))
    for env in (*around, step.get("env")):
        for key, value in (env if isinstance(env, dict) else {}).items():
            if key in TOKEN_VARIABLES:
                given.append(str(value))
    return any(text and not WORKFLOW_TOKEN.search(text) for text in given)


def _grants(permissions: Any, permission: str) -> bool:
    if isinstance(permissions, dict):
        return bool(permissions.get(permission) == "write")
    return bool(permissions == "write-all")
