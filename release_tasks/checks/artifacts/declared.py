"""Exactly the declared files are there: none lacks, none is a stranger, broken, or twice there."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks import channels, dist
from release_tasks.channels import github, github_assets, github_draft, pypi_files
from release_tasks.checks.artifacts.contents import Contents
from release_tasks.checks.check import also_after_tag
from release_tasks.converge import OPEN, to_build
from release_tasks.errors import ReleaseError
from release_tasks.formats import archives, checksums
from release_tasks.project.artifacts import Artifact
from release_tasks.project.kinds import KINDS, FileKind
from release_tasks.project.model import resolved_or_raise
from release_tasks.release import ComponentRelease, Release

FACT = "{0.name} of {0.version} is declared, and neither in dist/ nor on {0.channel}"
ENDINGS = (".whl", ".tar.gz", ".tgz", ".zip", ".crate", ".tar", ".exe", ".sha256")


@also_after_tag
def broken_file(case: Contents) -> Iterator[ReleaseError]:
    """Yield each file in dist/ that is empty, cut, or changed after it was built."""
    for part, row, path in case.files:
        try:
            dist.file_of(part, row)
        except ReleaseError as changed:
            yield changed
            continue
        is_wrong = row.kind == FileKind.SHA256 and _contradicts(part, row.name, path.read_bytes())
        if is_wrong or not archives.is_whole(path):
            fact = "names other bytes" if is_wrong else f"is broken: {row.size} bytes"
            yield ReleaseError(
                f"{row.file} in dist/{part.tag} {fact}", f"rm {path}, and build it again"
            )


@also_after_tag
def missing_file(case: Contents) -> Iterator[ReleaseError]:
    """Yield each declared file that is neither in dist/ nor public."""
    elsewhere = ", or inv collect what another machine built"
    for kind in KINDS:
        if kind.channel == "github":  # its assets come from several steps
            continue
        for artifact in to_build(case.release, channels.load(kind.channel), *kind.file_kinds):
            yield ReleaseError(FACT.format(artifact), f"inv {kind.step}{elsewhere}")
    for part in case.release.parts:
        for artifact in _lacking(case, part):
            yield ReleaseError(FACT.format(artifact), f"inv build-binaries{elsewhere}")


@also_after_tag
def undeclared_file(case: Contents) -> Iterator[ReleaseError]:
    """Yield each file in dist/ that nothing declares, or that no step built."""
    for part in case.release.parts:
        rows = dist.inventory(part)
        for row in rows:
            if not is_declared(case.release, part, row):
                named = " ".join(
                    str(path)
                    for path in dist.sources(part)
                    if row in dist.parse(path.read_bytes(), str(path))
                )
                fix = f"declare it in release-tasks.toml, or: rm -f {part.dist / row.file} {named}"
                yield ReleaseError(
                    f"nothing declares the {row.kind} {row.file} in dist/{part.tag}", fix
                )
        for path in sorted(part.dist.glob("[!.]*")):
            if path.name.endswith(ENDINGS) and path.name not in {row.file for row in rows}:
                yield ReleaseError(
                    f"no step of this release built {path.name} in dist/{part.tag}", f"rm {path}"
                )


@also_after_tag
def file_twice(case: Contents) -> Iterator[ReleaseError]:
    """Yield each file of dist/ that is two things, and each declared file that is there under two names."""
    for part in case.release.parts:
        owner: dict[str, dist.Built] = {}
        for row in dist.inventory(part):
            other = owner.setdefault(row.file.lower(), row)
            if other is not row:
                fact = f"dist/{part.tag}/{row.file} is a {other.kind} and a {row.kind}"
                yield ReleaseError(fact, "give the binary another name in release-tasks.toml")
    for part, slot in pypi_files.shipped(case.release):
        names = [
            row.name
            for row in dist.of_kind(part, slot.kind)
            if row.package == slot.package.name and slot.matches(row.name)
        ]
        if names[1:]:
            fix = f"say in [python.{slot.package.name}] which `wheels` and `pythons` there are"
            yield ReleaseError(
                f"{' and '.join(names)} are both {slot.pattern}, which is one file", fix
            )


def is_declared(release: Release, part: ComponentRelease, row: dist.Built) -> bool:
    """Tell whether the settings declare what a line of the inventory is about."""
    shipped = part.component
    names: dict[FileKind, list[str]] = {}
    for kind in KINDS:
        things = resolved_or_raise(getattr(shipped, kind.name))
        for output in kind.outputs:
            if output.name:
                templates = [getattr(thing, output.name) for thing in things]
                names[output.kind] = [name.format(version=part.version) for name in templates]
    for image in resolved_or_raise(shipped.images):
        layouts = [f"{image.reference} {platform}" for platform in image.platforms]
        names.setdefault(FileKind.LAYOUT, []).extend(layouts)
    assets = names[FileKind.BINARY] + names[FileKind.BUNDLE]
    names[FileKind.SHA256] = [checksums.ALL, *(name + checksums.SUFFIX for name in assets)]
    if row.name in names.get(row.kind, ()):
        return True
    slots = [slot for owner, slot in pypi_files.shipped(release) if owner == part]
    return any(slot.kind == row.kind and slot.matches(row.name) for slot in slots)


def _contradicts(part: ComponentRelease, name: str, data: bytes) -> bool:
    """Tell whether a checksum file names other bytes or another file than it is for."""
    said, recorded = checksums.read(data), {row.file: row.sha256 for row in dist.inventory(part)}
    is_for = name == checksums.ALL or [*said] == [name.removesuffix(checksums.SUFFIX)]
    return not is_for or any(recorded.get(file, sha256) != sha256 for file, sha256 in said.items())


def _lacking(case: Contents, part: ComponentRelease) -> list[Artifact]:
    """Return the assets that are neither here nor on GitHub."""
    if github_draft.no_release_reason(case.release):
        return []
    here = {path.name for _, _, path in case.files} | {
        dist.INVENTORY,
        checksums.ALL,
    }  # both are made for the draft
    absent = [asset for asset in github_assets.shipped(part) if asset.name not in here]
    return [one.artifact for one in github.state(case.release, absent) if one.state in OPEN]
