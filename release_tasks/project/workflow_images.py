"""The images that a project's workflows push: their names, and what they are built from.

Read as the actions' own documentation has it: docker/metadata-action (`images`, `flavor`),
docker/build-push-action, docker/bake-action (bake files), redhat-actions/push-to-registry; and the
commands of docker, podman, buildah and skopeo. Expressions of `env`, `matrix` and the repository
are filled in (GitHub docs, Contexts); others are unknown.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from posixpath import join, normpath
from typing import Any

from release_tasks.formats.text_files import peek
from release_tasks.project import bake_files, image_commands
from release_tasks.project.image_commands import UNKNOWN, Built, filled
from release_tasks.project.workflows import Workflow, workflows
from release_tasks.rules import oci

_PUBLISHES = re.compile(
    r"build-push-action|bake|push-to-registry|metadata-action"
    r"|(?:docker|podman|buildah|nerdctl|buildx)\b.*\bpush|skopeo +copy"
)
_MOST = 40  # combinations of a matrix
_NO_PUSH = ("false", "no", "0", "")


@dataclass(frozen=True)
class WorkflowImage:
    """An image that a workflow pushes; empty texts are not said there."""

    reference: str  # without a tag
    flavor: str = ""  # what its tags end with
    built: Built = field(default_factory=Built)
    workflow: str = ""

    @property
    def is_known(self) -> bool:
        """Tell whether its whole name is known."""
        return UNKNOWN not in self.reference

    @property
    def key(self) -> str:
        """Return it as a key of the settings, with OWNER for what is not known."""
        reference = self.reference.replace(UNKNOWN, "OWNER")
        return f"{reference}:{self.flavor}" if self.flavor else reference


_STEP = re.compile(r"\bsteps\.([\w-]+)\.outputs\b")
# at the end of tags for one machine each, which become one image for all
_ARCHITECTURE = re.compile(
    r"amd64|x86_64|x64|arm64(?:v8)?|aarch64|arm(?:v[67]|hf)?|i?386|ppc64le|s390x|riscv64"
)


@dataclass
class _Job:
    """A job under one combination of its matrix."""

    values: dict[str, str]  # of expressions: `env.NAME`, `matrix.NAME`
    root: Path
    # by step id
    named: dict[str, tuple[list[str], str]] = field(default_factory=dict)
    # by name, not pushed yet
    builds: dict[str, Built] = field(default_factory=dict)


def declared(root: Path, repository: str | None) -> tuple[WorkflowImage, ...]:
    """Return the images that the workflows of a tree push, those that run for releases first.

    `repository` is owner/name on GitHub. Where workflows for tags, releases or by hand push some,
    those for branches are not looked at.
    """
    folder = root / ".github" / "workflows"
    files = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    texts = tuple(
        peek(root, file.relative_to(root).as_posix()) for file in files
    )
    if not any(map(_PUBLISHES.search, texts)):
        return ()
    return _declared(root, repository or "", texts)


@lru_cache(maxsize=8)
def _declared(
    root: Path, repository: str, texts: tuple[str, ...]
) -> tuple[WorkflowImage, ...]:
    released: dict[WorkflowImage, None] = {}
    others: dict[WorkflowImage, None] = {}
    for workflow in workflows(root):
        if not _PUBLISHES.search(workflow.text):
            continue
        found = dict.fromkeys(_in_workflow(workflow, root, repository))
        events = workflow.data.get("on", workflow.data.get(True)) or ()
        if (
            workflow.filters
            or workflow.is_called
            or "workflow_dispatch" in events
        ):
            released |= found
        elif "push" in events:
            others |= found
    return tuple(released or others)


def _in_workflow(
    workflow: Workflow, root: Path, repository: str
) -> Iterator[WorkflowImage]:
    owner, _, name = repository.partition("/")
    values = {
        "github.repository": repository,
        "github.repository_owner": owner,
        "github.event.repository.name": name,
        "env.GITHUB_REPOSITORY": repository,
        "env.GITHUB_REPOSITORY_OWNER": owner,
    }
    values = {key: value for key, value in values.items() if value}
    _add(values, "env", workflow.data.get("env"))
    for job in workflow.jobs.values():
        for row in itertools.islice(_matrix(job), _MOST):
            known = dict(values)
            _add(known, "matrix", row)
            _add(known, "env", job.get("env"))
            for image in _in_job(job, _Job(known, root)):
                yield replace(image, workflow=workflow.path)


def _add(values: dict[str, str], context: str, table: Any) -> None:
    if not isinstance(table, Mapping):
        return
    for name, value in table.items():
        if isinstance(value, Mapping):
            _add(values, f"{context}.{name}", value)
        elif not isinstance(value, list):
            values[f"{context}.{name}"] = filled(str(value), values)


def _matrix(job: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the combinations of a job's matrix, those of `include` as they are."""
    strategy = job.get("strategy")
    matrix = strategy.get("matrix") if isinstance(strategy, Mapping) else None
    if not isinstance(matrix, Mapping):
        yield {}
        return
    axes = {
        str(key): value
        for key, value in matrix.items()
        if key not in ("include", "exclude") and isinstance(value, list)
    }
    rows = [
        row for row in matrix.get("include") or () if isinstance(row, Mapping)
    ]
    if not axes:
        yield from map(dict, rows or ({},))
        return
    for combination in itertools.product(*axes.values()):
        one = dict(zip(axes, combination, strict=True))
        for row in rows:
            if all(one[key] == row[key] for key in axes if key in row):
                one |= row
        yield one


