"""Programs are compiled from the commit, with the same bytes in every folder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from invoke.context import Context

from release_tasks import dist, files, shell, terminal
from release_tasks.building import targets
from release_tasks.channels import github, github_assets
from release_tasks.converge import to_build
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.formats import archives, checksums
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import Binary, resolved_or_raise
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import cargo, git
from release_tasks.tools.cargo import build as cargo_build
from release_tasks.tools.cargo import rustflags

Asset = tuple[ComponentRelease, str, tuple[Binary, ...]]  # a file, and the programs that are in it


def build(c: Context, release: Release, target: str | None) -> None:
    """Compile what is neither in dist/ nor public, for every target or those named, with commas."""
    assets = _declared(release, target)
    absent = _absent(release, assets)
    if not absent:
        terminal.say(
            "nothing to do, every binary is built or public"
            if assets
            else "nothing to do, no binary configured"
        )
    ways, impossible = targets.ways(
        release, [programs[0].target for _, _, programs in absent], "inv build-binaries"
    )
    able = [asset for asset in absent if asset[2][0].target in ways]
    raise_all(
        targets.unlinkable(release.source_tree, [one for asset in able for one in asset[2]], ways)
    )
    targets.leave_out([*impossible.values()], target is not None or not able)
    with (
        nullcontext(release.source_tree)
        if shell.is_dry(c) or not able
        else git.clean(release.source_tree, release.commit) as tree
    ):
        for asset in able:
            _build(c, release, tree, asset, ways[asset[2][0].target])
    if not shell.is_dry(c):
        for part, file, _ in assets:
            write_checksum(release, part, FileKind.BINARY, file)
    raise_all(impossible.values())


def targets_of(release: Release) -> list[str]:
    """Return the targets that binaries are declared for."""
    return list(
        dict.fromkeys(
            binary.target
            for part in release.parts
            for binary in resolved_or_raise(part.component.binaries)
        )
    )


def _declared(release: Release, target: str | None) -> list[Asset]:
    found: dict[tuple[str, str], list[Binary]] = {}
    parts = {part.component.name: part for part in release.parts}
    for part in release.parts:
        for binary in resolved_or_raise(part.component.binaries):
            found.setdefault(
                (part.component.name, binary.file.format(version=part.version)), []
            ).append(binary)
    wanted = targets.chosen(target, targets_of(release), "binary")
    for (_, file), programs in found.items():
        _check_together(file, programs)
    return [
        (parts[name], file, tuple(programs))
        for (name, file), programs in found.items()
        if programs[0].target in wanted
    ]


def _check_together(file: str, programs: Sequence[Binary]) -> None:
    if len(programs) > 1 and (
        not archives.is_archive(file) or len({p.target for p in programs}) > 1
    ):
        names = ", ".join(f"{p.name} for {p.target}" for p in programs)
        raise ReleaseError(
            f"{names} would both be the file {file}", "give each a name of its own in [binaries]"
        )


def _absent(release: Release, assets: Sequence[Asset]) -> list[Asset]:
    """Return what is not in dist/, and not public where it is an asset of the GitHub release."""
    here = {
        (part.tag, row.name)
        for part in release.parts
        for row in dist.of_kind(part, FileKind.BINARY)
        if dist.file_of(part, row)
    }
    lacking = [asset for asset in assets if (asset[0].tag, asset[1]) not in here]
    if not lacking:
        return []
    shipped = {(a.component, a.name) for a in github.expected(release)}
    unpublished = {
        (a.component, a.name) for a in to_build(release, github, FileKind.BINARY, FileKind.SHA256)
    }
    public = shipped - unpublished
    return [asset for asset in lacking if (asset[0].component.name, asset[1]) not in public]


def _build(c: Context, release: Release, tree: Path, asset: Asset, way: Mapping[str, str]) -> None:
    part, file, programs = asset
    workspace = cargo.workspace(tree)
    target = programs[0].target
    env = release.build_env | dict(way)
    extra, flags = rustflags.reproducible(tree, target, workspace.target, env)
    for one in programs:
        if not shell.is_dry(c):
            _check_version(
                release, part, one, workspace.packages.get(one.crate, {}).get("version", "")
            )
        link_flags = targets.link_flags(release.source_tree, one, way)
        request = cargo_build.ProgramRequest(
            one.crate, one.name, target, workspace.is_locked, link_flags, extra, env | flags
        )
        cargo_build.program(c, tree, request)
    if shell.is_dry(c):
        return
    built = [cargo_build.file_of(workspace.target, one.name, target) for one in programs]
    _keep(release, tree, dist.folder(part) / file, built)
    row = dist.describe(
        release, part, FileKind.BINARY, part.dist / file, target=target, package=programs[0].crate
    )
    dist.record(part, "build_binaries", [row], target=file)


def _keep(release: Release, tree: Path, path: Path, built: Sequence[Path]) -> None:
    if not archives.is_archive(path.name):
        files.copy(built[0], path)
        path.chmod(archives.PROGRAM)
        return
    inside: dict[str, archives.Entry] = {one.name: (one, archives.PROGRAM) for one in built}
    files.write_bytes(path, archives.pack(path.name, inside | papers(release, tree), release.epoch))


def papers(release: Release, tree: Path) -> dict[str, archives.Entry]:
    """Return the licence, notice and readme of the project, which every archive carries."""
    texts = [
        f
        for f in release.project.files
        if re.fullmatch(r"(?i)(licen[cs]e|copying|notice|readme)[^/]*", f)
    ]
    return {name: (tree / name, archives.TEXT) for name in texts if (tree / name).is_file()}


def _check_version(release: Release, part: ComponentRelease, binary: Binary, there: str) -> None:
    says = part.component.version or part.version
    if there != {crate.name: crate.version for crate in release.project.crates}[binary.crate]:
        says = there  # the checkout has a version that its commit does not have
    if says != part.version:
        raise ReleaseError(
            f"{release.commit[:7]} is {says}, not {part.version}",
            f"inv bump --version {part.version}, then inv tag",
        )


def write_checksum(release: Release, part: ComponentRelease, kind: FileKind, file: str) -> None:
    """Write FILE.sha256 where the project ships it."""
    row = dist.row_of(part, file, kind)
    if row and "sha256" in part.component.assets and (part.dist / file).exists():
        github_assets.write_sums(release, part, file + checksums.SUFFIX, {file: row.sha256})
