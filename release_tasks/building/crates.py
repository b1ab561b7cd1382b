"""Crates are packed once, each one is checked on its own files, and recorded in dist/."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from invoke.context import Context

from release_tasks import dist, files, shell
from release_tasks.channels.crates_upload import repack_and_compare
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.formats import unpacking
from release_tasks.project.artifacts import Artifact
from release_tasks.project.kinds import FileKind
from release_tasks.release import ComponentRelease, Release
from release_tasks.rules import crates_io as rules
from release_tasks.tools.cargo.verify import Tarballs, verify

STEP = "package_crates"


def build(
    c: Context,
    release: Release,
    missing: Sequence[Artifact],
    unpublished: Sequence[Artifact],
) -> None:
    """Pack the `unpublished` crates, check the `missing` ones, and record those in dist/.

    Every unpublished crate is packed, as the missing ones may need the others to compile.
    """
    tarballs = repack_and_compare(c, release, unpublished, known_only=True)
    names = [artifact.name for artifact in missing]
    if not shell.is_dry(c):
        ignored = release.project.settings.checks.ignore
        raise_all(_refusals({name: tarballs[name] for name in names}, ignored))
    _verify(c, release, tarballs, names)
    if shell.is_dry(c):
        return
    for part in release.parts:
        own = [
            one.name for one in missing if one.component == part.component.name
        ]
        if own:
            _record(release, part, {name: tarballs[name] for name in own})


def _refusals(
    tarballs: Mapping[str, Path], ignored: Collection[str]
) -> Iterator[ReleaseError]:
    """Yield what crates.io refuses in tarballs, unless the check for the same is ignored."""
    for name, tarball in tarballs.items():
        for check, text in tarball_refusals(tarball):
            if check not in ignored:
                fact = f"crates.io refuses {tarball.name}: {text}"
                yield ReleaseError(
                    fact, f"inv check shows where {name} has that"
                )


def tarball_refusals(tarball: Path) -> Iterator[tuple[str, str]]:
    """Yield what crates.io refuses in a tarball, each with the check that looks for the same."""
    for text in rules.size(tarball.stat().st_size):
        yield "crate-too-large", text
    headers = unpacking.tar_headers(tarball)
    unpacked = max(member.offset_data + member.size for member in headers)
    for text in rules.unpacked_size(unpacked):
        yield "crate-too-large", text
    data = unpacking.tar_file(tarball, f"{tarball.stem}/Cargo.toml") or b""
    manifest = tomllib.loads(data.decode())
    for text in _readme_refusals(tarball, manifest):
        yield "readme-too-large", text
    for refusal in rules.manifest_refusals(manifest):
        yield "crate-metadata", refusal.text.partition("\n")[0]


def _readme_refusals(
    tarball: Path, manifest: Mapping[str, Any]
) -> Iterator[str]:
    """Yield what crates.io refuses of the JSON that cargo will send, for its readme alone."""
    readme = manifest.get("package", {}).get("readme")
    if isinstance(readme, str):
        text = unpacking.tar_file(tarball, f"{tarball.stem}/{readme}") or b""
        size = rules.readme_size(text.decode("utf-8", "replace"))
        yield from rules.metadata_size(size)


def _verify(
    c: Context,
    release: Release,
    tarballs: dict[str, Path],
    names: Sequence[str],
) -> None:
    project = release.project
    packages = project.workspace.packages if project.workspace else {}
    found = Tarballs(
        release.cargo_tree,
        release.target,
        tarballs,
        release.build_env,
        packages,
        is_locked=project.is_locked,
    )
    how = {crate.name: crate.verification for crate in project.crates}
    verify(c, found, {name: how[name] for name in names})


def _record(
    release: Release, part: ComponentRelease, tarballs: dict[str, Path]
) -> None:
    folder = dist.folder(part)
    rows = [
        row
        for row in dist.of_kind(part, FileKind.CRATE)
        if row.name not in tarballs
    ]
    for name, tarball in tarballs.items():
        path = folder / tarball.name
        files.copy(tarball, path)
        rows.append(dist.describe(release, part, FileKind.CRATE, path, name))
    dist.record(part, STEP, rows)
