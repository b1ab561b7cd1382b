"""Crates as files: packed once, each checked on its own files, recorded in dist/."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from invoke.context import Context

from release_tasks import dist, files, shell
from release_tasks.channels.crates_upload import repack_and_compare
from release_tasks.project.artifacts import Artifact
from release_tasks.project.kinds import FileKind
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools.cargo import package as cargo_package

STEP = "package_crates"


def build(
    c: Context, release: Release, missing: Sequence[Artifact], unpublished: Sequence[Artifact]
) -> None:
    """Pack what crates.io lacks, check the `missing` among it, and record those in dist/."""
    tarballs = repack_and_compare(c, release, unpublished, known_only=True)
    names = [artifact.name for artifact in missing]
    cargo_package.check(c, release.source_tree, release.target, tarballs, names, release.build_env)
    if not shell.is_dry(c):
        for part in release.parts:
            _record(
                release,
                part,
                {
                    one.name: tarballs[one.name]
                    for one in missing
                    if one.component == part.component.name
                },
            )


def _record(release: Release, part: ComponentRelease, tarballs: dict[str, Path]) -> None:
    if not tarballs:
        return
    for tarball in tarballs.values():
        files.copy(tarball, dist.folder(part) / tarball.name)
    new = [
        dist.describe(release, part, FileKind.CRATE, part.dist / path.name, name)
        for name, path in tarballs.items()
    ]
    dist.record(
        part,
        STEP,
        [*(row for row in dist.of_kind(part, FileKind.CRATE) if row.name not in tarballs), *new],
    )
