"""Download the crates as dependencies of a project, and install those with programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from invoke.context import Context

from release_tasks import files, terminal
from release_tasks.channels import crates_index
from release_tasks.checks.smoke.program import check_version_output, reason
from release_tasks.errors import Problem, ReleaseError, counted, shorten
from release_tasks.project.model import resolved_or_raise
from release_tasks.release import Release
from release_tasks.shell import Failed
from release_tasks.tools.cargo import install as cargo_install
from release_tasks.versions.numbers import without_build

# seconds in which crates.io should have rendered a readme, which it does in the background
README_WAIT = 60.0
MANIFEST = '[package]\nname = "verified"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n'


def verify(c: Context, release: Release) -> Iterator[Problem]:
    """Yield each crate that cannot be downloaded, and each program that is wrong.

    cargo runs outside of the project, so that none of its settings and patches helps.
    """
    versions: dict[str, str] = {}
    programs: list[str] = []
    for part in release.parts:
        for crate in resolved_or_raise(part.component.crates):
            versions[crate.name] = part.version
            if crate.binaries:
                programs.append(crate.name)
    if not versions:
        return
    with files.scratch("crates") as folder:
        missing = _undownloadable(c, folder, versions)
        yield from missing
        if not missing:
            for name in programs:
                yield from _install(c, folder, name, versions[name])
            _look_at_readmes(release, versions)


def _look_at_readmes(release: Release, versions: dict[str, str]) -> None:
    """Wait until crates.io shows each readme, and say which ones it does not show.

    That is no problem of the release: it renders them later, or an owner asks it to.
    """
    waiting = {
        name: crates_index.readme_url(name, version)
        for name, version in versions.items()
        if _has_readme(release, name)
    }
    count = len(waiting)

    def missing() -> str:
        for name in list(waiting):
            if crates_index.is_rendered(waiting[name]):
                del waiting[name]
        return f"the readme of {shorten(list(waiting))}" if waiting else ""

    try:
        terminal.wait_for(missing, README_WAIT)
    except ReleaseError:
        for name, url in waiting.items():
            terminal.say(
                f"crates.io has not rendered the readme of {name} yet: {url}"
            )
        return
    if count:
        terminal.say(f"crates.io shows {counted(count, 'readme')}")


def _has_readme(release: Release, name: str) -> bool:
    workspace = release.project.workspace
    packages = workspace.packages if workspace else {}
    return bool(packages.get(name, {}).get("readme"))


def _undownloadable(
    c: Context, folder: Path, versions: dict[str, str]
) -> list[Problem]:
    """Return a problem for each crate that cannot be downloaded."""
    error = _fetch(c, folder / "all", versions)
    (name, version), *others = versions.items()
    if error is None:
        subject = f"{name} {version} downloads"
        if others:
            subject = f"all {len(versions)} crates download"
        terminal.say(f"{subject} from crates.io as a dependency")
        return []
    wrong: list[Problem] = []
    if others:  # which of them?
        for other, its_version in versions.items():
            failed = _fetch(c, folder / other, {other: its_version})
            if failed:
                wrong.append(
                    _problem(other, its_version, "cannot be downloaded", failed)
                )
    return wrong or [_problem(name, version, "cannot be downloaded", error)]


def _fetch(c: Context, folder: Path, versions: dict[str, str]) -> Failed | None:
    """Download crates in exactly these versions into a new project in `folder`."""
    lines = [
        f'{name} = "={without_build(version)}"\n'
        for name, version in versions.items()
    ]
    files.write_bytes(
        folder / "Cargo.toml", (MANIFEST + "".join(lines)).encode()
    )
    files.write_bytes(folder / "src" / "lib.rs", b"")
    try:
        cargo_install.fetch(c, folder)
    except Failed as error:
        return error
    return None


def _install(
    c: Context, folder: Path, name: str, version: str
) -> Iterator[Problem]:
    root = folder / "installed" / name
    try:
        cargo_install.install(c, folder, name, without_build(version), root)
    except Failed as error:
        yield _problem(name, version, "cannot be installed", error)
        return
    programs = sorted((root / "bin").glob("*"))
    if not programs:
        terminal.say(
            f"{name} {version} has no program by default, so none was installed"
        )
    for path in programs:
        label = f"{path.name} of {name} {version} from crates.io"
        yield from check_version_output([path, "--version"], version, label)


def _problem(name: str, version: str, what: str, error: Failed) -> Problem:
    return Problem(
        f"{name} {version} from crates.io {what}: {reason(error.output)}",
        f"cargo yank {name}@{without_build(version)}, then choose the next version",
    )