def _in_job(job: Mapping[str, Any], state: _Job) -> Iterator[WorkflowImage]:
    steps = job.get("steps")
    for step in steps if isinstance(steps, list) else ():
        if not isinstance(step, Mapping):
            continue
        if str(step.get("if", "")).strip("${} ") == "false":
            continue
        values = dict(state.values)
        _add(values, "env", step.get("env"))
        options = {}
        if isinstance(step.get("with"), Mapping):
            options = {
                str(key): filled(str(value), values)
                for key, value in step["with"].items()
            }
        action = str(step.get("uses", "")).partition("@")[0]
        if action:
            yield from _of_action(action, options, step, state)
        else:
            yield from _of_script(str(step.get("run", "")), values, state)


def _of_action(
    action: str,
    options: dict[str, str],
    step: Mapping[str, Any],
    state: _Job,
) -> Iterator[WorkflowImage]:
    if action == "docker/metadata-action":
        state.named[str(step.get("id", ""))] = (
            _image_names(options.get("images", "")),
            _suffix(options),
        )
    elif action == "docker/build-push-action":
        sources = [name for name in _sources(step) if name in state.named]
        yield from _of_build(options, sources or list(state.named), state)
    elif action == "docker/bake-action":
        if options.get("push", "false").lower() not in _NO_PUSH:
            files = _lines(options.get("files", ""))
            targets = _lines(options.get("targets", ""))
            yield from _of_bake(files, targets, state)
    elif action == "redhat-actions/buildah-build":
        built = Built(
            normpath(options.get("containerfiles", "Dockerfile").split()[0])
        )
        state.builds[options.get("image", "")] = built
    elif action == "redhat-actions/push-to-registry":
        name = options.get("image", "")
        yield from _images(
            [f"{options.get('registry', '')}/{name}"], state.builds.get(name)
        )


def _sources(step: Mapping[str, Any]) -> list[str]:
    """Return the steps whose outputs are the tags of a step."""
    options = step.get("with")
    if not isinstance(options, Mapping):
        return []
    return _STEP.findall(str(options.get("tags", "")))


def _of_build(
    options: dict[str, str], sources: list[str], state: _Job
) -> Iterator[WorkflowImage]:
    """Yield the images of docker/build-push-action, unless it only builds.

    `sources` are the steps that may have named them.
    """
    built = _built_by_action(options)
    outputs = options.get("outputs", "")
    is_pushed = options.get("push", "false").lower() not in _NO_PUSH
    if not is_pushed and not re.search("push=true|type=registry", outputs):
        return
    names = [row for row in _lines(options.get("tags", "")) if row != UNKNOWN]
    names += re.findall(r"(?:^|[,\s\"])name=([^,\"\s]+)", outputs)
    found = list(_images(names, built))
    if not found:  # the tags are those of docker/metadata-action
        for name in sources:
            images, suffix = state.named[name]
            found += [
                replace(one, flavor=suffix) for one in _images(images, built)
            ]
    yield from found


