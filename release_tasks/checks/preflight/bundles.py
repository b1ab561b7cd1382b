"""Files of the GitHub release: bundles that can be downloaded, and one name for each file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from release_tasks.channels import pypi_files
from release_tasks.checks.check import CheckContext, also_after_tag, problem
from release_tasks.errors import Problem
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import resolved_or_empty
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


@problem
def name_for_two_files(context: CheckContext) -> Iterator[Problem]:
    """Find each binary with the file name of the sdist or of a chart of its release."""
    for part in context.release.parts:
        others = _other_files(context, part)
        binaries = resolved_or_empty(part.component.binaries)
        names = [binary.file.format(version=part.version) for binary in binaries]
        for name in dict.fromkeys(names):
            if name in others:
                yield Problem(
                    f"{name} is the file name of a binary and of {others[name]}",
                    "give the binary another name in [binaries], e.g. with {target} in it",
                )


def _other_files(context: CheckContext, part: ComponentRelease) -> dict[str, str]:
    """Return what a component ships besides binaries, by file name."""
    found: dict[str, str] = {}
    for owner, slot in pypi_files.shipped(context.release):
        if owner == part and slot.kind == FileKind.SDIST:
            found[slot.pattern] = "an sdist"
    for chart in resolved_or_empty(part.component.charts):
        found[f"{chart.name}-{part.version}.tgz"] = "a chart"
    return found
