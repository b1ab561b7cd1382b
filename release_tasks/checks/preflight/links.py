"""Links to what is not in the repository: a published file would have what is on this machine."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator
from pathlib import Path

from release_tasks import files
from release_tasks.building import papers
from release_tasks.checks.check import CheckContext, problem, warning
from release_tasks.errors import Problem, ReleaseError
from release_tasks.formats import text_files
from release_tasks.manifests import toml_values
from release_tasks.project.model import (
    Chart,
    Crate,
    PythonPackage,
    resolved_or_empty,
)
from release_tasks.project.outside_links import outside_links
from release_tasks.shell import Failed
from release_tasks.tools.cargo import package_list

HELM_IGNORE = ".helmignore"


@problem
def linked_dist(context: CheckContext) -> Iterator[Problem]:
    """Find that dist/ is a link: what is built there gets replaced and removed."""
    checkout = context.release.checkout
    try:
        files.refuse_links(checkout, checkout / "dist")
    except ReleaseError as error:
        yield from error.problems


@problem
def published_outside_file(context: CheckContext) -> Iterator[Problem]:
    """Find each link or path to what is not in the repository that a published file would have."""
    yield from _declared(context)
    links = outside_links(context.release.source_tree)
    if not links:
        return
    published = {
        **_in_crates(context, links),
        **_in_charts(context, links),
        **_in_archives(context, links),
    }
    for path, where in published.items():
        yield Problem(
            f"{path} is a link to {links[path]}, which is not in the repository, "
            f"and {where} would contain that file of this machine",
            _fix(path),
            path,
        )


@warning
def outside_link(context: CheckContext) -> Iterator[Problem]:
    """Find each tracked link that is absolute or leads to what is not in the repository."""
    for path, target in outside_links(context.release.source_tree).items():
        yield Problem(
            f"{path} is a link to {target}, which a clone elsewhere does not have",
            _fix(path),
            path,
        )


def _declared(context: CheckContext) -> Iterator[Problem]:
    """Yield the files that manifests name for publishing, and that are outside."""
    tree = context.release.source_tree
    for manifest, key, path in (*_of_crates(context), *_of_python(context)):
        name = os.path.join(os.path.dirname(manifest), path)
        if files.leads_outside(tree, name) and (tree / name).is_file():
            yield Problem(
                f"{manifest}: {key} is {path}, outside of the repository, "
                "and would be published from this machine",
                f"copy that file into the repository, and change {key} in {manifest}",
                manifest,
            )


def _of_crates(context: CheckContext) -> Iterator[tuple[str, str, str]]:
    workspace = context.project.workspace
    if workspace is None:
        return
    for crate in context.shipped("crates", Crate):
        package = workspace.packages.get(crate.name, {})
        for key in ("readme", "license_file"):
            if crate.publish and package.get(key):
                manifest = _relative(context, crate.folder / "Cargo.toml")
                yield manifest, key.replace("_", "-"), package[key]


def _of_python(context: CheckContext) -> Iterator[tuple[str, str, str]]:
    for package in context.shipped("python", PythonPackage):
        manifest = _relative(context, package.folder / "pyproject.toml")
        try:
            text = text_files.read(context.project.root, manifest)
            about = toml_values.load(text, manifest).get("project", {})
        except ReleaseError:
            continue  # what needs the file reports it
        for key in ("readme", "license"):
            named = about.get(key)
            if key == "readme" and isinstance(named, str):
                yield manifest, key, named
            elif isinstance(named, dict) and isinstance(named.get("file"), str):
                yield manifest, key, named["file"]


def _relative(context: CheckContext, path: Path) -> str:
    return os.path.relpath(path, context.project.root)


def _fix(path: str) -> str:
    return (
        f"replace {path} with a copy, or with a relative link to a file inside"
    )


def _in_crates(context: CheckContext, links: dict[str, str]) -> dict[str, str]:
    """Return the links that `cargo package` follows, and the crate of each."""
    tree = context.release.source_tree
    found = {}
    for crate in context.shipped("crates", Crate):
        own = _below(tree, crate.folder, links)
        if not own or not crate.publish:
            continue
        try:
            packed = package_list.packed_files(crate.folder)
        except Failed:
            continue  # unpackable_file says why
        for path, below in own.items():
            if below in packed:
                found[path] = f"the crate {crate.name}"
    return found


def _in_charts(context: CheckContext, links: dict[str, str]) -> dict[str, str]:
    """Return the links that `helm package` follows, and the chart of each."""
    tree = context.release.source_tree
    found = {}
    for chart in context.shipped("charts", Chart):
        folder = chart.folder.relative_to(context.project.root).as_posix()
        patterns = text_files.peek(tree, f"{folder}/{HELM_IGNORE}").split("\n")
        for path, below in _below(tree, tree / folder, links).items():
            if not _is_ignored(below, patterns):
                found[path] = f"the chart {chart.name}"
    return found


def _in_archives(
    context: CheckContext, links: dict[str, str]
) -> dict[str, str]:
    """Return the links that are packed beside programs."""
    found = {}
    for part in context.release.parts:
        binaries = resolved_or_empty(part.component.binaries)
        crates = [binary.crate for binary in binaries]
        if not binaries:
            continue
        paths = papers.paths(context.project, crates)
        found.update(
            dict.fromkeys(paths & links.keys(), "each archive of programs")
        )
    return found


def _below(tree: Path, folder: Path, links: dict[str, str]) -> dict[str, str]:
    """Return the links below a folder, and their paths from there."""
    start = f"{folder}/".removeprefix(f"{tree}/")
    return {
        path: path.removeprefix(start)
        for path in links
        if path.startswith(start)
    }


def _is_ignored(path: str, patterns: list[str]) -> bool:
    """Tell whether a line of .helmignore may leave a path out.

    The built chart is looked at, too.
    """
    parts = path.split("/")
    names = [*parts, *("/".join(parts[: end + 1]) for end in range(len(parts)))]
    for pattern in patterns:
        wanted = pattern.strip().strip("/")
        if wanted and any(fnmatch.fnmatch(name, wanted) for name in names):
            return True
    return False
