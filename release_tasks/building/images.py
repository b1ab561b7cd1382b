"""Images are built from an export of the commit and this release's binaries, into one OCI tar each."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from invoke.context import Context

from release_tasks import dist, endpoints, files, shell, terminal
from release_tasks.building import targets
from release_tasks.channels import image_tags, images
from release_tasks.converge import to_build
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.formats import archives, oci_layout
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import Image
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import docker, git
from release_tasks.tools.docker import buildkit, daemon


def build(c: Context, release: Release, target: str | None) -> None:
    """Build, scan and test each image that is neither in dist/ nor on its registry.

    `target` names platforms, with commas: each is kept as a layout of its own, until all of an image are here,
    from whatever machines, and become one image.
    """
    absent = {artifact.name for artifact in to_build(release, images, FileKind.IMAGE)}
    wanted = [
        (part, image) for part, image in image_tags.shipped(release) if image.reference in absent
    ]
    if not wanted:
        terminal.say(
            "nothing to do, every image is built or public"
            if images.expected(release)
            else "nothing to do, no image configured"
        )
        return
    chosen = targets.chosen(
        target,
        [*dict.fromkeys(platform for _, image in wanted for platform in image.platforms)],
        "image",
    )
    jobs = [(part, image, _platforms(part, image, chosen)) for part, image in wanted]
    whole = [
        image
        for part, image, platforms in jobs
        if {*platforms, *_layouts(part, image)} >= {*image.platforms}
    ]
    raise_all(filter(None, map(untestable, whole if not shell.is_dry(c) else ())))
    if any(platforms for _, _, platforms in jobs):
        docker.require()
        with buildkit.builder(c) as builder:
            for part, image, platforms in jobs:
                for some in (
                    [platforms] if platforms == image.platforms else [(one,) for one in platforms]
                ):
                    _build(c, release, part, image, some, builder)
    for part, image in wanted if not shell.is_dry(c) else ():
        _finish(c, release, part, image)


def _platforms(part: ComponentRelease, image: Image, chosen: Sequence[str]) -> tuple[str, ...]:
    """Return the platforms to build: the chosen ones, less those that are here already."""
    here = _layouts(part, image)
    return tuple(one for one in image.platforms if one in chosen and one not in here)


def _layouts(part: ComponentRelease, image: Image) -> dict[str, dist.Built]:
    """Return what is here of single platforms, by platform."""
    rows = [
        row
        for row in dist.of_kind(part, FileKind.LAYOUT)
        if row.package == image.reference and dist.file_of(part, row)
    ]
    return {row.target: row for row in rows}


def _build(
    c: Context,
    release: Release,
    part: ComponentRelease,
    image: Image,
    platforms: tuple[str, ...],
    builder: Mapping[str, str],
) -> None:
    """Build some platforms into one file: all of them are the image, one is a layout."""
    target = "" if platforms == image.platforms else platforms[0]
    output = part.dist / _file(part, image, target)
    text = (release.source_tree / image.dockerfile).read_text("utf-8", errors="replace")
    contexts = {docker.BINARIES} if docker.takes_binaries(text) else set()
    facts = (platforms, image.args, labels(release, part, image), image.cache)
    _tell_emulation(image, platforms, docker.steps_per_platform(text))
    if shell.is_dry(c):
        shown = {context: f"<{context}>" for context in contexts}
        request = docker.ImageRequest(
            "<export>", image.dockerfile, output, *facts, shown, release.epoch
        )
        docker.build(c, request, builder)
        if not target:
            _run_own(c, release, part, image, "<layout>", "<image>")
        return
    unfinished = dist.folder(part) / f".{output.name}"
    with files.scratch("image") as folder:
        git.export(release.source_tree, release.commit, folder / "tree")
        for context in contexts:
            _copy_binaries(release, folder / context)
        given = {context: folder / context for context in contexts}
        request = docker.ImageRequest(
            folder / "tree", image.dockerfile, unfinished, *facts, given, release.epoch
        )
        docker.build(c, request, builder)
    if not target:
        _keep(c, release, part, image, unfinished)
        return
    files.move(unfinished, output)
    digest, name = oci_layout.digest_of(output), f"{image.reference} {target}"
    row = dist.describe(
        release,
        part,
        FileKind.LAYOUT,
        output,
        name,
        digest=digest,
        target=target,
        package=image.reference,
    )
    dist.record(part, "docker_buildx", [row], target=output.name)


def _tell_emulation(image: Image, platforms: Sequence[str], steps: int) -> None:
    """Say which platforms are built in an emulator, and how to do without."""
    foreign = (
        [platform for platform in platforms if platform not in buildkit.native()] if steps else []
    )
    if foreign:
        terminal.say(
            f"{steps} RUN step{'s' if steps > 1 else ''} of {image.dockerfile} for {', '.join(foreign)} will run in an emulator, which can "
            "make hours of minutes of compiling; a node of that kind (docker buildx create --append), "
            "FROM --platform=$BUILDPLATFORM, or COPY --from=binaries avoid that"
        )


def _finish(c: Context, release: Release, part: ComponentRelease, image: Image) -> None:
    """Join the platforms of an image where all are here; else say which come from elsewhere."""
    here = _layouts(part, image)
    if not here:
        return
    if lacking := [platform for platform in image.platforms if platform not in here]:
        terminal.say(
            f"{image.reference} lacks {', '.join(lacking)}: build them on other machines, and collect them"
        )
        return
    unfinished = part.dist / f".{_file(part, image)}"
    oci_layout.join([part.dist / here[platform].file for platform in image.platforms], unfinished)
    _keep(c, release, part, image, unfinished, tuple(here.values()))


def _keep(
    c: Context,
    release: Release,
    part: ComponentRelease,
    image: Image,
    unfinished: Path,
    made_of: Sequence[dist.Built] = (),
) -> None:
    if image.scan or image.test:  # before it counts as built, so that the next run does that again
        _look_at(c, release, part, image, unfinished)
    output = part.dist / _file(part, image)
    files.move(unfinished, output)
    row = dist.describe(
        release, part, FileKind.IMAGE, output, image.reference, digest=oci_layout.digest_of(output)
    )
    dist.record(part, "docker_buildx", [row], _name(image), made_of)


def _name(image: Image) -> str:
    return image.reference.replace("/", "-").replace(":", "-")


def _file(part: ComponentRelease, image: Image, platform: str = "") -> str:
    return (
        "-".join([_name(image), part.version, *([platform.replace("/", "-")] if platform else [])])
        + ".oci.tar"
    )


def untestable(image: Image) -> ReleaseError | None:
    """Return an error where the image's own test needs a docker daemon, and none answers."""
    if "{image}" not in (image.test or "") or daemon.platform():
        return None
    fact = f"the test of {image.reference} takes {{image}}, which a docker daemon has to load, and none answers here"
    return ReleaseError(
        fact,
        "start docker (`docker info` shows it), or let the test take {layout}, the image's folder",
    )


