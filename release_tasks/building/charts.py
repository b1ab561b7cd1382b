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
from release_tasks.tools import git, helm


def pack(c: Context, release: Release) -> None:
    """Pack each chart that is neither in dist/ nor on its registry."""
    absent = {artifact.name for artifact in to_build(release, charts, FileKind.CHART)}
    wanted = [(part, chart) for part, chart in charts.shipped(release) if chart.reference in absent]
    if not wanted:
        terminal.say(
            "nothing to do, every chart is packed or public"
            if charts.expected(release)
            else "nothing to do, no chart configured"
        )
        return
    for part, chart in wanted:
        _pack(c, release, part, chart)


def _pack(c: Context, release: Release, part: ComponentRelease, chart: Chart) -> None:
    where = chart.folder.relative_to(release.project.root)
    app_version = chart.app_version.format(version=part.version)
    if shell.is_dry(c):
        helm.package(c, f"<export>/{where}", part.version, app_version, part.dist)
        return
    with files.scratch("chart") as folder:
        tree = folder / "tree"
        git.export(release.source_tree, release.commit, tree)
        is_locked = (tree / where / "Chart.lock").exists()
        if repositories := helm.lacking(tree / where):
            helm.fetch_dependencies(c, tree / where, repositories, folder)
        helm.package(c, tree / where, part.version, app_version, folder)
        target = dist.folder(part) / f"{chart.name}-{part.version}.tgz"
        helm.repack(_packed(folder, target.name), target, release.epoch, is_locked)
    row = dist.describe(
        release,
        part,
        FileKind.CHART,
        target,
        chart.reference,
        digest=f"sha256:{files.sha256(target)}",
    )
    dist.record(part, "package_charts", [row], target=chart.name)


def _packed(folder: Path, name: str) -> Path:
    made = next(folder.glob("*.tgz"))
    if made.name != name:
        raise ReleaseError(
            f"helm packed {made.name}, not {name}",
            "end the chart's reference with the name in Chart.yaml",
        )
    return made
