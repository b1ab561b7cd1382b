"""Crates as files: packed once, checked once, recorded in dist/, and proved again before they leave."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from invoke.context import Context

from release_tasks import dist, files, shell
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.project.model import Artifact
from release_tasks.release import Part, Release
from release_tasks.tools import cargo, cargo_package, cargo_publish, differences

STEP = "package_crates"


def build(c: Context, release: Release, missing: Sequence[Artifact], unpublished: Sequence[Artifact]) -> None:
    """Pack what crates.io lacks, check the `missing` among it, and record those in dist/."""
    tarballs = prove(c, release, unpublished, known_only=True)
    names = [artifact.name for artifact in missing]
    cargo_package.check(c, release.tree, release.target, tarballs, names, release.build_env)
    if not shell.is_dry(c):
        for part in release.parts:
            _record(release, part, {one.name: tarballs[one.name] for one in missing if one.component == part.component.name})


def prove(
    c: Context, release: Release, artifacts: Sequence[Artifact], known_only: bool = False
) -> dict[str, Path]:
    """Pack crates and return their tarballs by name, dependencies first.

    Raises `ReleaseError` where dist/ has other bytes: what cargo uploads is packed once more, and
    must be what was checked. `known_only` lets those pass that dist/ does not have yet.
    """
    members = _in_order(release, artifacts)
    names = [member.name for member in members]
    is_closed = all(need in names for member in members for need in (*member.needs, *member.tests_with))
    cargo_package.package(c, release.tree, release.target, names, _locked(release), offline=is_closed)
    version = {artifact.name: artifact.version for artifact in artifacts}
    tarballs = {name: release.target / "package" / f"{name}-{version[name]}.crate" for name in names}
    if not shell.is_dry(c):
        raise_all(_differences(artifacts, tarballs, known_only))
    return tarballs


def upload(c: Context, release: Release, artifacts: Sequence[Artifact]) -> None:
    """Upload crates in one call, dependencies first; raise `Failed` with cargo's output."""
    names = [member.name for member in _in_order(release, artifacts)]
    cargo_publish.publish(c, release.tree, release.target, names, _locked(release))


def _in_order(release: Release, artifacts: Sequence[Artifact]) -> tuple[cargo.Member, ...]:
    names, workspace = {artifact.name for artifact in artifacts}, release.project.workspace
    return cargo.in_order(member for member in (workspace.members if workspace else ()) if member.name in names)


def _locked(release: Release) -> bool:
    return "Cargo.lock" in release.project.files


def _differences(artifacts: Sequence[Artifact], tarballs: dict[str, Path], known_only: bool) -> list[ReleaseError]:
    errors = []
    for artifact in artifacts:
        now = files.sha256(tarballs[artifact.name])
        if not artifact.sha256 and not known_only:
            errors.append(ReleaseError(f"{artifact.name} is not in dist/, so nobody checked it", "inv package-crates"))
        elif artifact.sha256 and artifact.sha256 != now:
            where = differences.between(tarballs[artifact.name], artifact.path)
            fact = f"cargo packs {artifact.name} as {now[:12]} now, and dist/ has {artifact.sha256[:12]}{where}"
            errors.append(ReleaseError(fact, f"use the cargo that packed it, or remove {artifact.path} and run inv package-crates"))
    return errors


def _record(release: Release, part: Part, tarballs: dict[str, Path]) -> None:
    if not tarballs:
        return
    for tarball in tarballs.values():
        files.copy(tarball, dist.folder(part) / tarball.name)
    new = [dist.describe(release, part, "crate", part.dist / path.name, name) for name, path in tarballs.items()]
    dist.record(part, STEP, [*(row for row in dist.of_kind(part, "crate") if row.name not in tarballs), *new])
