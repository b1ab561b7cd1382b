"""The scan and test of the settings, run on an image before it counts as built."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from invoke.context import Context

from release_tasks import files, shell
from release_tasks.building.image_files import ImageFiles
from release_tasks.errors import ReleaseError
from release_tasks.formats import oci_layout
from release_tasks.project.model import Image
from release_tasks.release import Release
from release_tasks.tools.docker import daemon


def scan_and_test(
    c: Context, release: Release, image: ImageFiles, tar: Path
) -> None:
    """Run the image's scan and test on an OCI tar; raise `Failed` when one of them fails."""
    if not image.image.scan and not image.image.test:
        return
    with files.scratch("image") as folder, _loaded(image.image, tar) as name:
        oci_layout.unpack(tar, folder / "layout")
        run_commands(c, release, image, folder / "layout", name)


def run_commands(
    c: Context,
    release: Release,
    image: ImageFiles,
    layout: Path | str,
    name: str,
) -> None:
    """Run the commands for an unpacked layout; `name` is what the docker daemon calls it."""
    report = image.scan_report
    for command in (image.image.scan, image.image.test):
        if command:
            argv = [
                word.format(
                    layout=layout,
                    report=report,
                    image=name,
                    version=image.part.version,
                )
                for word in shlex.split(command)
            ]
            shell.do(c, argv, cwd=release.source_tree)


def untestable(image: Image) -> ReleaseError | None:
    """Return an error when the image's test needs a docker daemon, and none is running."""
    if not _needs_daemon(image) or daemon.platform():
        return None
    return ReleaseError(
        f"the test of {image.name} uses {{image}}, which needs a running docker daemon",
        "start docker (`docker info` shows it), or use {layout}, the image's folder, in the test",
    )


@contextmanager
def _loaded(image: Image, tar: Path) -> Iterator[str]:
    """Give the name under which the docker daemon has the image, "" when its test needs none."""
    if not _needs_daemon(image):
        yield ""
        return
    manifests = oci_layout.manifests(tar)
    manifest = manifests.get(daemon.platform()) or next(
        iter(manifests.values())
    )
    with daemon.loaded(partial(oci_layout.blob, tar), manifest) as name:
        yield name


def _needs_daemon(image: Image) -> bool:
    return image.test is not None and "{image}" in image.test
