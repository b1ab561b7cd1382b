"""The folder that a Dockerfile's COPY reads from: set, said elsewhere in the repository, or found.

`docker build` takes it from its command line, so the Dockerfile alone does not say it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from posixpath import basename, dirname, join, normpath
from typing import Any

from release_tasks.formats import dockerfile as dockerfiles
from release_tasks.formats import yaml_texts
from release_tasks.formats.text_files import peek, read
from release_tasks.project.model import Unresolved, choice
from release_tasks.project.settings import FILE

ROOT = "."
COMPOSE = ("compose*.y*ml", "docker-compose*.y*ml")
WORKFLOWS = ".github/workflows/"
# what a folder of Dockerfiles has that nobody copies as a whole
_BESIDE = (
    "Dockerfile*",
    "Containerfile*",
    "*.dockerignore",
    "*.md",
    "*.sh",
    *COMPOSE,
)


def default(
    root: Path,
    tracked: tuple[str, ...],
    key: str,
    dockerfile: str,
    target: str | None,
) -> str:
    """Return the context of a Dockerfile: its folder or the root, whichever has what it copies.

    Raises `Unresolved` where both have it, and it is not the same.
    """
    folder = dirname(dockerfile)
    if not folder:
        return ROOT
    text = peek(root, dockerfile)
    stages = dockerfiles.needed_stages(text, target)
    paths = {
        one.path for one in dockerfiles.copied(text) if one.stage in stages
    }
    in_root = all(exists(tracked, path or ROOT) for path in paths)
    in_folder = all(
        exists(tracked, normpath(join(folder, path))) for path in paths
    )
    if in_folder and not in_root:
        return folder
    if not in_folder or not paths or _are_equal(root, tracked, folder, paths):
        return ROOT
    declared = set(_declared(root, tracked, dockerfile))
    if len(declared) == 1:
        return declared.pop()
    shown = " and ".join(sorted(path or "everything" for path in paths)[:2])
    raise Unresolved(
        f"{dockerfile} copies {shown}, which is in {folder}/ and at the root",
        f'add to {FILE}:\n[images."{key}"]\n{choice("context", [folder, ROOT])}',
    )


def exists(tracked: tuple[str, ...], path: str) -> bool:
    """Tell whether the repository has a file or folder."""
    if path == ROOT:
        return True
    return any(name == path or name.startswith(f"{path}/") for name in tracked)


def _are_equal(
    root: Path, tracked: tuple[str, ...], folder: str, paths: set[str]
) -> bool:
    """Tell whether both contexts give the same, or the folder has nothing but Dockerfiles."""
    if paths == {""}:
        return not any(_is_copied(path, folder) for path in tracked)
    if "" in paths:
        return False
    for path in paths:
        one, other = root / path, root / folder / path
        if not (one.is_file() and other.is_file()):
            return False
        if one.read_bytes() != other.read_bytes():
            return False
    return True


def _is_copied(path: str, folder: str) -> bool:
    """Tell whether a file is in the folder, and no usual neighbor of a Dockerfile."""
    if not path.startswith(f"{folder}/"):
        return False
    return not any(fnmatch(basename(path), pattern) for pattern in _BESIDE)


def _declared(
    root: Path, tracked: tuple[str, ...], dockerfile: str
) -> Iterator[str]:
    """Yield the contexts that compose files and workflows build a Dockerfile with."""
    for path in tracked:
        is_yaml = path.endswith((".yml", ".yaml"))
        if any(fnmatch(basename(path), pattern) for pattern in COMPOSE):
            found = _of_compose(_load(root, path), dirname(path))
        elif is_yaml and path.startswith(WORKFLOWS):
            found = _of_workflow(_load(root, path))
        else:
            continue
        for context, file in found:
            if file == dockerfile:
                yield context


def _load(root: Path, path: str) -> Any:
    try:
        return yaml_texts.load(read(root, path), path)
    except yaml_texts.Unreadable:
        return None


def _of_compose(data: Any, folder: str) -> Iterator[tuple[str, str]]:
    """Yield context and Dockerfile of each service (compose file reference, build)."""
    for service in _tables(data, "services"):
        build = service.get("build")
        if isinstance(build, str):
            build = {"context": build}
        if not isinstance(build, dict):
            continue
        context = normpath(join(folder, str(build.get("context") or ROOT)))
        file = str(build.get("dockerfile") or "Dockerfile")
        yield context, normpath(join(context, file))


def _of_workflow(data: Any) -> Iterator[tuple[str, str]]:
    """Yield context and Dockerfile of each step with docker/build-push-action."""
    for job in _tables(data, "jobs"):
        steps = job.get("steps")
        for step in steps if isinstance(steps, list) else ():
            action = (
                str(step.get("uses") or "") if isinstance(step, dict) else ""
            )
            if not action.startswith("docker/build-push-action"):
                continue
            inputs = step.get("with") or {}
            context = normpath(str(inputs.get("context") or ROOT))
            file = str(inputs.get("file") or join(context, "Dockerfile"))
            yield context, normpath(file)


def _tables(data: Any, key: str) -> Iterator[dict[str, Any]]:
    found = data.get(key) if isinstance(data, dict) else None
    if isinstance(found, dict):
        for table in found.values():
            if isinstance(table, dict):
                yield table
