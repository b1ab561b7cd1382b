"""Images that take the binaries of their release."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks.checks.check import CheckContext, problem
from release_tasks.errors import Problem, shorten
from release_tasks.formats import archive_names, dockerfile, text_files
from release_tasks.project.model import Image
from release_tasks.project.settings import FILE
from release_tasks.tools import docker


@problem
def absent_binaries(context: CheckContext) -> Iterator[Problem]:
    """Find each image that copies a binary which this release does not build.

    What a variable or a wildcard names is not judged.
    """
    names = set(_names(context))
    for image in context.shipped("images", Image):
        text = text_files.peek(context.release.source_tree, image.dockerfile)
        if not docker.takes_binaries(text):
            continue
        if not names:
            yield Problem(
                f"{image.dockerfile} takes binaries, and this release builds none",
                _first_binary(context),
                image.dockerfile,
            )
            continue
        for source in dockerfile.copied_from(text, docker.BINARIES):
            if source.path and source.path.partition("/")[0] not in names:
                yield Problem(
                    f"{image.dockerfile} copies {source.source} from the binaries, which are "
                    f"{shorten(sorted(names))}",
                    "copy one of these, or add it to [binaries]",
                    image.dockerfile,
                    source.line,
                )


def _names(context: CheckContext) -> Iterator[str]:
    """Yield what the build context `binaries` has: each asset, and an archive's folder."""
    for part in context.release.parts:
        found = part.component.binaries
        if not isinstance(found, tuple):
            continue
        for binary in found:
            file = binary.file.format(version=part.version)
            yield file
            yield archive_names.stem(file)


def _first_binary(context: CheckContext) -> str:
    """Return settings that build a program of the project, for the machine of the image."""
    names = [
        program
        for crate in context.project.crates
        for program in crate.binaries
    ]
    name = "NAME"
    if names:
        name = sorted(names)[0]
    return (
        f"add to {FILE}:\n[binaries.{name}]\n"
        f'"x86_64-unknown-linux-gnu" = "{name}-linux-amd64"'
    )
