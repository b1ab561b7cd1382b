"""Wheels and sdists are built from the commit, by maturin or by the package's own backend."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from invoke.context import Context
from packaging.utils import canonicalize_name

from release_tasks import dist, files, shell, terminal
from release_tasks.building import targets
from release_tasks.channels import pypi, pypi_files
from release_tasks.channels.pypi_files import PythonFile as Slot
from release_tasks.converge import to_build
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.formats import wheels
from release_tasks.project.kinds import FileKind
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import build as backend
from release_tasks.tools import cargo, git, maturin, rustc, twine
from release_tasks.tools.cargo import rustflags
from release_tasks.versions.numbers import pep440

Wanted = tuple[ComponentRelease, Slot, str]  # with the Rust target; empty where any machine will do


def build(c: Context, release: Release, target: str | None) -> None:
    """Build what is neither in dist/ nor on PyPI, for every target or those named, with commas."""
    asked = _chosen(release, target) if target else declared(release)
    absent = (
        [(a.component, a.name) for a in to_build(release, pypi, FileKind.WHEEL, FileKind.SDIST)]
        if asked
        else []
    )
    wanted = [
        (part, slot, triple)
        for part, slot, triple in asked
        if any(owner == part.component.name and slot.matches(name) for owner, name in absent)
    ]
    if not wanted:
        terminal.say(
            "nothing to do, every wheel and sdist is built or public"
            if asked
            else "nothing to do, no Python package"
        )
        return
    able, errors = _able(release, wanted)
    targets.leave_out(errors, target is not None or not able)
    with (
        nullcontext(release.source_tree)
        if shell.is_dry(c)
        else git.clean(release.source_tree, release.commit) as tree
    ):
        for one, way in able:
            _build(c, release, tree, one, way)
    raise_all(errors)


def declared(release: Release) -> list[Wanted]:
    """Return every wheel and sdist of the settings, with the Rust target that makes it."""
    return [(part, slot, _target(release, slot)) for part, slot in pypi_files.shipped(release)]


def targets_of(release: Release) -> list[str]:
    """Return the targets that wheels are declared for."""
    return list(dict.fromkeys(triple for _, _, triple in declared(release) if triple))


def _chosen(release: Release, target: str) -> list[Wanted]:
    """Return the files of the named targets; the first one brings the sdist, and what any machine can make."""
    found, every = declared(release), targets_of(release)
    first = {
        (part.tag, slot.package.name): triple
        for part, slot, triple in reversed(found)
        if slot.kind == FileKind.WHEEL and triple
    }
    wanted = targets.chosen(target, every, "wheel")
    return [
        one
        for one in found
        if (one[2] or first.get((one[0].tag, one[1].package.name), every[0])) in wanted
    ]


def _target(release: Release, slot: Slot) -> str:
    if slot.tag:
        return wheels.target_of(slot.tag)
    return (
        rustc.host(release.source_tree)
        if slot.package.maturin and slot.kind == FileKind.WHEEL
        else ""
    )


def _able(
    release: Release, wanted: Sequence[Wanted]
) -> tuple[list[tuple[Wanted, dict[str, str]]], list[ReleaseError]]:
    """Return the files that can be built here, each with what cargo needs for it, and errors for the others."""
    command, able, errors = "inv build-wheels", [], []
    compiled = [triple for _, slot, triple in wanted if slot.package.maturin and triple]
    ways, impossible = targets.ways(release, compiled, command)
    for one in wanted:
        _, slot, triple = one
        if slot.package.maturin and triple in impossible:
            errors.append(impossible[triple])
        elif slot.tag and not slot.package.maturin and not wheels.is_of_this_machine(slot.tag):
            fix = rustc.elsewhere(triple, command)
            errors.append(ReleaseError(f"{slot.pattern} cannot be built on this machine", fix))
        else:
            able.append((one, ways.get(triple, {})))
    return able, errors


def _build(c: Context, release: Release, tree: Path, one: Wanted, way: dict[str, str]) -> None:
    part, slot, triple = one
    if shell.is_dry(c):
        _make(c, release, tree, one, part.dist, way)
        return
    with files.scratch("wheel") as out:
        _make(c, release, tree, one, out, way)
        made = wheels.only_file(out, ".whl" if slot.kind == FileKind.WHEEL else ".tar.gz")
        _check(part, slot, made)
        if slot.package.maturin and slot.kind == FileKind.WHEEL:
            wheels.replace_build_folder(made, tree, rustflags.SOURCE)
        twine.check([made])
        target = dist.folder(part) / made.name
        files.copy(made, target)
    row = dist.describe(release, part, slot.kind, target, target=triple, package=slot.package.name)
    dist.record(
        part,
        "build_wheels",
        [row],
        target="-".join(
            filter(None, (slot.package.name, slot.python, slot.tag or triple or slot.kind))
        ),
    )


def _make(
    c: Context, release: Release, tree: Path, one: Wanted, out: Path, way: dict[str, str]
) -> None:
    _, slot, triple = one
    where = slot.package.folder.relative_to(release.project.root)
    if not slot.package.maturin:
        # backends write into the tree they build from
        with nullcontext(tree) if shell.is_dry(c) else git.clone(tree, release.commit) as copy:
            backend.make(c, slot.kind, copy / where, out, release.build_env)
    elif slot.kind == FileKind.SDIST:
        maturin.sdist(c, tree / where, out, release.build_env)
    else:
        _compile(c, release, tree, tree / where, slot, triple, out, way)


def _compile(
    c: Context,
    release: Release,
    tree: Path,
    folder: Path,
    slot: Slot,
    target: str,
    out: Path,
    way: dict[str, str],
) -> None:
    workspace = cargo.workspace(folder)
    env = release.build_env | way
    extra, flags = rustflags.reproducible(tree, target, workspace.target, env)
    is_host = target == rustc.host(release.source_tree)
    request = maturin.WheelRequest(
        target, slot.tag, slot.python, is_host, workspace.is_locked, extra, env | flags
    )
    maturin.wheel(c, folder, out, request)


def _check(part: ComponentRelease, slot: Slot, made: Path) -> None:
    name, version = wheels.read_name(made.name), pep440(part.version)
    if name is None or name.project != canonicalize_name(slot.package.name):
        raise ReleaseError(
            f"the build made {made.name}, not {slot.pattern}", "mend the name in pyproject.toml"
        )
    if name.version != version:
        raise ReleaseError(
            f"the build made {made.name}, and the release is {version}",
            f"inv bump --version {part.version}, then inv tag",
        )
    if not slot.matches(made.name):
        raise ReleaseError(
            f"the build made {made.name}, not {slot.pattern}",
            "mend `wheels` in release-tasks.toml, or build on such a machine",
        )
    if any(platform.startswith("linux_") for platform in name.platforms):
        raise ReleaseError(
            f"PyPI takes no wheel for {', '.join(name.platforms)}",
            "build it with maturin, or let auditwheel repair it",
        )
