"""cargo package: packs crates without building them, and checks that each tarball compiles."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from invoke.context import Context

from release_tasks import files, shell, terminal
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.shell import Failed
from release_tasks.tools.cargo import select
from release_tasks.tools.cargo.publish import explain, plain

# So many folders that `../../Cargo.toml` of a crate does not exist.
DEEP = Path("tarballs", "of", "this", "release")
THREADS = 4  # cargo mostly reads here; two of them never compile at the same time


def package(
    c: Context,
    tree: Path,
    target: Path,
    names: Sequence[str],
    locked: bool,
    offline: bool,
) -> None:
    """Pack crates of one workspace into `target`/package, as NAME-VERSION.crate.

    `offline` tries cargo's cache before it asks the index for every dependency of every crate,
    which takes most of the time. Raises `ReleaseError`, also for a tree with changes.
    """
    argv: list[str | Path] = [
        "cargo",
        "package",
        "--quiet",
        "--no-verify",
        "--target-dir",
        target,
    ]
    argv += select(names, locked)
    try:
        if offline:
            _offline_first(c, argv, tree, {})
        else:
            shell.do(c, argv, cwd=tree)
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

    `crates` has the tarball of each name; they are used instead of what crates.io has. All are
    unpacked into one workspace, with the project's target folder, lock file, toolchain and cargo
    settings. Raises `ReleaseError` with crate, file and line for each that fails.
    """
    folder = target / "release-tasks" / "crates"
    manifest = folder / "Cargo.toml"
    argv = [
        "cargo",
        "check",
        "--manifest-path",
        str(manifest),
        "--target-dir",
        str(target),
    ]
    packages = {name: _package_id(name, crates[name]) for name in only}
    if not shell.is_dry(c):
        _unpack(folder, crates, tree / "Cargo.lock")
    try:
        # All at once first: that uses every core, though it unifies the features of all.
        _offline_first(c, [*argv, *select(tuple(packages.values()), False)], tree, env)
    except Failed:
        terminal.say("checking each crate by itself")
    if shell.is_dry(c):
        return
    errors: dict[str, ReleaseError] = {}
    for name, error in _failures(argv, packages, tree, env):
        culprit = _culprit(error.output, only) or name
        errors.setdefault(
            culprit, _does_not_compile(culprit, crates[culprit].stem, error)
        )
    raise_all(errors.values())


def _package_id(name: str, tarball: Path) -> str:
    """Return `name@version`; the tarball is NAME-VERSION.crate."""
    return f"{name}@{tarball.stem.removeprefix(f'{name}-')}"


def _offline_first(
    c: Context, argv: Sequence[str | Path], tree: Path, env: Mapping[str, str]
) -> None:
    try:
        shell.do(c, [*argv, "--offline"], cwd=tree, env=env)
        return
    except Failed as error:
        if "offline" not in error.output:
            raise
    terminal.say("a dependency is not in cargo's cache, asking the index")
    shell.do(c, argv, cwd=tree, env=env)


def _failures(
    argv: Sequence[str | Path],
    packages: Mapping[str, str],
    tree: Path,
    env: Mapping[str, str],
) -> Iterator[tuple[str, Failed]]:
    """Check each package alone, and yield the name and the failure of those that fail."""

    def failure(package: str) -> Failed | None:
        alone = [*argv, "--quiet", "--offline", "-p", package]
        try:  # `ask`, not `do`: the warnings of all were shown before
            shell.ask(alone, cwd=tree, env=env)
        except Failed as error:
            return error
        return None

    with ThreadPoolExecutor(THREADS) as pool:
        for name, error in zip(
            packages, pool.map(failure, packages.values()), strict=True
        ):
            if error:
                yield name, error


def _culprit(output: str, names: Sequence[str]) -> str | None:
    """Return the first of these crates that cargo's output says does not compile."""
    failed = re.findall(
        r"(?:could not compile|custom build command for) `([^ `]+)", plain(output)
    )
    for name in failed:
        if name in names:
            return str(name)
    return None


def _does_not_compile(name: str, stem: str, error: Failed) -> ReleaseError:
    output = plain(error.output)
    start = re.search(r"^error", output, re.M)
    errors = output[start.start() :] if start else output
    unreadable = r"couldn't read `.*?`|No such file or directory.*|panicked at.*\n.*"
    reason = re.search(unreadable, errors) or re.search(r".*", errors)
    said = " ".join(reason[0].replace(f"{DEEP}/", "").split()) if reason else ""
    fact = f"{name} does not compile from the files in its tarball"
    if location := re.search(rf"{re.escape(stem)}/([^\s:]+):(\d+)", errors):
        fact += f", {location[1]} line {location[2]}"
    return ReleaseError(
        f"{fact}: {said}",
        "move what the crate reads into its folder, and into package.include where that is set",
    )


def _unpack(folder: Path, crates: Mapping[str, Path], lock: Path) -> None:
    """Make a workspace of the tarballs' files.

    An equal file is not touched, and a different one gets a new time: cargo compares times, and
    in tarballs all of them are the same.
    """
    wanted: dict[Path, tuple[bytes, int]] = {}  # content and permissions
    for tarball in crates.values():
        wanted |= _contents(tarball, folder / DEEP)
    wanted[folder / "Cargo.toml"] = (_workspace(crates).encode(), 0o644)
    if lock.exists():
        wanted[folder / "Cargo.lock"] = (lock.read_bytes(), 0o644)
    for path in folder.rglob("*"):
        if path.is_file() and path not in wanted:
            files.remove(path)
    for path, (content, mode) in wanted.items():
        if not path.exists() or path.read_bytes() != content:
            files.write_bytes(path, content)
            path.chmod(mode & 0o755)


def _contents(tarball: Path, folder: Path) -> dict[Path, tuple[bytes, int]]:
    found = {}
    with tarfile.open(tarball) as archive:
        for entry in archive:
            data = archive.extractfile(entry) if entry.isfile() else None
            if data is not None:
                found[folder / entry.name] = (data.read(), entry.mode)
    return found


def _workspace(crates: Mapping[str, Path]) -> str:
    """Return the Cargo.toml of a workspace of tarballs, which replace those of crates.io."""
    members = []
    patches = []
    for name, tarball in crates.items():
        path = (DEEP / tarball.stem).as_posix()
        members.append(f'  "{path}",\n')
        patches.append(f'{name} = {{ path = "{path}" }}\n')
    return (
        f'[workspace]\nresolver = "2"\nmembers = [\n{"".join(members)}]\n'
        f"\n[patch.crates-io]\n{''.join(patches)}"
    )
