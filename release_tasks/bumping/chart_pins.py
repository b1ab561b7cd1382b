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
from release_tasks.manifests.chart_yaml import ChartManifest, Siblings, dependency_key
from release_tasks.manifests.version_locations import FileBump
from release_tasks.project.model import resolved_or_empty

if TYPE_CHECKING:
    from release_tasks.project.model import Chart
    from release_tasks.release import Release

FILE_URL = "file://"
OCI_URL = "oci://"


@dataclass(frozen=True)
class ChartFile:
    """A Chart.yaml or Chart.lock that a bump edits, and how."""

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
        kind = chart_yaml.kind(None, wanted)
        if wanted and folder not in shipped:
            yield ChartFile(path, kind)
        for chart, version in shipped.get(folder, ()):
            app_version = chart.app_version.format(version=version)
            kind = chart_yaml.kind(app_version, wanted)
            yield ChartFile(path, kind, version, is_shipped=True)
        if wanted:
            yield from _lock(release, path, kind, wanted)


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
    for row in _manifest(release, f"{folder}/Chart.yaml".lstrip("/")).dependencies:
        name, repository = dependency_key(row)
        version = None
        if repository.startswith(FILE_URL):
            path = normpath(f"{folder}/{repository.removeprefix(FILE_URL)}")
            version = by_folder.get(path.lstrip("/").removeprefix("."))
        elif repository.startswith(OCI_URL):
            version = by_reference.get(f"{repository.removeprefix(OCI_URL)}/{name}")
        if version:
            found[name, repository] = version
    return found


def _lock(
    release: Release, path: str, kind: Any, wanted: Siblings
) -> Iterator[ChartFile]:
    """Yield the Chart.lock beside a Chart.yaml, unless it is missing or of other requirements."""
    lock = path.removesuffix("Chart.yaml") + "Chart.lock"
    if lock not in release.project.files:
        return
    text = read(release.source_tree, path)
    present = chart_yaml.read(text, path).dependencies
    new = chart_yaml.read(kind.set_versions(text, FileBump(path)), path).dependencies
    lock_text = read(release.source_tree, lock)
    is_known = any(
        chart_lock.is_current(rows, lock_text, lock) for rows in (present, new)
    )
    if is_known:
        yield ChartFile(lock, chart_lock.kind(new, wanted))


def _manifest(release: Release, path: str) -> ChartManifest:
    try:
        return chart_yaml.read(read(release.source_tree, path), path)
    except ReleaseError:
        return ChartManifest()  # of a broken chart that is not shipped


def _folder(release: Release, folder: Path) -> str:
    path = folder.relative_to(release.source_tree).as_posix()
    return "" if path == "." else path
