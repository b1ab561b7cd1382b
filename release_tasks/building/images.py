"""Images are built from an export of the commit and the release's binaries, into OCI tars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from invoke.context import Context

from release_tasks import dist, files, shell, terminal
from release_tasks.building import targets
from release_tasks.building.image_checks import (
    run_commands,
    scan_and_test,
    untestable,
)
from release_tasks.building.image_files import ImageFiles
from release_tasks.channels import image_tags, images
from release_tasks.converge import to_build
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.formats import (
    archive_names,
    archives,
    oci_layout,
    text_files,
    unpacking,
)
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import Image
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import docker
from release_tasks.tools.docker import buildkit
from release_tasks.tools.gh import hosts
from release_tasks.tools.git import clones
from release_tasks.versions.numbers import as_version
from release_tasks.versions.templates import fill

STEP = "docker_buildx"


@dataclass(frozen=True)
class ImageBuild:
    """One run of buildx: some platforms of an image into one file."""

    files: ImageFiles
    platforms: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Return True when it builds the image with all platforms, and no layout of one."""
        return self.platforms == self.files.image.platforms

    @property
    def output(self) -> Path:
        """Return the file of dist/ that is built."""
        if self.is_whole:
            return self.files.tar
        return self.files.layout(self.platforms[0])


def build(c: Context, release: Release, target: str | None) -> None:
    """Build, scan and test each image that is neither in dist/ nor on its registry.

    `target` is comma-separated platforms: each becomes a layout in dist/, until all platforms of an
    image are there, from whichever machines, and are joined into one image.
    """
    missing = _missing(release)
    if not missing:
        _say_nothing_to_do(release)
        return
    build_files(c, release, missing, target)


def build_files(
    c: Context,
    release: Release,
    missing: Sequence[ImageFiles],
    target: str | None = None,
) -> None:
    """Build, scan and test these images; `target` is that of `build`."""
    platforms = [
        platform for image in missing for platform in image.image.platforms
    ]
    chosen = targets.chosen(target, list(dict.fromkeys(platforms)), "image")
    if not shell.is_dry(c):
        _check_testable(missing, chosen)
    builds = [build for image in missing for build in _builds(image, chosen)]
    if builds:
        docker.require()
        with buildkit.builder(c) as builder:
            for job in builds:
                _build(c, release, job, builder)
    if not shell.is_dry(c):
        for image in missing:
            _join(c, release, image)


def labels(
    release: Release, part: ComponentRelease, image: Image
) -> dict[str, str]:
    """Return the labels of an image (OCI image annotations); its commit is recognized by them."""
    found = filled(release, part, image.labels)
    found["org.opencontainers.image.revision"] = release.commit
    version = part.tag if part.is_edge else part.version
    found["org.opencontainers.image.version"] = version
    found["org.opencontainers.image.created"] = _created(release)
    if release.project.repository:
        source = hosts.web(release.project.repository)
        found["org.opencontainers.image.source"] = source
    return found


def filled(
    release: Release, part: ComponentRelease, texts: Iterable[tuple[str, str]]
) -> dict[str, str]:
    """Return the texts of an image (arguments, labels, annotations) with their placeholders filled.

    Raises `ReleaseError` for an unknown placeholder.
    """
    number = as_version(part.version)
    values = {
        "version": part.version,
        "major": str(number.major),
        "minor": str(number.minor),
        "patch": str(number.patch),
        "tag": part.tag,
        "component": part.component.name,
        "commit": release.commit,
        "sha": release.commit[:7],
        "created": _created(release),
    }
    return {name: fill(text, values) for name, text in texts}


def _created(release: Release) -> str:
    return datetime.fromtimestamp(release.epoch, UTC).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


def _missing(release: Release) -> list[ImageFiles]:
    names = {
        artifact.name for artifact in to_build(release, images, FileKind.IMAGE)
    }
    return [
        ImageFiles(part, image)
        for part, image in image_tags.shipped(release)
        if image.name in names
    ]


def _say_nothing_to_do(release: Release) -> None:
    if images.expected(release):
        terminal.say("nothing to do, every image is built or published")
    else:
        terminal.say("nothing to do, no images to build")


def _check_testable(
    missing: Sequence[ImageFiles], chosen: Sequence[str]
) -> None:
    """Raise `ReleaseError` for the images that will be complete, and cannot be tested."""
    errors = []
    for image in missing:
        if {*chosen, *image.layouts()}.issuperset(image.image.platforms):
            error = untestable(image.image)
            if error is not None:
                errors.append(error)
    raise_all(errors)


def _builds(image: ImageFiles, chosen: Sequence[str]) -> list[ImageBuild]:
    """Return what to build: all platforms at once, or each chosen one that is not in dist/."""
    built = image.layouts()
    platforms = [
        name
        for name in image.image.platforms
        if name in chosen and name not in built
    ]
    if tuple(platforms) == image.image.platforms:
        return [ImageBuild(image, image.image.platforms)]
    return [ImageBuild(image, (platform,)) for platform in platforms]