def _built_by_action(options: dict[str, str]) -> Built:
    context = re.sub(
        r"^\{\{defaultContext\}\}:?", "", options.get("context", ".")
    )
    context = normpath(context or ".")
    if UNKNOWN in context or "://" in context:
        context = "."
    dockerfile = options.get("file") or join(context, "Dockerfile")
    platforms = [
        one for one in _lines(options.get("platforms", "")) if one != UNKNOWN
    ]
    return Built(
        normpath(dockerfile),
        context if options.get("file") and context != "." else "",
        options.get("target", ""),
        tuple(platforms),
    )


def _of_script(
    script: str, values: dict[str, str], state: _Job
) -> Iterator[WorkflowImage]:
    for command in image_commands.commands(script, values):
        if command.bake is not None:
            yield from _of_bake(*command.bake, state)
            continue
        for name in command.names:
            if command.built:
                state.builds[name] = command.built
            if command.is_pushed:
                source = command.source or name
                yield from _images(
                    [name], command.built or state.builds.get(source)
                )
    for name, value in image_commands.exported(script, values):
        state.values[f"env.{name}"] = value


def _of_bake(
    files: list[str], targets: list[str], state: _Job
) -> Iterator[WorkflowImage]:
    for names, built in bake_files.targets(
        state.root, files, targets, state.values
    ):
        yield from _images(names, built)


def _images(
    names: Iterable[str], built: Built | None
) -> Iterator[WorkflowImage]:
    """Yield an image for each name that a registry could have, once per flavor."""
    found: dict[WorkflowImage, None] = {}
    for name in names:
        reference, tag = oci.split_tag(name.strip().partition("@")[0])
        reference = (
            reference.removeprefix("docker://")
            .removeprefix("docker.io/")
            .lower()
        )
        if "/" not in reference or reference.strip(f"/{UNKNOWN}") in (
            "",
            "ghcr.io",
        ):
            continue  # only on this machine, or all of it is unknown
        first = reference.partition("/")[0]
        if not re.search(r"[.:]|^localhost$", first):
            reference = f"docker.io/{reference}"
        flavor = _flavor_of(tag)
        plain = reference.replace(UNKNOWN, "x")
        if not first.startswith(("localhost", "127.")) and not oci.reference(
            plain
        ):
            found[WorkflowImage(reference, flavor, built or Built())] = None
    every = {image.reference for image in found if not image.flavor}
    for image in found:
        is_alias = image.flavor and image.reference in every
        if not is_alias:
            yield image


def _flavor_of(tag: str) -> str:
    """Return what a tag has behind the version: `alpine` of `1.2.3-alpine`."""
    found = re.fullmatch(
        rf"(?:v?[0-9.]+|v?{UNKNOWN}|latest|edge)-([a-z][\w.-]*)", tag
    )
    if not found or UNKNOWN in found[1] or _ARCHITECTURE.fullmatch(found[1]):
        return ""
    return found[1]


def _image_names(text: str) -> list[str]:
    names = []
    for row in _lines(text):
        found = re.search(r"(?:^|,)name=([^,]+)", row)
        if "enable=false" not in row:
            names.append(found[1] if found else row.partition(",")[0])
    return names


def _suffix(options: dict[str, str]) -> str:
    found = re.search(
        r"(?:^|[,\s])suffix=-?([\w.-]+)", options.get("flavor", "")
    )
    return found[1] if found else ""


def _lines(text: str) -> list[str]:
    """Return the rows of a list; those of `images` have commas of their own."""
    rows = text.splitlines()
    if not any("=" in row for row in rows):
        rows = re.split(r"[,\n]", text)
    return [
        row.strip()
        for row in rows
        if row.strip() and not row.strip().startswith("#")
    ]
