"""Which charts depend on other charts of this release, and what becomes of their Chart.lock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from posixpath import basename, normpath
from typing import TYPE_CHECKING, Any

from release_tasks.errors import ReleaseError
from release_tasks.formats.text_files import read
from release_tasks.manifests import chart_lock, chart_yaml
from release_tasks.manifests.chart_lock import Rows
from release_tasks.manifests.chart_yaml import Siblings, dependency_key
from release_tasks.manifests.version_locations import FileBump
from release_tasks.project.model import resolved_or_empty

if TYPE_CHECKING:
    from release_tasks.project.model import Chart
    from release_tasks.release import Release

FILE_URL = "file://"
OCI_URL = "oci://"


@dataclass(frozen=True)
class ChartFile:
    """A file of a chart that a bump edits, and how: Chart.yaml, requirements.yaml, a lock."""

    path: str
    kind: Any
    version: str | None = None  # of the chart itself; None leaves it
    is_shipped: bool = False


def chart_files(release: Release) -> Iterator[ChartFile]:
    """Yield each Chart.yaml of the release, each that depends on one of these, and their locks."""
    shipped: dict[str, list[tuple[Chart, str]]] = {}
    for part in release.parts:
        for chart in resolved_or_empty(part.component.charts):
            folder = _folder(release, chart.folder)
            shipped.setdefault(folder, []).append((chart, part.version))
    if not shipped:
        return
    for path in release.project.files:
        if basename(path) != "Chart.yaml":
            continue
        folder = path.removesuffix("Chart.yaml").rstrip("/")
        wanted = siblings(release, folder)
        needs, lock = chart_yaml.dependency_files(folder, release.project.files)
        inside = wanted if needs == path else {}
        kind = chart_yaml.kind(None, inside)
        if inside and folder not in shipped:
            yield ChartFile(path, kind)
        for chart, version in shipped.get(folder, ()):
            app_version = chart.app_version.format(version=version)
            kind = chart_yaml.kind(app_version, inside)
            yield ChartFile(path, kind, version, is_shipped=True)
        if wanted and needs != path:
            kind = chart_yaml.requirements_kind(wanted)
            yield ChartFile(needs, kind)
        if wanted:
            yield from _lock(release, (needs, lock), kind, wanted)


def siblings(release: Release, folder: str) -> Siblings:
    """Return the charts of this release that the one in a folder depends on, and their versions.

    What is ours is what helm takes: a folder of the repository, or our own place in a registry.
    """
    by_folder, by_reference = {}, {}
    for part in release.parts:
        for chart in resolved_or_empty(part.component.charts):
            by_folder[_folder(release, chart.folder)] = part.version
            by_reference[chart.reference] = part.version
    found = {}
    for row in dependencies(release, folder):
        name, repository = dependency_key(row)
        version = None
        if repository.startswith(FILE_URL):
            path = normpath(f"{folder}/{repository.removeprefix(FILE_URL)}")
            version = by_folder.get(path.lstrip("/").removeprefix("."))
        elif repository.startswith(OCI_URL):
            version = by_reference.get(
                f"{repository.removeprefix(OCI_URL)}/{name}"
            )
        if version:
            found[name, repository] = version
    return found


def dependencies(release: Release, folder: str) -> Rows:
    """Return what the chart in a folder depends on, nothing for a broken one."""
    path, _ = chart_yaml.dependency_files(folder, release.project.files)
    try:
        return chart_yaml.read(
            read(release.source_tree, path), path
        ).dependencies
    except ReleaseError:  # one that is not shipped
        return ()


def is_outdated(release: Release, folder: str) -> bool:
    """Tell whether helm refuses the lock of a chart, because it is for other requirements."""
    _, lock = chart_yaml.dependency_files(folder, release.project.files)
    if lock not in release.project.files:
        return False
    text = read(release.source_tree, lock)
    return not chart_lock.is_current(dependencies(release, folder), text, lock)


def _lock(
    release: Release, paths: tuple[str, str], kind: Any, wanted: Siblings
) -> Iterator[ChartFile]:
    """Yield the lock beside a chart, unless it is missing or of other requirements."""
    path, lock = paths
    if lock not in release.project.files:
        return
    text = read(release.source_tree, path)
    present = chart_yaml.read(text, path).dependencies
    new = chart_yaml.read(
        kind.set_versions(text, FileBump(path)), path
    ).dependencies
    lock_text = read(release.source_tree, lock)
    is_known = any(
        chart_lock.is_current(rows, lock_text, lock) for rows in (present, new)
    )
    if is_known:
        yield ChartFile(lock, chart_lock.kind(new, wanted))


def _folder(release: Release, folder: Path) -> str:
    path = folder.relative_to(release.source_tree).as_posix()
    return "" if path == "." else path