def _build(
    c: Context, release: Release, job: ImageBuild, builder: Mapping[str, str]
) -> None:
    image = job.files.image
    dockerfile = text_files.peek(release.source_tree, image.dockerfile)
    contexts: tuple[str, ...] = ()
    if docker.takes_binaries(dockerfile):
        contexts = (docker.BINARIES,)
    _warn_about_emulation(job, docker.steps_per_platform(dockerfile))
    if shell.is_dry(c):
        shown = {context: f"<{context}>" for context in contexts}
        docker.build(
            c, _request(release, job, "<export>", job.output, shown), builder
        )
        if job.is_whole:
            run_commands(c, release, job.files, "<layout>", "<image>")
        return
    unfinished = dist.folder(job.files.part) / f".{job.output.name}"
    with files.scratch("image") as folder:
        tree = folder / "tree"
        clones.export(release.source_tree, release.commit, tree)
        for context in contexts:
            _copy_binaries(release, folder / context)
        folders = {context: folder / context for context in contexts}
        docker.build(
            c, _request(release, job, tree, unfinished, folders), builder
        )
    if job.is_whole:
        _keep_image(c, release, job.files, unfinished)
    else:
        _keep_layout(release, job, unfinished)


def _request(
    release: Release,
    job: ImageBuild,
    tree: Path | str,
    output: Path,
    contexts: Mapping[str, Path | str],
) -> docker.ImageRequest:
    image = job.files.image
    return docker.ImageRequest(
        tree=tree,
        context=image.context,
        dockerfile=image.dockerfile,
        target=image.target,
        output=output,
        platforms=job.platforms,
        args=filled(release, job.files.part, image.args),
        labels=labels(release, job.files.part, image),
        annotations=filled(release, job.files.part, image.annotations),
        secrets=image.secrets,
        cache=image.cache,
        contexts=contexts,
        epoch=release.epoch,
    )


def _warn_about_emulation(job: ImageBuild, steps: int) -> None:
    """Show which platforms are built in an emulator, and how to avoid that.

    `steps` is how many RUN instructions run once for each platform.
    """
    if steps == 0:
        return
    emulated = [
        platform
        for platform in job.platforms
        if platform not in buildkit.native()
    ]
    if not emulated:
        return
    terminal.say(
        f"{job.files.image.dockerfile} runs under QEMU for {', '.join(emulated)} "
        f"(RUN instructions: {steps}), which can turn minutes into hours; avoid it with "
        "`docker buildx create --append` and a machine of that kind, "
        "FROM --platform=$BUILDPLATFORM, or COPY --from=binaries"
    )


def _join(c: Context, release: Release, image: ImageFiles) -> None:
    """Join the platforms of an image if all are in dist/, else show which are missing."""
    built = image.layouts()
    if not built:
        return
    platforms = image.image.platforms
    missing = [platform for platform in platforms if platform not in built]
    if missing:
        terminal.say(
            f"{image.image.name} has no {', '.join(missing)} yet: "
            "build them on other machines, and run `inv collect`"
        )
        return
    unfinished = image.part.dist / f".{image.tar.name}"
    tars = [image.part.dist / built[platform].file for platform in platforms]
    annotations = filled(release, image.part, image.image.annotations)
    oci_layout.join(tars, unfinished, annotations)
    _keep_image(c, release, image, unfinished, list(built.values()))


def _keep_image(
    c: Context,
    release: Release,
    image: ImageFiles,
    unfinished: Path,
    layouts: Sequence[dist.Built] = (),
) -> None:
    """Scan and test an image, and record it in dist/ in place of the layouts it was made of."""
    # before it counts as built, so that the next run repeats a failed test
    scan_and_test(c, release, image, unfinished)
    files.move(unfinished, image.tar)
    row = dist.describe(
        release,
        image.part,
        FileKind.IMAGE,
        image.tar,
        image.image.name,
        digest=oci_layout.digest_of(image.tar),
    )
    dist.record(image.part, STEP, [row], image.name, layouts)


def _keep_layout(release: Release, job: ImageBuild, unfinished: Path) -> None:
    output = job.output
    [platform] = job.platforms
    name = job.files.image.name
    files.move(unfinished, output)
    row = dist.describe(
        release,
        job.files.part,
        FileKind.LAYOUT,
        output,
        f"{name} {platform}",
        digest=oci_layout.digest_of(output),
        target=platform,
        package=name,
    )
    dist.record(job.files.part, STEP, [row], target=output.name)


def _copy_binaries(release: Release, folder: Path) -> None:
    """Copy every binary of the release into a folder, archives also unpacked."""
    built = []
    for part in release.parts:
        for row in dist.of_kind(part, FileKind.BINARY):
            path = dist.file_of(part, row)
            if path is not None:
                built.append(path)
    if not built:
        raise ReleaseError(
            "the image needs binaries, and none is in dist/",
            "inv build-binaries",
        )
    for path in built:
        data = path.read_bytes()
        _write_program(release, folder / path.name, data)
        if archive_names.is_archive(path.name):
            unpacked = folder / archive_names.stem(path.name)
            for name, content in unpacking.files_in(path.name, data).items():
                _write_program(release, unpacked / Path(name).name, content)


def _write_program(release: Release, path: Path, data: bytes) -> None:
    files.write_bytes(path, data)
    path.chmod(archives.PROGRAM)
    files.set_mtime(path, release.epoch)
