"""Built files without the content of links to what is not in the repository."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path

from release_tasks.checks.artifacts.contents import BuiltFile, Contents
from release_tasks.checks.check import also_after_tag
from release_tasks.errors import Problem
from release_tasks.formats import archive_names, unpacking
from release_tasks.printable import word
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import resolved_or_empty
from release_tasks.project.outside_links import outside_links

LARGEST = 32 << 20  # bytes of a file that is compared with members
PACKED = (FileKind.CRATE, FileKind.SDIST, FileKind.WHEEL, FileKind.CHART)


@also_after_tag
def outside_file_packed(contents: Contents) -> Iterator[Problem]:
    """Find each built file with what a link to something outside leads to."""
    links = outside_links(contents.release.source_tree)
    if not links:
        return
    for file in contents.files:
        is_packed = file.row.kind in PACKED or archive_names.is_archive(
            file.path.name
        )
        if is_packed and file.is_whole:
            yield from _followed(contents, file, links)


def _followed(
    contents: Contents, file: BuiltFile, links: Mapping[str, str]
) -> Iterator[Problem]:
    members = unpacking.files_in(file.path.name, file.path.read_bytes())
    folder = ""
    if file.row.kind in (FileKind.CRATE, FileKind.CHART):
        folder = _folders(contents).get(file.row.name, "")
    for path, target in links.items():
        outside = _content(contents.release.source_tree / path)
        for name, content in members.items():
            has_name = posixpath.basename(name) == posixpath.basename(path)
            is_same = has_name and content == outside
            # what a file of /proc has is never the same
            place = posixpath.normpath(
                posixpath.join(folder, name.partition("/")[2])
            )
            if is_same or (folder and place == path):
                yield Problem(
                    f"{file.path.name} has {name} from {target}, "
                    f"to which the link {path} leads, and which is not in the repository",
                    f"replace {path} with a copy, rm {word(file.path)}, and build it again",
                )
                break


def _content(path: Path) -> bytes | None:
    """Return the content of a plain file, None for an empty one: many files are empty."""
    if not path.is_file() or not 0 < path.stat().st_size <= LARGEST:
        return None
    return path.read_bytes()


def _folders(contents: Contents) -> dict[str, str]:
    """Return the folder of each crate and chart, whose paths its packed file has."""
    found: dict[str, Path] = {}
    for crate in contents.project.crates:
        found[crate.name] = crate.folder
    for component in contents.project.components:
        for chart in resolved_or_empty(component.charts):
            found[chart.reference] = chart.folder
    root = contents.project.root
    return {
        name: os.path.relpath(folder, root) for name, folder in found.items()
    }
