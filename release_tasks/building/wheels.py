"""Wheels and sdists are built from the commit, by maturin or by the package's own backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from invoke.context import Context

from release_tasks import dist, files, shell, terminal
from release_tasks.building import targets
from release_tasks.building.sources import clean_tree, writable_copy
from release_tasks.channels import pypi, pypi_files
from release_tasks.channels.pypi_files import PythonFile
from release_tasks.converge import to_build
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.formats import wheels
from release_tasks.project.kinds import FileKind
from release_tasks.release import ComponentRelease, Release
from release_tasks.rules import pypi_files as rules
from release_tasks.tools import auditwheel, cargo, maturin, rustc, twine
from release_tasks.tools import build as backend
from release_tasks.tools.cargo import rustflags
from release_tasks.versions.numbers import pep440

COMMAND = "inv build-wheels"


@dataclass(frozen=True)
class WheelBuild:
    """A wheel or sdist to build; `target` is its Rust target, "" when any machine can build it."""

    part: ComponentRelease
    file: PythonFile
    target: str

    @property
    def is_wheel(self) -> bool:
        """Return True for a wheel, False for an sdist."""
        return self.file.kind == FileKind.WHEEL

    @property
    def suffix(self) -> str:
        """Return how its name ends."""
        return ".whl" if self.is_wheel else ".tar.gz"

    @property
    def is_compiled(self) -> bool:
        """Return True for a wheel that maturin compiles."""
        return self.is_wheel and self.file.package.maturin


def build(c: Context, release: Release, target: str | None) -> None:
    """Build what is neither in dist/ nor on PyPI, for every target or the comma-separated ones.

    Files that this machine cannot build are left out, and raised in the end.
    """
    wanted = _chosen(release, target)
    missing = _missing(release, wanted)
    if not missing:
        _say_nothing_to_do(wanted)
        return
    compiled = [
        job.target for job in missing if job.file.package.maturin and job.target
    ]
    envs, impossible = targets.build_envs(
        release, compiled, COMMAND, _rust_folder(release, missing)
    )
    possible = []
    refusals = []
    for job in missing:
        refusal = _refusal(job, impossible)
        if refusal is None:
            possible.append(job)
        else:
            refusals.append(refusal)
    targets.leave_out(
        refusals, is_everything=target is not None or not possible
    )
    if possible:
        with clean_tree(c, release) as tree:
            for job in possible:
                _build(c, release, tree, job, envs.get(job.target, {}))
    raise_all(refusals)


def declared(release: Release) -> list[WheelBuild]:
    """Return every wheel and sdist of the settings, with the Rust target that makes it."""
    return [
        WheelBuild(part, file, _target(release, file))
        for part, file in pypi_files.shipped(release)
    ]


def targets_of(release: Release) -> list[str]:
    """Return the targets that wheels are declared for."""
    return list(
        dict.fromkeys(job.target for job in declared(release) if job.target)
    )


def _chosen(release: Release, target: str | None) -> list[WheelBuild]:
    """Return the files of the comma-separated targets, all of them for None.

    Files that any machine can build, as an sdist, come with the package's first target.
    """
    every = declared(release)
    if target is None:
        return every
    all_targets = targets_of(release)
    first: dict[tuple[str, str], str] = {}
    for job in every:
        if job.is_wheel and job.target:
            first.setdefault(_package(job), job.target)
    wanted = targets.chosen(target, all_targets, "wheel")
    found = []
    for job in every:
        built_with = job.target or first.get(_package(job), all_targets[0])
        if built_with in wanted:
            found.append(job)
    return found


def _package(job: WheelBuild) -> tuple[str, str]:
    return job.part.tag, job.file.package.name


def _target(release: Release, file: PythonFile) -> str:
    if file.tag:
        return wheels.target_of(file.tag)
    if file.package.maturin and file.kind == FileKind.WHEEL:
        return rustc.host(release.source_tree)
    return ""


def _missing(
    release: Release, wanted: Sequence[WheelBuild]
) -> list[WheelBuild]:
    if not wanted:
        return []
    absent = to_build(release, pypi, FileKind.WHEEL, FileKind.SDIST)
    found = []
    for job in wanted:
        names = [
            file.name
            for file in absent
            if file.component == job.part.component.name
        ]
        if any(job.file.matches(name) for name in names):
            found.append(job)
    return found


def _rust_folder(release: Release, jobs: Sequence[WheelBuild]) -> Path:
    """Return the folder whose toolchain builds the wheels: the workspace's if all are in it."""
    tree = release.cargo_tree
    folders = [job.file.package.folder for job in jobs]
    if all(folder.is_relative_to(tree) for folder in folders):
        return tree
    return release.source_tree


