"""Images are built from an export of the commit and this release's binaries, into one OCI tar each."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from invoke.context import Context

from release_tasks import dist, endpoints, files, shell
from release_tasks.channels import images
from release_tasks.converge import to_build
from release_tasks.errors import ReleaseError
from release_tasks.project.model import Image
from release_tasks.release import Part, Release
from release_tasks.tools import buildkit, docker, git


def build(c: Context, release: Release) -> None:
    """Build and scan each image that is neither in dist/ nor on its registry."""
    absent = {artifact.name for artifact in to_build(release, images, "image")}
    wanted = [(part, image) for part, image in images.shipped(release) if image.reference in absent]
    if not wanted:
        shell.say("nothing to do, every image is built or public" if images.expected(release) else "nothing to do, no image configured")
        return
    docker.require()
    with buildkit.builder(c) as builder:
        for part, image in wanted:
            _build(c, release, part, image, builder)


def _build(c: Context, release: Release, part: Part, image: Image, builder: Mapping[str, str]) -> None:
    name = image.reference.replace("/", "-").replace(":", "-")
    output = part.dist / f"{name}-{part.version}.oci.tar"
    text = (release.tree / image.dockerfile).read_text("utf-8", errors="replace")
    contexts = {docker.BINARIES} if docker.takes_binaries(text) else set()
    facts = (image.platforms, image.args, _labels(release, part))
    _tell_emulation(image, docker.steps_per_platform(text))
    if shell.is_dry(c):
        shown = {context: f"<{context}>" for context in contexts}
        docker.build(c, "<export>", image.dockerfile, output, *facts, shown, release.epoch, builder)
        _scan(c, release, image, "<layout>")
        return
    unfinished = dist.folder(part) / f".{output.name}"
    with files.scratch("image") as folder:
        git.export(release.tree, release.commit, folder / "tree")
        for context in contexts:
            _copy_binaries(release, folder / context)
        given = {context: folder / context for context in contexts}
        docker.build(c, folder / "tree", image.dockerfile, unfinished, *facts, given, release.epoch, builder)
        if image.scan:  # before it counts as built, so that the next run scans again
            docker.unpack(unfinished, folder / "layout")
            _scan(c, release, image, folder / "layout")
    files.move(unfinished, output)
    row = dist.describe(release, part, "image", output, image.reference, digest=docker.digest_of(output))
    dist.record(part, "docker_buildx", [row], target=name)


def _tell_emulation(image: Image, steps: int) -> None:
    """Say which platforms are built in an emulator, and how to do without."""
    foreign = [platform for platform in image.platforms if platform not in buildkit.native()] if steps else []
    if foreign:
        shell.say(
            f"{steps} RUN step{'s' if steps > 1 else ''} of {image.dockerfile} for {', '.join(foreign)} will run in an emulator, which can "
            "make hours of minutes of compiling; a node of that kind (docker buildx create --append), "
            "FROM --platform=$BUILDPLATFORM, or COPY --from=binaries avoid that"
        )


def _scan(c: Context, release: Release, image: Image, layout: Path | str) -> None:
    if image.scan:
        shell.do(c, [word.format(layout=layout) for word in shlex.split(image.scan)], cwd=release.tree)


def _labels(release: Release, part: Part) -> dict[str, str]:
    """Return what the image says of itself (OCI image annotations); `revision` proves its commit later."""
    created = datetime.fromtimestamp(release.epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = {"revision": release.commit, "version": part.version, "created": created}
    if release.project.repository:
        said["source"] = f"{endpoints.GITHUB}/{release.project.repository}"
    return {f"org.opencontainers.image.{key}": value for key, value in said.items()}


def _copy_binaries(release: Release, folder: Path) -> None:
    found = [(part, row) for part in release.parts for row in dist.of_kind(part, "binary")]
    here = [path for part, row in found if (path := dist.file_of(part, row))]
    if not here:
        raise ReleaseError("the image is made from binaries, and none is in dist/", "inv build-binaries")
    for path in here:
        copied = folder / path.name
        files.copy(path, copied)
        copied.chmod(0o755)
        files.set_mtime(copied, release.epoch)
