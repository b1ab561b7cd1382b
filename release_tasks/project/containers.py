"""The images of a repository, from its Dockerfiles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from posixpath import basename, dirname, normpath
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import structs

from release_tasks import endpoints
from release_tasks.errors import shorten
from release_tasks.formats.platforms import normalize
from release_tasks.formats.text_files import read
from release_tasks.project import build_contexts
from release_tasks.project.container_settings import tags_of
from release_tasks.project.model import (
    Image,
    Project,
    Resolved,
    Unresolved,
    ambiguity,
    choice,
)
from release_tasks.project.python_packages import not_shipped
from release_tasks.project.settings import (
    FILE,
    ChartTable,
    ImageTable,
    Settings,
)
from release_tasks.rules import oci, platforms
from release_tasks.tools import git

if TYPE_CHECKING:
    from release_tasks.project.workflow_images import WorkflowImage

T = TypeVar("T", ImageTable, ChartTable)
_LIKE_DOCKERFILE = re.compile(
    r"(?:^|/)(?:[\w.-]+\.)?(?:docker|container)file(?:\.[\w.-]+)?$", re.I
)
HOST = endpoints.host(endpoints.GHCR)  # the registry of a project on GitHub
FOR_DEVELOPERS = re.compile(
    r"(?:.*?/)?(?:e2e|ci|\.(?:ci|circleci|github|gitlab|devcontainer|buildkite)"
    r"|dev|hack|scripts?|fuzz(?:ing)?)/",
    re.I,
)
ACTION_IMAGE = re.compile(r"""^\s+image:\s*["']?([^"'\s#]+)""", re.M)


def images(project: Project) -> Resolved[Image]:
    """Return the images of a project as far as `discovery.outline` has it."""
    settings, tracked = project.settings, git.tracked(project.root)
    dockerfiles = _dockerfiles(project)
    tables: Mapping[str, ImageTable] = settings.images
    if not tables and dockerfiles:
        tables = _named_by_components(settings, "images", ImageTable)
    try:
        if not tables:
            tables = _default_tables(project, dockerfiles)
        return tuple(
            _image(key, table, project.root, tracked, dockerfiles)
            for key, table in tables.items()
        )
    except Unresolved as error:
        return error


def left_out(project: Project) -> Iterator[str]:
    """Yield the images that workflows push beside the one that is found, and the reason."""
    settings = project.settings
    if settings.images or _named_by_components(settings, "images", ImageTable):
        return
    default = _default_reference(project)
    pushed = _pushed(project)
    if default in [image.key for image in pushed]:
        for image in pushed:
            if image.key != default:
                reason = f"{image.workflow} pushes it, and no [images] table names it"
                yield f"{image.key} (images: {reason})"


def _default_tables(
    project: Project, dockerfiles: list[str]
) -> dict[str, ImageTable]:
    """Return the only image that can be meant; raise `Unresolved` for several candidates.

    It is the one that workflows push, by default that of the repository on GHCR.
    """
    pushed = _pushed(project)
    is_default = _default_reference(project) in [image.key for image in pushed]
    if not pushed or (is_default and len(dockerfiles) == 1):
        if not dockerfiles:
            return {}
        return {_only_reference(dockerfiles, project.ghcr_name): ImageTable()}
    found: dict[str, ImageTable] = {}
    for image in pushed:
        table = _table(image, dockerfiles, project)
        found[image.key] = _with_platforms_of(found.get(image.key), table)
    [first, *others] = pushed
    if not others and first.is_known and len(dockerfiles) < 2:
        return {first.key: found[first.key]}
    covered = {table.dockerfile for table in found.values()}
    for path in dockerfiles:
        if path not in covered and len(dockerfiles) > 1:
            reference = _suggested_reference(project.repository, path)
            found.setdefault(reference, ImageTable(dockerfile=path))
    sources = sorted({image.workflow for image in pushed})
    lines = [f"# from {shorten(sources)}"]
    for key, table in found.items():
        lines += [f'[images."{key}"]', *_toml(table)]
    raise ambiguity("images", lines)


def _default_reference(project: Project) -> str:
    return f"{HOST}/{(project.ghcr_name or '').lower()}"


def _pushed(project: Project) -> tuple[WorkflowImage, ...]:
    """Return what workflows push, none where nothing here looks like a Dockerfile."""
    if not any(_LIKE_DOCKERFILE.search(path) for path in project.files):
        return ()
    # imported here: most projects have no images
    from release_tasks.project import workflow_images

    return workflow_images.declared(project.root, project.ghcr_name)


def _table(
    image: WorkflowImage, dockerfiles: list[str], project: Project
) -> ImageTable:
    """Return what a workflow says of an image, as far as it is so in the repository."""
    built = image.built
    dockerfile: str | None = built.dockerfile
    if built.dockerfile not in project.files:
        dockerfile = dockerfiles[0] if len(dockerfiles) == 1 else None
    given: dict[str, Any] = {}
    if built.platforms and not any(map(platforms.platform, built.platforms)):
        given["platforms"] = built.platforms
    return ImageTable(
        dockerfile=dockerfile,
        context=built.context or None,
        target=built.target or None,
        **given,
    )


def _with_platforms_of(
    first: ImageTable | None, table: ImageTable
) -> ImageTable:
    """Return a table for the platforms of both: jobs for one machine each build one image."""
    if (
        first is None
        or structs.replace(first, platforms=table.platforms) != table
    ):
        return first or table
    every = dict.fromkeys((*first.platforms, *table.platforms))
    return structs.replace(table, platforms=tuple(every))


def _toml(table: ImageTable) -> Iterator[str]:
    for key in ("dockerfile", "context", "target"):
        value = getattr(table, key)
        if value:
            yield f'{key} = "{value}"'
    if table.platforms != ImageTable().platforms:
        words = ", ".join(f'"{platform}"' for platform in table.platforms)
        yield f"platforms = [{words}]"


def _is_dockerfile(path: str) -> bool:
    return basename(path) in ("Dockerfile", "Containerfile")


def _is_for_developers(path: str) -> bool:
    return bool(not_shipped(path) or FOR_DEVELOPERS.match(path))


def _dockerfiles(project: Project) -> list[str]:
    """Return the Dockerfiles without those of tests, developers and, if there are others, actions.

    GitHub builds the image of an action, which is no artifact of the project
    (metadata syntax for GitHub Actions: runs.image).
    """
    every = [path for path in project.files if _is_dockerfile(path)]
    found = [path for path in every if not _is_for_developers(path)]
    settings = project.settings
    is_named = settings.images or _named_by_components(
        settings, "images", ImageTable
    )
    if not found and (is_named or _pushed(project)):
        found = every
    if len(found) < 2:
        return found
    of_actions = set()
    for path in project.files:
        if basename(path) in ("action.yml", "action.yaml"):
            image = ACTION_IMAGE.search(read(project.root, path))
            if image:
                of_actions.add(
                    normpath(f"{dirname(path)}/{image[1]}").lstrip("/")
                )
    return [path for path in found if path not in of_actions] or found


def _named_by_components(
    settings: Settings, kind: str, table: type[T]
) -> dict[str, T]:
    """Return an empty table for each image or chart that a component names."""
    found = {}
    for component in settings.components.values():
        for name in getattr(component, kind):
            found[name] = table()
    return found


def _only_reference(dockerfiles: list[str], repository: str | None) -> str:
    """Return the default name of the only image; raise `Unresolved` for several Dockerfiles."""
    if len(dockerfiles) > 1:
        lines = []
        for path in dockerfiles:
            reference = _suggested_reference(repository, path)
            lines.append(f'[images."{reference}"]\ndockerfile = "{path}"')
        raise ambiguity("Dockerfiles", lines)
    if repository is None:
        raise _without_repository("image", '[images."REGISTRY/OWNER/NAME"]')
    return f"{HOST}/{repository.lower()}"


def _suggested_reference(repository: str | None, dockerfile: str) -> str:
    """Return the name of the repository and of the folder of a Dockerfile below the root."""
    name = repository.lower() if repository else "OWNER/NAME"
    folder = PurePosixPath(dockerfile).parent.name.lower()
    if folder:
        name += f"-{folder}"
    return f"{HOST}/{name}"


def _image(
    key: str,
    table: ImageTable,
    root: Path,
    tracked: tuple[str, ...],
    dockerfiles: list[str],
) -> Image:
    _require_valid(key)
    dockerfile = table.dockerfile or _default_dockerfile(
        key, tracked, dockerfiles
    )
    dockerfile = normpath(dockerfile)
    if dockerfile not in tracked:
        raise Unresolved(
            f"{FILE}: [images.{key}]: {dockerfile} is not in the repository",
            "git add it, or set dockerfile = ...",
        )
    context = table.context
    if context is None:
        context = build_contexts.default(
            root, tracked, key, dockerfile, table.target
        )
    elif not build_contexts.exists(tracked, normpath(context)):
        raise Unresolved(
            f"{FILE}: [images.{key}] context: {context} is not a folder of the repository",
            "set it to the folder that COPY reads from, relative to the root",
        )
    caches = [f"--cache-from={cache}" for cache in table.cache_from]
    caches += [f"--cache-to={cache}" for cache in table.cache_to]
    normalized = [normalize(platform) for platform in table.platforms]
    reference, flavor = oci.split_tag(key)
    return Image(
        reference,
        dockerfile,
        tuple(dict.fromkeys(normalized)),
        tags_of(key, table),
        edge=table.edge,
        context=normpath(context),
        target=table.target,
        args=tuple(sorted(table.args.items())),
        secrets=table.secrets,
        scan=table.scan,
        test=table.test,
        labels=tuple(sorted(table.labels.items())),
        annotations=tuple(sorted(table.annotations.items())),
        cache=tuple(caches),
        flavor=flavor,
    )


def _require_valid(key: str) -> None:
    """Raise `Unresolved` for a default name, or one of a component, that no registry takes."""
    refusals = oci.reference(oci.split_tag(key)[0])
    if refusals:
        raise Unresolved(
            f"the image {key} cannot be published: {refusals[0]}",
            f'add to {FILE}:\n[images."REGISTRY/OWNER/NAME"]',
        )


def _default_dockerfile(
    key: str, tracked: tuple[str, ...], dockerfiles: list[str]
) -> str:
    flavor = oci.split_tag(key)[1]
    if flavor and f"Dockerfile.{flavor}" in tracked:
        return f"Dockerfile.{flavor}"
    if "Dockerfile" in dockerfiles:
        return "Dockerfile"
    if not dockerfiles:
        raise Unresolved(
            f"{FILE}: [images.{key}]: the repository has no Dockerfile",
            "git add one, or set dockerfile = ...",
        )
    if len(dockerfiles) > 1:
        lines = [f'[images."{key}"]', choice("dockerfile", dockerfiles)]
        raise ambiguity("Dockerfiles", lines)
    return dockerfiles[0]


def _without_repository(what: str, line: str) -> Unresolved:
    return Unresolved(
        f"origin is not a GitHub repository, so the {what} has no default name",
        f"add to {FILE}:\n{line}",
    )