def _say_nothing_to_do(wanted: Sequence[WheelBuild]) -> None:
    if wanted:
        terminal.say(
            "nothing to do, every wheel and sdist is built or published"
        )
    else:
        terminal.say("nothing to do, no wheels to build")


def _refusal(
    job: WheelBuild, impossible: Mapping[str, ReleaseError]
) -> ReleaseError | None:
    """Return why a file cannot be built on this machine, None when it can."""
    if job.file.package.maturin:
        return impossible.get(job.target)
    if not job.file.tag or wheels.is_of_this_machine(job.file.tag):
        return None
    return ReleaseError(
        f"{job.file.pattern} cannot be built on this machine",
        rustc.elsewhere(job.target, COMMAND),
    )


def _build(
    c: Context,
    release: Release,
    tree: Path,
    job: WheelBuild,
    target_env: Mapping[str, str],
) -> None:
    if shell.is_dry(c):
        _run_build(c, release, tree, job, job.part.dist, target_env)
        return
    with files.scratch("wheel") as out:
        _run_build(c, release, tree, job, out, target_env)
        made = wheels.only_file(out, job.suffix)
        if job.is_wheel and wheels.is_unrepaired(made.name):
            auditwheel.repair(
                c, made, out / "repaired", job.file.tag, release.build_env
            )
            made = wheels.only_file(out / "repaired", job.suffix)
        _check_name(job, made.name)
        if job.is_compiled:
            wheels.replace_build_folder(made, tree, rustflags.SOURCE)
        twine.check([made])
        path = dist.folder(job.part) / made.name
        files.copy(made, path)
    package = job.file.package.name
    row = dist.describe(
        release,
        job.part,
        job.file.kind,
        path,
        target=job.target,
        package=package,
    )
    platform = job.file.tag or job.target or job.file.kind
    words = [word for word in (package, job.file.python, platform) if word]
    dist.record(job.part, "build_wheels", [row], target="-".join(words))


def _run_build(
    c: Context,
    release: Release,
    tree: Path,
    job: WheelBuild,
    out: Path,
    target_env: Mapping[str, str],
) -> None:
    package = job.file.package
    folder = package.folder.relative_to(release.project.root)
    if not package.maturin:
        # backends write into the tree they build from
        with writable_copy(c, release, tree) as copy:
            backend.make(
                c, job.file.kind, copy / folder, out, release.build_env
            )
    elif job.is_wheel:
        request = _request(release, tree, tree / folder, job, target_env)
        maturin.wheel(c, tree / folder, out, request)
    else:
        maturin.sdist(c, tree / folder, out, release.build_env)


def _request(
    release: Release,
    tree: Path,
    folder: Path,
    job: WheelBuild,
    target_env: Mapping[str, str],
) -> maturin.WheelRequest:
    workspace = cargo.workspace(folder)
    env = release.build_env | dict(target_env)
    options, flags = rustflags.reproducible(
        tree, job.target, workspace.target, env, folder
    )
    return maturin.WheelRequest(
        target=job.target,
        tag=job.file.tag,
        python=job.file.python,
        is_host=job.target == rustc.host(release.source_tree),
        is_locked=workspace.is_locked,
        options=options,
        env=env | flags,
    )


def _check_name(job: WheelBuild, made: str) -> None:
    """Raise `ReleaseError` when the build made a file that was not declared."""
    name = wheels.read_name(made)
    version = pep440(job.part.version)
    if name is None or name.project != pypi_files.normalized(
        job.file.package.name
    ):
        raise ReleaseError(
            f"the build made {made}, expected {job.file.pattern}",
            "fix the name in pyproject.toml",
        )
    if name.version != version:
        raise ReleaseError(
            f"the build made {made}, expected version {version}",
            "let the build backend compute that version: where it reads a file, "
            f"add that to [files], then inv bump --version {job.part.version}",
        )
    if job.file.is_abi3 and not wheels.is_abi3(made):
        raise ReleaseError(
            f"the build made {made} for one Python, but pyo3 has a feature abi3",
            "build it with a Python that the feature names or a newer one, "
            "or remove abi3 from the features of pyo3",
        )
    if not job.file.matches(made):
        raise ReleaseError(
            f"the build made {made}, expected {job.file.pattern}",
            "change `wheels` in release-tasks.toml, or build on such a machine",
        )
    for platform in name.platforms:
        for reason in rules.platform_tag(platform):
            raise ReleaseError(
                f"PyPI refuses {made}: {reason}",
                "let the backend build a wheel for a platform that PyPI takes, "
                "such as manylinux_2_28_x86_64",
            )
