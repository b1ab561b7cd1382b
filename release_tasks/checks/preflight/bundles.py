"""Files of the GitHub release: bundles that can be downloaded, and one name for each file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks import dist
from release_tasks.building import binaries as building
from release_tasks.building.papers import licenses_of
from release_tasks.channels import pypi_files
from release_tasks.checks.check import (
    CheckContext,
    also_after_tag,
    problem,
    warning,
)
from release_tasks.errors import Problem
from release_tasks.formats import archive_names, checksums
from release_tasks.project.kinds import Asset, FileKind
from release_tasks.project.model import Binary, Unresolved, resolved_or_empty
from release_tasks.release import ComponentRelease


@also_after_tag
def unusable_bundle(context: CheckContext) -> Iterator[Problem]:
    """Find each file of [bundles] without a usable url or sha256, and bundles that nobody gets."""
    bundles = context.project.settings.bundles
    for template, variants in bundles.items():
        for name, bundle in variants.items():
            is_file = re.match(r"https?://[^/]+/.*[^/]$", bundle.url)
            if not is_file or not re.fullmatch("[0-9a-f]{64}", bundle.sha256):
                yield Problem(
                    f"[bundles.{template}] {name}: url {bundle.url!r} and sha256 "
                    f"{bundle.sha256!r} do not identify a file",
                    (
                        "set url to the address of a file, and sha256 to what `sha256sum` "
                        "prints for it"
                    ),
                )
    is_shipped = any(
        "bundles" in part.component.assets for part in context.release.parts
    )
    if bundles and not is_shipped:
        yield Problem(
            "[bundles] are built, but no release has them",
            'add "bundles" to assets of [github]',
        )


@also_after_tag
def bundle_of_archive(context: CheckContext) -> Iterator[Problem]:
    """Find each binary that is an archive, where bundles are packed with the bare program."""
    if not context.project.settings.bundles:
        return
    for binary in context.shipped("binaries", Binary):
        if archive_names.is_archive(binary.file):
            bare = archive_names.stem(binary.file)
            yield Problem(
                f"[bundles] need the bare program, and {binary.file} is an archive",
                f'[binaries.{binary.name}] "{binary.target}" = "{bare}"',
            )


@warning
def archive_without_license(context: CheckContext) -> Iterator[Problem]:
    """Find each program that is packed without a license, as the repository has none."""
    packed: dict[str, str] = {}
    for binary in context.shipped("binaries", Binary):
        if (
            archive_names.is_archive(binary.file)
            or context.project.settings.bundles
        ):
            packed[binary.crate] = binary.name
    for crate, program in packed.items():
        if not licenses_of(context.project, crate):
            yield Problem(
                f"the archives with {program} have no license: neither the root nor the folder of "
                f"{crate} has a LICENSE, UNLICENSE, COPYING or LICENSES/",
                "git add LICENSE, a file with the text of the license",
            )


@problem
def name_for_two_files(context: CheckContext) -> Iterator[Problem]:
    """Find each file name of a binary or bundle that another file of its release has."""
    parts = context.release.parts
    if any(isinstance(part.component.binaries, Unresolved) for part in parts):
        return
    for error in building.ambiguous_files(context.release):
        yield from error.problems
    for part in parts:
        yield from _taken_names(context, part)


def _taken_names(
    context: CheckContext, part: ComponentRelease
) -> Iterator[Problem]:
    """Yield a problem for each name that two files have; macOS does not tell `A` from `a`."""
    taken = {
        name.lower(): (name, what) for name, what in _other_files(context, part)
    }
    for name, what in _own_files(part):
        other = taken.setdefault(name.lower(), (name, what))
        if other != (name, what):
            yield Problem(
                f"{name} is the file name of {what} and of {other[1]}",
                "give the binary another name in [binaries], with its target in it",
            )


def _own_files(part: ComponentRelease) -> Iterator[tuple[str, str]]:
    """Yield the files that the settings name, and what each is."""
    version = part.version
    names = [one.file for one in resolved_or_empty(part.component.binaries)]
    with_sums = dict.fromkeys(name.format(version=version) for name in names)
    for name in with_sums:
        yield name, "a binary"
    if Asset.BUNDLES in part.component.assets:
        for bundle in part.component.bundles:
            name = bundle.file.format(version=version)
            with_sums[name] = None
            yield name, f"the bundle {bundle.variant} of {bundle.binary.name}"
    if Asset.SHA256 in part.component.assets:
        for name in with_sums:
            yield name + checksums.SUFFIX, f"the checksum of {name}"


def _other_files(
    context: CheckContext, part: ComponentRelease
) -> Iterator[tuple[str, str]]:
    """Yield the files that a component has in dist/ besides, and what each is."""
    yield checksums.ALL, "all checksums"
    yield dist.INVENTORY, "the inventory"
    yield dist.GATES, "the gates that have passed"
    yield dist.DRAFT, "what the draft has"
    yield "timeline.json", "the times of the steps"
    yield "durations.json", "how long the steps took"
    for name in ("sign-off.txt", *dist.SIGN_OFFS):
        yield name, "the sign-off"
    yield "parts", "the folder of the inventory"
    for owner, slot in pypi_files.shipped(context.release):
        if owner == part and slot.kind == FileKind.SDIST:
            yield slot.pattern, "an sdist"
    for chart in resolved_or_empty(part.component.charts):
        yield f"{chart.name}-{part.version}.tgz", "a chart"
    for crate in resolved_or_empty(part.component.crates):
        yield f"{crate.name}-{part.version}.crate", "a crate"
