"""The project's own workflows: they run on its tags, may do what they do, and publish nothing besides."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from release_tasks import endpoints
from release_tasks.checks.check import CheckContext, Located, also_after_tag, warning
from release_tasks.errors import ReleaseError
from release_tasks.project.tags import tag_names
from release_tasks.project.workflows import ALL, passes

PUBLISHES = re.compile(
    r"cargo publish|twine upload|uv publish|maturin (?:publish|upload)|gh-action-pypi-publish|docker push"
    r"|helm push|gh release create|action-gh-release|push:\s*true|goreleaser|release-plz"
)
SAMPLES = ("1.2.3", "1.2.3-rc.1")
OWN = re.compile(r"secrets\.GITHUB_TOKEN|github\.token")
TAKES = (  # what a step does, the permission that it takes, and whether it takes the workflow's token unasked
    (
        re.compile(
            r"gh release (?:create|upload|edit|delete)|inv (?:release|gh-draft|gh-release)\b"
        ),
        "contents",
        False,
    ),
    (re.compile(r"action-gh-release|release-action@"), "contents", True),
    (re.compile(r"(?:docker|helm) push|\"push\": true"), "packages", False),
    (re.compile(r"gh-action-pypi-publish|crates-io-auth-action"), "id-token", True),
)


@also_after_tag
def unreadable_workflow(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each workflow that is no YAML, which GitHub passes over."""
    for one in case.workflows:
        if one.broken:
            name = one.path.rpartition("/")[2]
            yield Located(f"{name} is no YAML: {one.broken}", f"mend {name}", one.path)


@also_after_tag
def second_publisher(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each workflow that would publish the same things a second time, with other bytes."""
    tags = [tag for part in case.release.parts for tag in tag_names(part.component, part.version)]
    started = {
        one.path: f"on tag {tag}"
        for one in case.workflows
        for tag in tags[::-1]
        if one.runs_on(tag)
    }
    while more := {
        one.path: f"after {by.path}"
        for one in case.workflows
        for by in case.workflows
        if one.path not in started and by.path in started and by.name in one.follows
    }:
        started |= more
    for one in case.workflows:
        if one.path in started and (hits := list(dict.fromkeys(PUBLISHES.findall(one.text)))):
            trigger = "tag" if any(map(one.runs_on, tags)) else "workflow_run"
            yield Located(
                f"{one.path} runs {started[one.path]} and publishes too ({', '.join(hits)})",
                f"let the workflow call the tasks, or take its {trigger} trigger away",
                one.path,
                one.line(hits[0]),
            )


@warning
def tag_filter_too_narrow(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each workflow that waits for tags, and for none that this project or this release makes."""
    forms = [component.tag for component in case.release.project.components]
    for one in case.workflows:
        if not one.filters or one.filters == (ALL,):
            continue
        matched = [
            form
            for form in forms
            if any(one.runs_on(form.format(version=sample)) for sample in SAMPLES)
        ]
        left_out = [
            part.tag
            for part in case.release.parts
            if part.component.tag in matched and not one.runs_on(part.tag)
        ]
        if left_out or not (matched or _promoted(case, one.filters)):
            tag = left_out[0] if left_out else forms[0].format(version=SAMPLES[0])
            fix = f"add {_shortest(left_out[0], one.text) if left_out else forms[0].format(version='[0-9]*')!r} to its tags"
            if hit := PUBLISHES.search(one.text):  # with that filter it would publish a second time
                fix = f"take its tag trigger away: the release does what it is for ({hit[0]})"
            yield Located(
                f"{one.path} waits for tags, but not for {tag}",
                fix,
                one.path,
                one.line(one.filters[0]),
            )


@warning
def tag_filter_too_wide(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each filter that lets the tags of several components through, as `*v*` does."""
    forms = {component.tag: component.name for component in case.release.project.components}
    for one in case.workflows:
        for glob in one.filters:
            matched = [form for form in forms if passes(form.format(version=SAMPLES[0]), (glob,))]
            if len(matched) > 1 and glob not in ("*", ALL):
                narrow = " and ".join(repr(form.format(version="[0-9]*")) for form in matched)
                names = " and ".join(forms[form] for form in matched)
                yield Located(
                    f"{one.path} runs on the tags of {names} alike ({glob})",
                    f"write {narrow} in its place, or those that are meant",
                    one.path,
                    one.line(glob),
                )


@warning
def token_without_permission(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each job that uses the workflow's own token for what its `permissions` do not give."""
    for one in case.workflows:
        for name, job in one.jobs.items():
            given = job.get("permissions", one.data.get("permissions"))
            for scope, hit in _taken(one.data, job).items():
                if not _gives(given, scope):
                    why = (
                        "it says no permissions, so a new repository gives none"
                        if given is None
                        else "its permissions do not give that"
                    )
                    fact = f"job {name} of {one.path} does `{hit}` with the workflow's token, which takes {scope}: write, and {why}"
                    fix = f"add `{scope}: write` to the permissions of job {name}"
                    if (
                        given is None and scope != "contents"
                    ):  # what is not named there is taken away
                        fix += ", and `contents: read` for its checkout"
                    yield Located(fact, fix, one.path, one.line(hit) or one.line(f"{name}:"))


def _taken(data: dict[Any, Any], job: dict[str, Any]) -> dict[str, str]:
    """Return each permission that a job's steps take, and by which words."""
    around, whole = (
        json.dumps([data.get("env"), job.get("env")], default=str),
        json.dumps(job, default=str),
    )
    found: dict[str, str] = {}
    for step in job.get("steps") or ():
        text = json.dumps(step, default=str)
        for pattern, scope, is_unasked in TAKES:
            is_package = scope == "packages"  # the login is a step of its own
            names = around + (whole if is_package else text)
            is_ours = OWN.search(names) or (is_unasked and "secrets." not in text)
            if (
                (hit := pattern.search(text))
                and is_ours
                and (not is_package or endpoints.host(endpoints.GHCR) in names)
            ):
                found.setdefault(scope, hit[0].replace('"', ""))
    return found


def _gives(permissions: Any, scope: str) -> bool:
    return (
        permissions.get(scope) == "write"
        if isinstance(permissions, dict)
        else permissions == "write-all"
    )


def _promoted(case: CheckContext, filters: tuple[str, ...]) -> bool:
    """Tell whether the filters let the tags through that `inv promote` makes."""
    components = case.release.project.components
    return any(passes(tag, filters) for one in components for tag in tag_names(one, SAMPLES[0])[1:])


def _shortest(tag: str, text: str) -> str:
    return re.sub(r"\d+", "[0-9]+", tag) if "[0-9]+" in text else re.sub(r"\d.*", "[0-9]*", tag)
