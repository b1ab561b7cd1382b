"""Crates are packed again before they are uploaded: cargo must get the bytes that were checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from invoke.context import Context

from release_tasks import files, shell
from release_tasks.channels import crates_order
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.formats import differences
from release_tasks.project.artifacts import Artifact
from release_tasks.release import Release
from release_tasks.tools import cargo
from release_tasks.tools.cargo import package as cargo_package
from release_tasks.tools.cargo import publish as cargo_publish


def repack_and_compare(
    c: Context,
    release: Release,
    artifacts: Sequence[Artifact],
    known_only: bool = False,
) -> dict[str, Path]:
    """Pack crates and return their tarballs by name, dependencies first.

    Raises `ReleaseError` when dist/ has other bytes: cargo packs again what it uploads, and that
    must be what was checked. `known_only` allows crates that are not in dist/ yet.
    """
    members = _in_order(release, artifacts)
    names = [member.name for member in members]
    cargo_package.package(
        c,
        release.cargo_tree,
        release.target,
        names,
        release.project.is_locked,
        offline=_is_self_contained(members),
    )
    folder = release.target / "package"
    version = {artifact.name: artifact.version for artifact in artifacts}
    tarballs = {
        name: folder / f"{name}-{version[name]}.crate" for name in names
    }
    if not shell.is_dry(c):
        raise_all(_mismatches(artifacts, tarballs, known_only))
    return tarballs


def upload(c: Context, release: Release, artifacts: Sequence[Artifact]) -> None:
    """Upload crates, dependencies first; raise `Failed` with cargo's output.

    It is one call, except where crates test with each other.
    """
    is_locked = release.project.is_locked
    for batch in crates_order.batches(_in_order(release, artifacts)):
        names = [member.name for member in batch]
        cargo_publish.publish(
            c, release.cargo_tree, release.target, names, is_locked
        )


def _in_order(
    release: Release, artifacts: Sequence[Artifact]
) -> tuple[cargo.Member, ...]:
    workspace = release.project.workspace
    if workspace is None:
        return ()
    versions = {artifact.name: artifact.version for artifact in artifacts}
    return crates_order.in_order(workspace, versions)


def _is_self_contained(members: Sequence[cargo.Member]) -> bool:
    """Return True when the crates need no other crate of the workspace from the registry."""
    names = {member.name for member in members}
    return all(
        names.issuperset((*member.needs, *member.tests_with))
        for member in members
    )


def _mismatches(
    artifacts: Sequence[Artifact], tarballs: dict[str, Path], known_only: bool
) -> Iterator[ReleaseError]:
    for artifact in artifacts:
        tarball = tarballs[artifact.name]
        if artifact.sha256:
            sha256 = files.sha256(tarball)
            if sha256 != artifact.sha256:
                yield _mismatch(artifact, tarball, sha256)
        elif not known_only:
            fact = f"{artifact.name} is not in dist/, so it was not checked"
            yield ReleaseError(fact, "inv package-crates")


def _mismatch(artifact: Artifact, tarball: Path, sha256: str) -> ReleaseError:
    where = differences.between(tarball, artifact.path)
    return ReleaseError(
        f"cargo now packs {artifact.name} as {sha256[:12]}, "
        f"and dist/ has {artifact.sha256[:12]}{where}",
        f"use the cargo that packed it, or remove {artifact.path} and run inv package-crates",
    )
