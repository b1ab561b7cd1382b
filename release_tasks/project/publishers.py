"""Which steps of a workflow publish something: commands and actions as their READMEs have them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from release_tasks.project.workflows import Workflow

COMMANDS = re.compile(
    r"""
      cargo[ ]+(?:\+\S+[ ]+)?(?:publish|release|smart-release|mono[ ]release)\b
    | cargo[ ]+(?:workspaces|ws)[ ]+publish
    | release-plz[ ]+release\b(?!-)
    | (?:python-)?semantic-release\b | release-it\b
    | (?:cargo[ ]+)?dist[ ]+host\b
    | twine[ ]+upload
    | (?:uv|poetry|hatch|flit|pdm|rye)[ ]+publish
    | maturin[ ]+(?:publish|upload)
    | (?:docker|podman|nerdctl)(?:[ ]+(?:image|manifest|compose))?[ ]+push
    | regctl[ ]+image[ ]+(?:copy|import)
    | earthly\b(?=.*[ ]--push\b)
    | /?kaniko/executor\b(?=.*--destination)(?!.*--no-push)
    | docker[ ]+buildx[ ]+imagetools[ ]+create
    | buildah[ ](?:manifest[ ])?push
    | (?:docker|podman|nerdctl|depot)[ ]+(?:(?:buildx|compose)[ ]+)?(?:build|bake)\b
      (?=.*(?:--push\b(?!=false)|push=true|type=registry))
    | skopeo[ ]+copy\b(?=.*[ ]docker://\S+\s*$)
    | crane[ ]+(?:push|copy|append|mutate)
    | oras[ ]+push
    | ko[ ]+(?:build|publish|resolve|apply)\b
    | helm[ ]+(?:push|cm-push)
    | cr[ ]+upload
    | gh[ ]+release[ ]+(?:create|upload|edit\b(?=.*--draft=false))
    | gh[ ]+api\b(?=.*/releases\b(?!/))(?=.*[ ](?:-f|-F|--field|--raw-field|--input)\b)
    | ghr[ ]+v?[$\w"]
    | hub[ ]+release[ ]+create
    | goreleaser[ ]+(?:release|publish)\b
    | jreleaser[ ]+(?:full-)?release
    """,
    re.VERBOSE,
)
ONLY_TRIES = re.compile(
    r"--dry-run\b|--snapshot\b|--skip[= ]publish|--help\b|--version\b|--noop\b|--print\b"
    r"|cargo .*\s(?:-n|--list)\b|semantic-release (?:changelog|generate-config)"
)
ELSEWHERE = re.compile(  # to registries that users do not install from
    r"\btest[.-]?pypi\b|hatch publish .*(?:-r|--repo)[ =]test\b"
    r"|\b(?:localhost|127\.0\.0\.1)(?::\d+)?/|cargo .*--registry[ =](?!crates-io\b)"
)
# else they only try
NEEDS_EXECUTE = re.compile(r"cargo +(?:\S+ +)?(?:release|smart-release)\b")
EXECUTES = re.compile(r"--execute\b|\s-x\b")
ALWAYS = re.compile(  # actions that do nothing but publish
    r"""
      pypa/gh-action-pypi-publish
    | katyo/publish-crates
    | [\w.-]+/release-plz(?:-action)? | release-plz/action
    | softprops/action-gh-release
    | [\w.-]+/[\w.-]*(?:create|upload|publish|make|update)[\w.-]*release[\w.-]*
    | [\w.-]+/[\w.-]*release[\w.-]*(?:upload|uploader|publisher|releaser)
    | cycjimmy/semantic-release-action
    | python-semantic-release/(?:python-semantic-release|publish-action)
    | shogo82148/actions-upload-release-asset | int128/kaniko-action
    | ncipollo/release-action | marvinpinto/action-automatic-releases | meeDamian/github-release
    | actions/create-release | actions/upload-release-asset
    | taiki-e/upload-rust-binary-action | houseabsolute/actions-rust-release
    | rust-build/rust-build\.action | xresloader/upload-to-github-release
    | elgohr/Publish-Docker-Github-Action | macbre/push-to-ghcr | redhat-actions/push-to-registry
    | mr-smithers-excellent/docker-build-push | docker/build-push-docker
    | helm/chart-releaser-action | appany/helm-oci-chart-releaser | bitdeps/helm-oci-charts-releaser
    """,
    re.VERBOSE,
)
NOT_ON_TAGS = re.compile(  # conditions that no run on a tag fulfills
    r"github\.ref\s*==\s*'refs/heads/|github\.ref_type\s*==\s*'branch'"
    r"|github\.event_name\s*==\s*'(?:pull_request|schedule|workflow_dispatch)'"
    r"|!\s*(?:startsWith|contains)\(\s*github\.ref\s*,\s*'refs/tags/"
)
ON_EVERY_TRUE = ("true", "1", "yes")


def published(workflow: Workflow) -> list[str]:
    """Return what the steps of a workflow publish with, as its text has it: `docker push`."""
    found: dict[str, None] = {}
    for job in workflow.jobs.values():
        if not _can_run(job):
            continue
        for step in _steps(job):
            if _can_run(step):
                found.update(dict.fromkeys(_in_step(step)))
    return list(found)


def _steps(job: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    steps = job.get("steps")
    if not isinstance(steps, list):
        return []
    return [step for step in steps if isinstance(step, Mapping)]


def _can_run(part: Mapping[str, Any]) -> bool:
    """Tell whether the condition of a job or step can be true for a tag."""
    condition = str(part.get("if", "true")).strip()
    if condition.strip("${} ").lower() == "false":
        return False
    return "||" in condition or not NOT_ON_TAGS.search(condition)


def _in_step(step: Mapping[str, Any]) -> Iterator[str]:
    yield from commands(str(step.get("run", "")))
    options = step.get("with")
    if not isinstance(options, Mapping):
        options = {}
    action = str(step.get("uses", "")).partition("@")[0]
    if hit := _by_action(action, options):
        yield hit


def commands(script: str) -> Iterator[str]:
    """Yield the commands of a shell script that publish something, each as it is written."""
    joined = re.sub(r"\\\n\s*", " ", script)
    for line in joined.splitlines():
        if line.lstrip().startswith("#"):
            continue
        for part in re.split(r"&&|\|\||;|\|", line):
            hit = COMMANDS.search(part)
            if hit is None or _is_quoted(part, hit):
                continue
            if ONLY_TRIES.search(part) or ELSEWHERE.search(part):
                continue
            if NEEDS_EXECUTE.search(part) and not EXECUTES.search(part):
                continue
            yield re.sub(r" +", " ", hit[0])


def _is_quoted(part: str, hit: re.Match[str]) -> bool:
    """Tell whether the words are only printed."""
    return re.match(r"\s*(?:echo|printf)\b", part[: hit.start()]) is not None


def _by_action(action: str, options: Mapping[str, Any]) -> str:
    """Return the action's name, and the option by which it publishes; "" where it does not."""
    name = action.rpartition("/")[2]
    words = {key: str(value) for key, value in options.items()}
    if name in ("build-push-action", "bake-action"):
        return _pushed(name, words)
    if name == "maturin-action" and words.get("command") in (
        "upload",
        "publish",
    ):
        return f"{name} {words['command']}"
    if name == "cargo" and words.get("command") == "publish":
        return (
            "" if ONLY_TRIES.search(words.get("args", "")) else "cargo publish"
        )
    if name == "goreleaser-action":
        arguments = words.get("args", "")
        releases = "release" in arguments.split() and not ONLY_TRIES.search(
            arguments
        )
        return name if releases else ""
    if name == "gh-action-pypi-publish" and ELSEWHERE.search(
        words.get("repository-url", "") + words.get("repository_url", "")
    ):
        return ""
    if name == "action" and action.startswith("release-plz/"):
        return "" if words.get("command") == "release-pr" else action
    return name if ALWAYS.fullmatch(action) else ""


def _pushed(name: str, words: Mapping[str, str]) -> str:
    """Return by which option an action of Docker pushes what it builds, "" by none."""
    push = words.get("push", "")
    if push.lower() in ON_EVERY_TRUE or (
        "${{" in push and "false }}" not in push
    ):
        return "push: true" if push.lower() == "true" else f"{name} push"
    if re.search(
        r"type=registry|push=true",
        words.get("outputs", "") + words.get("set", ""),
    ):
        return f"{name} outputs"
    return ""
