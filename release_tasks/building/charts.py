"""Charts are packed from an export of the commit: the working tree stays untouched."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from release_tasks import dist, files, shell, terminal
from release_tasks.channels import charts
from release_tasks.converge import to_build
from release_tasks.errors import ReleaseError
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import Chart
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import helm
from release_tasks.tools.git import clones


def pack(c: Context, release: Release) -> None:
    """Pack each chart that is neither in dist/ nor on its registry."""
    missing = {
        artifact.name for artifact in to_build(release, charts, FileKind.CHART)
    }
    for part, chart in charts.shipped(release):
        if chart.reference in missing:
            _pack(c, release, part, chart)
    if missing:
        return
    if charts.expected(release):
        terminal.say("nothing to do, every chart is packed or published")
    else:
        terminal.say("nothing to do, no charts to pack")


def _pack(
    c: Context, release: Release, part: ComponentRelease, chart: Chart
) -> None:
    folder = chart.folder.relative_to(release.project.root)
    app_version = chart.app_version.format(version=part.version)
    if shell.is_dry(c):
        helm.package(
            c, f"<export>/{folder}", part.version, app_version, part.dist
        )
        return
    target = dist.folder(part) / f"{chart.name}-{part.version}.tgz"
    with files.scratch("chart") as scratch:
        tree = scratch / "tree"
        clones.export(release.source_tree, release.commit, tree)
        source = tree / folder
        locks = (source / "Chart.lock", source / "requirements.lock")
        is_locked = any(lock.exists() for lock in locks)
        repositories = helm.missing(source)
        if repositories:
            helm.fetch_dependencies(c, source, repositories, scratch)
        helm.package(c, source, part.version, app_version, scratch)
        helm.repack(
            _packed(scratch, target.name), target, release.epoch, is_locked
        )
    digest = f"sha256:{files.sha256(target)}"
    row = dist.describe(
        release, part, FileKind.CHART, target, chart.reference, digest=digest
    )
    dist.record(part, "package_charts", [row], target=chart.name)


def _packed(folder: Path, name: str) -> Path:
    """Return the file that helm wrote; raise `ReleaseError` when it has another name."""
    path = next(folder.glob("*.tgz"))
    if path.name != name:
        raise ReleaseError(
            f"helm packed {path.name}, expected {name}",
            "end the chart's reference with the name in Chart.yaml",
        )
    return path
