"""Pack crates again before they are uploaded: cargo must get the bytes that were checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from invoke.context import Context

from release_tasks import files, shell
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.formats import differences
from release_tasks.project.artifacts import Artifact
from release_tasks.release import Release
from release_tasks.tools import cargo
from release_tasks.tools.cargo import package as cargo_package
from release_tasks.tools.cargo import publish as cargo_publish


def repack_and_compare(
    c: Context, release: Release, artifacts: Sequence[Artifact], known_only: bool = False
) -> dict[str, Path]:
    """Pack crates and return their tarballs by name, dependencies first.

    Raises `ReleaseError` where dist/ has other bytes: what cargo uploads is packed once more, and
    must be what was checked. `known_only` lets those pass that dist/ does not have yet.
    """
    members = _in_order(release, artifacts)
    names = [member.name for member in members]
    is_closed = all(
        need in names for member in members for need in (*member.needs, *member.tests_with)
    )
    cargo_package.package(
        c, release.source_tree, release.target, names, _locked(release), offline=is_closed
    )
    version = {artifact.name: artifact.version for artifact in artifacts}
    tarballs = {
        name: release.target / "package" / f"{name}-{version[name]}.crate" for name in names
    }
    if not shell.is_dry(c):
        raise_all(_differences(artifacts, tarballs, known_only))
    return tarballs


def upload(c: Context, release: Release, artifacts: Sequence[Artifact]) -> None:
    """Upload crates in one call, dependencies first; raise `Failed` with cargo's output."""
    names = [member.name for member in _in_order(release, artifacts)]
    cargo_publish.publish(c, release.source_tree, release.target, names, _locked(release))


def _in_order(release: Release, artifacts: Sequence[Artifact]) -> tuple[cargo.Member, ...]:
    names, workspace = {artifact.name for artifact in artifacts}, release.project.workspace
    return cargo.in_order(
        member for member in (workspace.members if workspace else ()) if member.name in names
    )


def _locked(release: Release) -> bool:
    return "Cargo.lock" in release.project.files


def _differences(
    artifacts: Sequence[Artifact], tarballs: dict[str, Path], known_only: bool
) -> list[ReleaseError]:
    errors = []
    for artifact in artifacts:
        now = files.sha256(tarballs[artifact.name])
        if not artifact.sha256 and not known_only:
            errors.append(
                ReleaseError(
                    f"{artifact.name} is not in dist/, so nobody checked it", "inv package-crates"
                )
            )
        elif artifact.sha256 and artifact.sha256 != now:
            where = differences.between(tarballs[artifact.name], artifact.path)
            fact = f"cargo packs {artifact.name} as {now[:12]} now, and dist/ has {artifact.sha256[:12]}{where}"
            errors.append(
                ReleaseError(
                    fact,
                    f"use the cargo that packed it, or remove {artifact.path} and run inv package-crates",
                )
            )
    return errors
