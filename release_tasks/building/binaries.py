"""Binaries are compiled from the commit, with the same bytes in every folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from invoke.context import Context

from release_tasks import dist, files, shell, terminal
from release_tasks.building import targets
from release_tasks.building.papers import papers
from release_tasks.building.sources import clean_tree
from release_tasks.channels import github, github_assets
from release_tasks.converge import to_build
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.formats import archive_names, archives, checksums
from release_tasks.project.kinds import Asset, FileKind
from release_tasks.project.model import Binary, resolved_or_raise
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import cargo
from release_tasks.tools.cargo import build as cargo_build
from release_tasks.tools.cargo import rustflags


@dataclass(frozen=True)
class BinaryFile:
    """A file to build: one program, or an archive of programs for one target."""

    part: ComponentRelease
    name: str
    programs: tuple[Binary, ...]

    @property
    def target(self) -> str:
        """Return the Rust target."""
        return self.programs[0].target


def build(c: Context, release: Release, target: str | None) -> None:
    """Compile what is neither in dist/ nor public, for every target or the comma-separated ones.

    Targets that this machine cannot build are left out, and raised in the end, as is what does
    not compile: one run shows everything that is wrong.
    """
    wanted = _chosen(release, target)
    missing = _missing(release, wanted)
    if not missing:
        _say_nothing_to_do(wanted)
    envs, impossible = targets.build_envs(
        release,
        [file.target for file in missing],
        "inv build-binaries",
        release.cargo_tree,
    )
    possible = [file for file in missing if file.target in envs]
    programs = [program for file in possible for program in file.programs]
    raise_all(targets.unlinkable(release.cargo_tree, programs, envs))
    errors = list(impossible.values())
    targets.leave_out(errors, is_everything=target is not None or not possible)
    if possible:
        with clean_tree(c, release) as tree:
            for file in possible:
                env = envs[file.target]
                errors += _errors_of(c, release, tree, file, env)
    if not shell.is_dry(c):
        for file in wanted:
            write_checksum(release, file.part, FileKind.BINARY, file.name)
    raise_all(errors)


def targets_of(release: Release) -> list[str]:
    """Return the targets that binaries are declared for."""
    return list(dict.fromkeys(file.target for file in _declared(release)))


def write_checksum(
    release: Release, part: ComponentRelease, kind: FileKind, file: str
) -> None:
    """Write FILE.sha256 beside a file of dist/, if the project ships it."""
    row = dist.row_of(part, file, kind)
    if (
        row
        and Asset.SHA256 in part.component.assets
        and (part.dist / file).exists()
    ):
        github_assets.write_sums(
            release, part, file + checksums.SUFFIX, {file: row.sha256}
        )


def ambiguous_files(release: Release) -> list[ReleaseError]:
    """Return an error for each file that several programs would be."""
    return [error for file in _declared(release) for error in _conflicts(file)]


def _chosen(release: Release, target: str | None) -> list[BinaryFile]:
    declared = _declared(release)
    raise_all(ambiguous_files(release))
    wanted = targets.chosen(target, targets_of(release), "binary")
    return [file for file in declared if file.target in wanted]


def _declared(release: Release) -> list[BinaryFile]:
    """Return every file that the settings declare, with the programs that share its name."""
    found = []
    for part in release.parts:
        programs: dict[str, list[Binary]] = {}
        for binary in resolved_or_raise(part.component.binaries):
            name = binary.file.format(version=part.version)
            programs.setdefault(name, []).append(binary)
        for name, binaries in programs.items():
            found.append(BinaryFile(part, name, tuple(binaries)))
    return found


def _conflicts(file: BinaryFile) -> list[ReleaseError]:
    """Return an error for several programs in a file that can only have one."""
    if len(file.programs) == 1:
        return []
    has_one_target = len({program.target for program in file.programs}) == 1
    if archive_names.is_archive(file.name) and has_one_target:
        return []
    names = ", ".join(
        f"{program.name} for {program.target}" for program in file.programs
    )
    return [
        ReleaseError(
            f"{names} would both be the file {file.name}",
            "give each a different file name in [binaries]",
        )
    ]


def _missing(
    release: Release, wanted: Sequence[BinaryFile]
) -> list[BinaryFile]:
    """Return what is not in dist/, and not public if it is an asset of the GitHub release."""
    built = {
        (part.tag, row.name)
        for part in release.parts
        for row in dist.of_kind(part, FileKind.BINARY)
        if dist.file_of(part, row)
    }
    absent = [
        file for file in wanted if (file.part.tag, file.name) not in built
    ]
    if not absent:
        return []
    shipped = {
        (asset.component, asset.name) for asset in github.expected(release)
    }
    unpublished = to_build(release, github, FileKind.BINARY, FileKind.SHA256)
    public = shipped - {(asset.component, asset.name) for asset in unpublished}
    return [
        file
        for file in absent
        if (file.part.component.name, file.name) not in public
    ]


def _say_nothing_to_do(wanted: Sequence[BinaryFile]) -> None:
    if wanted:
        terminal.say("nothing to do, every binary is built or published")
    else:
        terminal.say("nothing to do, no binaries to build")


def _errors_of(
    c: Context,
    release: Release,
    tree: Path,
    file: BinaryFile,
    target_env: Mapping[str, str],
) -> list[ReleaseError]:
    """Build a file, and return why that failed; an interruption ends all of them."""
    try:
        _build(c, release, tree, file, target_env)
    except ReleaseError as error:
        if error.code == terminal.INTERRUPTED:
            raise
        return list(error.each)
    return []


def _build(
    c: Context,
    release: Release,
    tree: Path,
    file: BinaryFile,
    target_env: Mapping[str, str],
) -> None:
    folder = tree / release.project.cargo_folder
    workspace = cargo.workspace(folder)
    env = release.build_env | dict(target_env)
    options, flags = rustflags.reproducible(
        tree, file.target, workspace.target, env, folder
    )
    for program in file.programs:
        if not shell.is_dry(c):
            _check_version(release, file.part, program, workspace)
        request = cargo_build.ProgramRequest(
            program.crate,
            program.name,
            program.target,
            workspace.is_locked,
            targets.link_flags(release.cargo_tree, program, target_env),
            program.features,
            program.profile,
            options,
            env | flags,
        )
        cargo_build.program(c, folder, request)
    if not shell.is_dry(c):
        _keep(release, tree, file, workspace)


def _check_version(
    release: Release,
    part: ComponentRelease,
    binary: Binary,
    workspace: cargo.Workspace,
) -> None:
    """Raise `ReleaseError` when the commit does not have the version of the release."""
    committed = workspace.packages.get(binary.crate, {}).get("version", "")
    checked_out = {
        crate.name: crate.version for crate in release.project.crates
    }
    version = part.component.version or part.version
    if committed != checked_out[binary.crate]:
        version = committed
    if version != part.version:
        raise ReleaseError(
            f"{release.commit[:7]} has version {version}, expected {part.version}",
            f"inv bump --version {part.request}, then inv tag",
        )


def _keep(
    release: Release, tree: Path, file: BinaryFile, workspace: cargo.Workspace
) -> None:
    """Put the compiled programs into dist/."""
    built = [
        cargo_build.file_of(
            workspace.target, program.name, program.target, program.profile
        )
        for program in file.programs
    ]
    path = dist.folder(file.part) / file.name
    if archive_names.is_archive(file.name):
        crates = [program.crate for program in file.programs]
        entries = papers(release, tree, crates)
        for program in built:
            entries[program.name] = (program, archives.PROGRAM)
        files.write_bytes(
            path, archives.pack(file.name, entries, release.epoch)
        )
    else:
        files.copy(built[0], path)
        path.chmod(archives.PROGRAM)
    crate = file.programs[0].crate
    row = dist.describe(
        release,
        file.part,
        FileKind.BINARY,
        path,
        target=file.target,
        package=crate,
    )
    dist.record(file.part, "build_binaries", [row], target=file.name)
