"""cargo: pack crates without building them, and check each tarball on its own files and features."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from invoke.context import Context

from release_tasks import files, shell, terminal
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.shell import Failed
from release_tasks.tools.cargo import select
from release_tasks.tools.cargo.publish import explain, plain

DEEP = Path(
    "tarballs", "of", "this", "release"
)  # so deep that `../../Cargo.toml` of a crate finds nothing


def package(
    c: Context, tree: Path, target: Path, names: Sequence[str], locked: bool, offline: bool
) -> None:
    """Pack crates of one workspace into `target`/package, as NAME-VERSION.crate.

    `offline` tries cargo's cache before it asks the index again for every dependency of every
    crate, which takes most of the time. Raises `ReleaseError`, also for a dirty tree.
    """
    argv: list[str | Path] = [
        "cargo",
        "package",
        "--quiet",
        "--no-verify",
        "--target-dir",
        target,
        *select(names, locked),
    ]
    try:
        _offline_first(c, argv, tree, {}, offline)
    except Failed as error:
        raise explain(error) from error


def check(
    c: Context,
    tree: Path,
    target: Path,
    crates: Mapping[str, Path],
    only: Sequence[str],
    env: Mapping[str, str],
) -> None:
    """Check that the tarballs of the crates `only` compile, each by itself.

    `crates` maps every name to its tarball; they see each other in place of crates.io. All are
    unpacked into one workspace that shares the project's target folder, lock, toolchain and
    cargo settings. Raises `ReleaseError` with crate, file and line for each that fails.
    """
    folder = target / "release-tasks" / "crates"
    argv: list[str | Path] = [
        "cargo",
        "check",
        "--manifest-path",
        folder / "Cargo.toml",
        "--target-dir",
        target,
    ]
    if not shell.is_dry(c):
        _unpack(folder, crates, tree / "Cargo.lock")
    specs = {name: f"{name}@{crates[name].stem.removeprefix(f'{name}-')}" for name in only}
    try:
        # All at once first: that keeps every core busy, though it unifies the features of all.
        _offline_first(c, [*argv, *select(tuple(specs.values()), False)], tree, env, True)
    except Failed:
        terminal.say("looking at each crate by itself")
    if not shell.is_dry(c):
        _check_each(argv, specs, {name: crates[name].stem for name in only}, tree, env)


def _offline_first(
    c: Context, argv: Sequence[str | Path], tree: Path, env: Mapping[str, str], offline: bool
) -> None:
    if offline:
        try:
            return shell.do(c, [*argv, "--offline"], cwd=tree, env=env)
        except Failed as error:
            if "offline" not in error.output:
                raise
            terminal.say("cargo's cache lacks something: asking the index")
    return shell.do(c, argv, cwd=tree, env=env)


def _check_each(
    argv: Sequence[str | Path],
    specs: Mapping[str, str],
    stems: Mapping[str, str],
    tree: Path,
    env: Mapping[str, str],
) -> None:
    def fault(spec: str) -> Failed | None:
        try:  # asked for, not done: the warnings of all were shown before
            shell.ask([*argv, "--quiet", "--offline", "-p", spec], cwd=tree, env=env)
        except Failed as error:
            return error
        return None

    failed: dict[str, ReleaseError] = {}
    with ThreadPoolExecutor(
        4
    ) as pool:  # cargo mostly reads; where it compiles, one waits for the other
        for name, error in zip(specs, pool.map(fault, specs.values()), strict=True):
            if error:
                culprit = _culprit(error.output, stems) or name
                failed.setdefault(culprit, _does_not_compile(culprit, stems[culprit], error))
    raise_all(failed.values())


def _culprit(output: str, stems: Mapping[str, str]) -> str | None:
    named = re.findall(r"(?:could not compile|custom build command for) `([^ `]+)", plain(output))
    return next((name for name in named if name in stems), None)


def _does_not_compile(name: str, stem: str, error: Failed) -> ReleaseError:
    text = plain(error.output)
    start = re.search(r"^error", text, re.M)
    rest = text[start.start() :] if start else text
    place = re.search(rf"{re.escape(stem)}/([^\s:]+):(\d+)", rest)
    outside = re.search(r"couldn't read `.*?`|No such file or directory.*|panicked at.*\n.*", rest)
    said = (outside[0] if outside else rest.split("\n", 1)[0]).replace(str(DEEP) + "/", "")
    at = f", {place[1]} line {place[2]}" if place else ""
    return ReleaseError(
        f"{name} does not compile from the files in its tarball{at}: {' '.join(said.split())}",
        "keep what the crate reads inside its folder, and in package.include where that is set",
    )


def _unpack(folder: Path, crates: Mapping[str, Path], lock: Path) -> None:
    """Bring the workspace to the tarballs' files. What is equal stays untouched, and what differs
    gets a new time, as cargo goes by times, and in tarballs all of them are the same."""
    wanted: dict[Path, tuple[bytes, int]] = {}
    for tarball in crates.values():
        with tarfile.open(tarball) as archive:
            for entry in archive:
                data = archive.extractfile(entry) if entry.isfile() else None
                if data is not None:
                    wanted[folder / DEEP / entry.name] = data.read(), entry.mode
    wanted[folder / "Cargo.toml"] = _workspace(crates).encode(), 0o644
    if lock.exists():
        wanted[folder / "Cargo.lock"] = lock.read_bytes(), 0o644
    for path in folder.rglob("*"):
        if path.is_file() and path not in wanted:
            files.remove(path)
    for path, (content, mode) in wanted.items():
        if not path.exists() or path.read_bytes() != content:
            files.write_bytes(path, content)
            path.chmod(mode & 0o755)


def _workspace(crates: Mapping[str, Path]) -> str:
    places = {name: (DEEP / tarball.stem).as_posix() for name, tarball in crates.items()}
    rows = "".join(f'{name} = {{ path = "{place}" }}\n' for name, place in places.items())
    listed = "".join(f'  "{place}",\n' for place in places.values())
    return f'[workspace]\nresolver = "2"\nmembers = [\n{listed}]\n\n[patch.crates-io]\n{rows}'
