"""Crates are fetched by a project that depends on them, and those with programs are installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from invoke.context import Context

from release_tasks import files, terminal
from release_tasks.checks.smoke.program import check_version_output, reason
from release_tasks.errors import ReleaseError
from release_tasks.project.model import Crate, resolved_or_raise
from release_tasks.release import Release
from release_tasks.shell import Failed
from release_tasks.tools.cargo import install as cargo_install

Shipped = tuple[Crate, str]  # a crate, and the version that it is released under


def verify(c: Context, release: Release) -> Iterator[ReleaseError]:
    """Yield an error for each crate that cannot be had from crates.io, and each program that is wrong.

    cargo runs outside of the project, so that no setting and no patch of it helps.
    """
    crates = [
        (crate, part.version)
        for part in release.parts
        for crate in resolved_or_raise(part.component.crates)
    ]
    if not crates:
        return
    with files.scratch("crates") as folder:
        lost = list(_lost(c, folder, crates))
        yield from lost
        for crate, version in crates:
            if crate.binaries and not lost:
                yield from _install(c, folder, crate, version)


def _lost(c: Context, folder: Path, crates: Sequence[Shipped]) -> Iterator[ReleaseError]:
    error = _fetch(c, folder / "all", crates)
    if error is None:
        count = (
            f"all {len(crates)} crates"
            if len(crates) > 1
            else f"{crates[0][0].name} {crates[0][1]}"
        )
        terminal.say(
            f"a project that depends on {count} gets {'them' if len(crates) > 1 else 'it'} from crates.io"
        )
        return
    alone = (
        [(one, _fetch(c, folder / one[0].name, [one])) for one in crates] if len(crates) > 1 else []
    )
    found = [
        _error(crate, version, "cannot be fetched", failed)
        for (crate, version), failed in alone
        if failed
    ]
    yield from found or [_error(*crates[0], "cannot be fetched", error)]


def _fetch(c: Context, folder: Path, crates: Sequence[Shipped]) -> Failed | None:
    """Fetch crates into a fresh project; cargo compares each file with the index's sha256."""
    needs = "".join(f'{crate.name} = "={_plain(version)}"\n' for crate, version in crates)
    package = '[package]\nname = "fetches-back"\nversion = "0.0.0"\nedition = "2021"\n'
    files.write_bytes(folder / "Cargo.toml", f"{package}\n[dependencies]\n{needs}".encode())
    files.write_bytes(folder / "src" / "lib.rs", b"")
    try:
        cargo_install.fetch(c, folder)
    except Failed as error:
        return error
    return None


def _install(c: Context, folder: Path, crate: Crate, version: str) -> Iterator[ReleaseError]:
    root = folder / "installed" / crate.name
    try:
        cargo_install.install(c, folder, crate.name, _plain(version), root)
    except Failed as error:
        yield _error(crate, version, "cannot be installed", error)
        return
    programs = sorted((root / "bin").glob("*"))
    if not programs:
        terminal.say(
            f"{crate.name} {version} has no program without more features, so none was installed"
        )
    for path in programs:
        yield from check_version_output(
            [path, "--version"], version, f"{path.name} of {crate.name} {version} from crates.io"
        )


def _error(crate: Crate, version: str, what: str, error: Failed) -> ReleaseError:
    fact = f"{crate.name} {version} from crates.io {what}: {reason(error.output)}"
    return ReleaseError(
        fact, f"cargo yank {crate.name}@{_plain(version)}, then choose the next version"
    )


def _plain(version: str) -> str:
    return version.partition("+")[0]  # cargo ignores build metadata in a requirement, and warns