def _look_at(c: Context, release: Release, part: ComponentRelease, image: Image, tar: Path) -> None:
    """Run the image's own scan and test on what will be pushed."""
    with files.scratch("image") as folder, _loaded(image, tar) as name:
        oci_layout.unpack(tar, folder / "layout")
        _run_own(c, release, part, image, folder / "layout", name)


def _loaded(image: Image, tar: Path) -> AbstractContextManager[str]:
    if "{image}" not in (image.test or ""):
        return nullcontext("")
    found = oci_layout.manifests(tar)
    return daemon.loaded(
        partial(oci_layout.blob, tar), found.get(daemon.platform()) or next(iter(found.values()))
    )


def _run_own(
    c: Context,
    release: Release,
    part: ComponentRelease,
    image: Image,
    layout: Path | str,
    name: str,
) -> None:
    report = part.dist / f"{_name(image)}-{part.version}.scan"
    for line in filter(None, (image.scan, image.test)):
        shell.do(
            c,
            [word.format(layout=layout, report=report, image=name) for word in shlex.split(line)],
            cwd=release.source_tree,
        )


def labels(release: Release, part: ComponentRelease, image: Image) -> dict[str, str]:
    """Return what the image says of itself (OCI image annotations); `revision` proves its commit later."""
    created = datetime.fromtimestamp(release.epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = {"revision": release.commit, "version": part.version, "created": created}
    if release.project.repository:
        said["source"] = f"{endpoints.GITHUB}/{release.project.repository}"
    return {
        **dict(image.labels),
        **{f"org.opencontainers.image.{key}": value for key, value in said.items()},
    }


def _copy_binaries(release: Release, folder: Path) -> None:
    found = [(part, row) for part in release.parts for row in dist.of_kind(part, FileKind.BINARY)]
    here = [path for part, row in found if (path := dist.file_of(part, row))]
    if not here:
        raise ReleaseError(
            "the image is made from binaries, and none is in dist/", "inv build-binaries"
        )
    for path in here:
        _place(release, folder / path.name, path.read_bytes())
        inside = (
            archives.read(path.name, path.read_bytes()) if archives.is_archive(path.name) else {}
        )
        for name, data in inside.items():
            _place(release, folder / archives.stem(path.name) / Path(name).name, data)


def _place(release: Release, path: Path, data: bytes) -> None:
    files.write_bytes(path, data)
    path.chmod(archives.PROGRAM)
    files.set_mtime(path, release.epoch)
