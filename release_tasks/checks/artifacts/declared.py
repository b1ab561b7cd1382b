"""Exactly the declared files are there: complete, and each of them once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from release_tasks import channels, dist
from release_tasks.channels import (
    github,
    github_assets,
    github_draft,
    pypi_files,
)
from release_tasks.checks.artifacts.contents import BuiltFile, Contents
from release_tasks.checks.check import also_after_tag
from release_tasks.converge import OPEN, to_build
from release_tasks.errors import Problem, ReleaseError, problems_of
from release_tasks.formats import archive_names, checksums
from release_tasks.printable import word, words
from release_tasks.project.artifacts import Artifact
from release_tasks.project.kinds import KINDS, FileKind
from release_tasks.project.model import resolved_or_raise
from release_tasks.release import ComponentRelease, Release

ENDINGS = (*archive_names.PACKED, ".whl", ".crate", ".tar", ".exe", ".sha256")


@also_after_tag
def broken_file(contents: Contents) -> Iterator[Problem]:
    """Find each file in dist/ that is empty, incomplete, or changed after it was built."""
    for file in contents.files:
        try:
            dist.file_of(file.part, file.row)
        except ReleaseError as error:
            yield from error.problems
            continue
        fact = ""
        if file.row.kind == FileKind.SHA256 and _contradicts(file):
            fact = "does not match the built files"
        elif not file.is_whole:
            fact = f"is broken: {file.row.size} bytes"
        if fact:
            yield Problem(
                f"{file.row.file} in dist/{file.part.tag} {fact}",
                f"rm {word(file.path)}, and build it again",
            )


@also_after_tag
def missing_file(contents: Contents) -> Iterator[Problem]:
    """Find each declared file that is neither in dist/ nor public."""
    for kind in KINDS:
        if kind.channel == "github":  # its assets come from several steps
            continue
        channel = channels.load(kind.channel)
        for artifact in to_build(contents.release, channel, *kind.file_kinds):
            yield _missing(artifact, kind.step)
    for part in contents.release.parts:
        for artifact in _missing_assets(contents, part):
            yield _missing(artifact, "build-binaries")


@also_after_tag
def undeclared_file(contents: Contents) -> Iterator[Problem]:
    """Find each file in dist/ that nothing declares, or that no step built."""
    for part in contents.release.parts:
        rows = dist.inventory(part)
        for row in rows:
            if not is_declared(contents.release, part, row):
                paths = [part.dist / row.file, *_listing(part, row)]
                yield Problem(
                    f"nothing declares the {row.kind} {row.file} in dist/{part.tag}",
                    f"declare it in release-tasks.toml, or: rm -f {words(paths)}",
                )
        built = {row.file for row in rows}
        for path in sorted(part.dist.glob("[!.]*")):
            if path.name.endswith(ENDINGS) and path.name not in built:
                yield Problem(
                    f"no step of this release built {path.name} in dist/{part.tag}",
                    f"rm {word(path)}",
                )


@also_after_tag
def file_twice(contents: Contents) -> Iterator[Problem]:
    """Find each file of dist/ that is two things, and each declared file with two names."""
    for part in contents.release.parts:
        owners: dict[str, dist.Built] = {}
        for row in dist.inventory(part):
            other = owners.setdefault(row.file.lower(), row)
            if other is not row:
                yield Problem(
                    f"dist/{part.tag}/{row.file} is a {other.kind} and a {row.kind}",
                    "give the binary another name in release-tasks.toml",
                )
    for part, slot in pypi_files.shipped(contents.release):
        names = [
            row.name
            for row in dist.of_kind(part, slot.kind)
            if row.package == slot.package.name and slot.matches(row.name)
        ]
        if len(names) > 1:
            yield Problem(
                f"{' and '.join(names)} are both {slot.pattern}, of which there can be one",
                f"set `wheels` and `pythons` in [python.{slot.package.name}]",
            )


@also_after_tag
def unfit_asset(contents: Contents) -> Iterator[Problem]:
    """Find each file that GitHub does not take into the draft: by its name, size or number."""
    if github_draft.no_release_reason(contents.release):
        return
    for part in contents.release.parts:
        # else it is broken
        rows = [row for row in dist.inventory(part) if row.size]
        yield from problems_of(github_assets.unfit_assets(part, rows))


def is_declared(
    release: Release, part: ComponentRelease, row: dist.Built
) -> bool:
    """Tell whether the settings declare what a line of the inventory is about."""
    names: dict[FileKind, list[str]] = {}
    for kind in KINDS:
        things = resolved_or_raise(getattr(part.component, kind.name))
        for output in kind.outputs:
            if output.name:
                templates = [getattr(thing, output.name) for thing in things]
                names[output.kind] = [
                    name.format(version=part.version) for name in templates
                ]
    for image in resolved_or_raise(part.component.images):
        layouts = [f"{image.name} {platform}" for platform in image.platforms]
        names.setdefault(FileKind.LAYOUT, []).extend(layouts)
    assets = names[FileKind.BINARY] + names[FileKind.BUNDLE]
    names[FileKind.SHA256] = [
        checksums.ALL,
        *(name + checksums.SUFFIX for name in assets),
    ]
    if row.name in names.get(row.kind, ()):
        return True
    slots = [
        slot for owner, slot in pypi_files.shipped(release) if owner == part
    ]
    return any(
        slot.kind == row.kind and slot.matches(row.name) for slot in slots
    )


def _contradicts(file: BuiltFile) -> bool:
    """Tell whether a checksum file has another hash or another file than it is for."""
    found = checksums.read(file.path.read_bytes())
    own = file.row.name.removesuffix(checksums.SUFFIX)
    if file.row.name != checksums.ALL and list(found) != [own]:
        return True
    built = {row.file: row.sha256 for row in dist.inventory(file.part)}
    return any(
        built.get(name, sha256) != sha256 for name, sha256 in found.items()
    )


def _missing(artifact: Artifact, step: str) -> Problem:
    return Problem(
        f"{artifact.name} of {artifact.version} is declared, "
        f"but neither in dist/ nor on {artifact.channel}",
        f"inv {step}, or inv collect if another machine built it",
    )


def _missing_assets(
    contents: Contents, part: ComponentRelease
) -> list[Artifact]:
    """Return the assets that are neither here nor on GitHub."""
    if github_draft.no_release_reason(contents.release):
        return []
    here = {file.path.name for file in contents.files}
    here |= {dist.INVENTORY, checksums.ALL}  # both are made for the draft
    absent = [
        asset for asset in github_assets.shipped(part) if asset.name not in here
    ]
    statuses = github.state(contents.release, absent)
    return [status.artifact for status in statuses if status.state in OPEN]


def _listing(part: ComponentRelease, row: dist.Built) -> list[Path]:
    """Return the parts of the inventory that have a line."""
    return [
        path
        for path in dist.sources(part)
        if row in dist.parse(path.read_bytes(), str(path))
    ]
