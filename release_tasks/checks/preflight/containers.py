"""Images and charts: what would fail only when the image is built or the chart is installed."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from release_tasks.bumping import chart_pins
from release_tasks.channels import charts, oci_registry
from release_tasks.checks.chart_images import NamedImage
from release_tasks.checks.check import CheckContext, problem, warning
from release_tasks.checks.preflight import chart_rendering
from release_tasks.checks.preflight.dockerfiles import (
    BuildContext,
    CargoRun,
    cargo_runs,
)
from release_tasks.errors import Problem, ReleaseError, problems_of, shorten
from release_tasks.formats import dockerfile, text_files, yaml_texts
from release_tasks.formats.text_files import read
from release_tasks.http import get_many
from release_tasks.manifests import chart_yaml, toml_values
from release_tasks.printable import word
from release_tasks.project.model import Chart, Crate, Image, resolved_or_empty
from release_tasks.project.settings import FILE
from release_tasks.release import ComponentRelease
from release_tasks.rules import oci
from release_tasks.shell import found
from release_tasks.tools import docker
from release_tasks.tools.docker import buildkit
from release_tasks.tools.helm import dependencies as helm_dependencies
from release_tasks.tools.helm.dependencies import Dependency
from release_tasks.tools.programs import PROGRAMS, is_installed
from release_tasks.versions import helm_ranges

TARGETS = {
    "bin": "src/bin",
    "bench": "benches",
    "test": "tests",
    "example": "examples",
}


@problem
def reference_collision(context: CheckContext) -> list[Problem]:
    """Find each reference of an image and a chart, where one would overwrite the other."""
    return problems_of(charts.collisions(context.release))


@problem
def chart_image_unpublished(context: CheckContext) -> Iterator[Problem]:
    """Find each chart that runs an image which is not published, or an old version of ours."""
    for part, chart in _charts(context):
        named = chart_rendering.images_of(context.release, part, chart)
        if named is not None:
            yield from chart_rendering.wrong_images(
                context.release, chart, named
            )
        yield from _default_image_problems(context, part, chart, named or ())


@problem
def platform_not_run(context: CheckContext) -> Iterator[Problem]:
    """Find each Dockerfile that runs programs of a platform which docker's builder cannot run."""
    images: list[Image] = []
    for image, text in _dockerfiles(context):
        if docker.steps_per_platform(text):
            images.append(image)
    builder = (PROGRAMS["docker"], PROGRAMS["buildx"])
    if not images or not all(is_installed(program) for program in builder):
        return  # missing_program says so
    known = buildkit.platforms()
    if not known:
        return
    for image in images:
        missing = [
            platform for platform in image.platforms if platform not in known
        ]
        if missing:
            yield Problem(
                f"{image.dockerfile} runs programs of {shorten(missing)}, "
                f"but docker's builder runs only {', '.join(sorted(known))}",
                "start its stages with FROM --platform=$BUILDPLATFORM, "
                "install qemu-user-static (binfmt), or add a builder on such a machine",
                image.dockerfile,
            )


@problem
def chart_name_mismatch(context: CheckContext) -> Iterator[Problem]:
    """Find each chart whose reference ends with another name than helm pushes it under.

    helm appends the name in Chart.yaml to the registry (helm.sh/docs/topics/registries).
    """
    root = context.project.root
    for _, chart in _charts(context):
        path = (chart.folder / "Chart.yaml").relative_to(root).as_posix()
        name = ""
        with suppress(ReleaseError):
            name = chart_yaml.read(text_files.peek(root, path), path).name
        if name and name != chart.name:
            base = chart.reference.rpartition("/")[0]
            yield Problem(
                f"{path} has the name {name}, and the reference {chart.reference} ends with "
                "another one",
                f'name: {chart.name} in {path}, or [charts."{base}/{name}"] in {FILE}',
                path,
            )


@problem
def chart_dependency_gone(context: CheckContext) -> Iterator[Problem]:
    """Find the dependencies of a chart that helm cannot download, grouped by reason."""
    yield from _pushed_later(context)
    if not found("helm"):
        return
    for path, chart, needs in _downloaded(context):
        reasons = get_many(
            partial(helm_dependencies.fault, chart.folder), needs
        )
        by_reason: dict[str, list[str]] = {}
        for dependency, reason in zip(needs, reasons, strict=True):
            if reason:
                name = f"{dependency.name} {dependency.version}"
                by_reason.setdefault(reason, []).append(name)
        for reason, names in by_reason.items():
            yield Problem(
                f"helm cannot download {shorten(names)}, which {path} depends on: {reason}",
                f"correct repository or version in {path}, or commit the chart to charts/ "
                "beside it",
                path,
            )


@warning
def chart_unlocked(context: CheckContext) -> Iterator[Problem]:
    """Find each chart without Chart.lock whose dependencies may be another version tomorrow."""
    for path, _, needs in _downloaded(context):
        loose = [
            f"{one.name} {one.version}" for one in needs if not one.is_exact
        ]
        folder = path.removesuffix("Chart.yaml")
        file, lock = chart_yaml.dependency_files(
            folder.rstrip("/"), context.project.files
        )
        if loose and not (context.release.source_tree / lock).exists():
            yield Problem(
                f"{file} gets the newest of {shorten(loose)} when it is packed",
                f"helm dependency update {word(folder or '.')}, and commit {word(lock)}",
                file,
            )


@problem
def chart_lock_outdated(context: CheckContext) -> Iterator[Problem]:
    """Find each chart whose lock is for other dependencies, so that helm refuses to build it."""
    for folder in _unbuilt(context):
        if chart_pins.is_outdated(context.release, folder):
            _, lock = chart_yaml.dependency_files(folder, context.project.files)
            yield Problem(
                f"{lock} was written for other dependencies than the chart has, "
                "and helm refuses to build it",
                f"helm dependency update {word(folder or '.')}, and commit {word(lock)}",
                lock,
            )


@problem
def dockerfile_missing_member(context: CheckContext) -> Iterator[Problem]:
    """Find each Dockerfile that runs cargo with only some manifests of the workspace."""
    tree = context.release.source_tree
    found = {
        crate.folder.relative_to(tree).as_posix(): crate
        for crate in context.project.crates
        if crate.folder != context.release.cargo_tree
    }
    for image, run in _cargo_runs(context):
        members = {
            _in_context(image, folder): crate for folder, crate in found.items()
        }
        missing = [
            folder
            for folder in members
            if not run.has(f"{folder}/Cargo.toml", folder)
        ]
        if missing and len(missing) < len(members):
            commands = [
                f"COPY {folder}/Cargo.toml {folder}/Cargo.toml"
                + _write_source(context, members[folder], image, run)
                for folder in missing
            ]
            yield Problem(
                f"{image.dockerfile} runs cargo without the manifest of {shorten(missing)}, "
                "and cargo refuses the workspace",
                f"add before that line: {' and '.join(commands)}",
                image.dockerfile,
                run.line,
            )


@problem
def dockerfile_missing_target(context: CheckContext) -> Iterator[Problem]:
    """Find each Dockerfile that runs cargo without a file that the root's manifest names."""
    named = list(_named_files(context))
    if not named:
        return
    for image, run in _cargo_runs(context):
        files = [_in_context(image, file) for file in named]
        missing = [file for file in files if not run.has(file, file)]
        manifest = _in_context(image, context.project.cargo_manifest)
        if missing and run.copies(manifest):
            commands = " and ".join(f"COPY {file} {file}" for file in missing)
            fix = f"add before that line: {commands}"
            if any(run.makes_folder_of(file) for file in missing):
                fix += "; the folder then exists already, so change its mkdir to mkdir -p"
            yield Problem(
                f"{image.dockerfile} runs cargo without {shorten(missing)}, which {manifest} "
                "names, and cargo refuses the package",
                fix,
                image.dockerfile,
                run.line,
            )


@problem
def dockerfile_missing_source(context: CheckContext) -> Iterator[Problem]:
    """Find each COPY of a path that the build context does not have."""
    tree = context.release.source_tree
    for image in context.shipped("images", Image):
        folder = BuildContext.of(tree, image.dockerfile, image.context)
        for source in folder.missing(image.target):
            where = "the repository"
            if image.context != ".":
                where = f"{image.context}/, the build context"
            if folder.is_ignored(source):
                yield Problem(
                    f"{image.dockerfile} copies {source.source}, which {folder.ignore_file} "
                    "leaves out of the build context",
                    f"add !{source.path} to {folder.ignore_file}",
                    image.dockerfile,
                    source.line,
                )
                continue
            yield Problem(
                f"{image.dockerfile} copies {source.source}, which is not in {where}",
                f"git add {word(posixpath.join(image.context, source.path).removeprefix('./'))}, "
                f"or correct that line, or context in [images.{image.name}]",
                image.dockerfile,
                source.line,
            )


@problem
def dockerfile_missing_stage(context: CheckContext) -> Iterator[Problem]:
    """Find each image whose target is not a stage of its Dockerfile."""
    for image, text in _dockerfiles(context):
        if image.target is not None and not dockerfile.has_stage(
            text, image.target
        ):
            names = [name for name in dockerfile.stages(text) if name]
            yield Problem(
                f"{image.dockerfile} has no stage {image.target}, the target of {image.name}",
                f"use one of: {', '.join(names) or 'none has a name'}",
                image.dockerfile,
            )


@warning
def unused_stage(context: CheckContext) -> Iterator[Problem]:
    """Find each image without a target whose name ends with another stage than the last."""
    for image, text in _dockerfiles(context):
        names = dockerfile.stages(text)
        last_part = re.split("[-_./]", image.reference)[-1]
        if image.target is None and last_part in names[:-1]:
            built = names[-1] or "the last one"
            yield Problem(
                f"{image.name} is built from {built} of {image.dockerfile}, "
                f"which also has a stage {last_part}",
                f'set target = "{last_part}" in [images.{image.name}], or '
                f'target = "{names[-1] or len(names) - 1}"',
                image.dockerfile,
            )


def _dockerfiles(context: CheckContext) -> Iterator[tuple[Image, str]]:
    """Yield each image with the text of its Dockerfile."""
    for image in context.shipped("images", Image):
        tree = context.release.source_tree
        yield image, text_files.peek(tree, image.dockerfile)


def _charts(context: CheckContext) -> Iterator[tuple[ComponentRelease, Chart]]:
    for part in context.release.parts:
        for chart in resolved_or_empty(part.component.charts):
            yield part, chart


def _default_image_problems(
    context: CheckContext,
    part: ComponentRelease,
    chart: Chart,
    named: tuple[NamedImage, ...],
) -> Iterator[Problem]:
    """Yield what is wrong with the image in a chart's values, as far as its text shows that."""
    values = chart.folder / "values.yaml"
    path = values.relative_to(context.release.source_tree).as_posix()
    reference, tag = _default_image(values)
    if not reference:
        return
    ours = {
        oci.name(image.reference) for image in context.shipped("images", Image)
    }
    rendered = {image.name for image in named}
    if oci.name(reference) in ours & rendered:
        return  # looked at as it is rendered
    app_version = chart.app_version.format(version=part.version)
    image = _image_named(context, reference)
    if image is not None:
        if oci.name(image.reference) != oci.name(reference):
            yield Problem(
                f"{path} uses the image {reference}, but {image.reference} is published",
                f"set image.repository in {path} to {image.reference}",
                path,
            )
        tags = {
            template.replace("{version}", part.version)
            for template in image.tags
        }
        if not tag and app_version not in tags:
            yield Problem(
                f"{path} uses the tag {app_version} (the appVersion), "
                f"but the image gets {shorten(sorted(tags))}",
                f'set app-version = "{{version}}" in [charts."{chart.reference}"], '
                "or give the image that tag",
                path,
            )
    elif not _has_ambiguous_images(context):
        yield from _missing_image(path, reference, tag or app_version)


def _default_image(values: Path) -> tuple[str, str]:
    """Return the reference and the tag in a chart's values, empty where they have none."""
    data: Any = None
    if values.exists():
        text = text_files.content(values).decode(errors="replace")
        data = yaml_texts.load(text, values.name)
    if not isinstance(data, dict) or not isinstance(data.get("image"), dict):
        return "", ""
    image = data["image"]
    reference = image.get("repository")
    if not reference:
        return "", ""
    if image.get("registry"):
        reference = f"{image['registry']}/{reference}"
    return str(reference), str(image.get("tag") or "")


def _image_named(context: CheckContext, reference: str) -> Image | None:
    """Return the image of this release with a reference, else one with the same last name."""
    images = list(context.shipped("images", Image))
    for image in images:
        if reference and oci.name(image.reference) == oci.name(reference):
            return image
    name = reference.rpartition("/")[2]
    return next(
        (
            image
            for image in images
            if image.reference.rpartition("/")[2] == name
        ),
        None,
    )


def _has_ambiguous_images(context: CheckContext) -> bool:
    images = [part.component.images for part in context.release.parts]
    return any(isinstance(found, ReleaseError) for found in images)


def _missing_image(path: str, reference: str, tag: str) -> Iterator[Problem]:
    registry = oci_registry.split(reference)[0]
    if registry == "docker.io":  # it counts requests without a login
        return
    try:
        digest = oci_registry.digest(reference, tag)
    except ReleaseError:  # users may have a login for it, or a way to it
        return
    if digest is None:
        yield Problem(
            f"{path} uses the image {reference}:{tag}, which {registry} does not have",
            f"set the image in {path} to one that exists",
            path,
        )


def _downloaded(
    context: CheckContext,
) -> Iterator[tuple[str, Chart, list[Dependency]]]:
    """Yield the Chart.yaml of each chart, and its dependencies that are not in the repository."""
    for chart in context.shipped("charts", Chart):
        manifest = chart.folder / "Chart.yaml"
        path = manifest.relative_to(context.release.source_tree).as_posix()
        folder = path.rpartition("/")[0]
        needs: list[Dependency] = []
        own = chart_pins.siblings(context.release, folder)
        for dependency in helm_dependencies.dependencies(chart.folder):
            repository = dependency.repository.rstrip("/")
            is_here = repository.startswith(chart_pins.FILE_URL)
            if is_here and (dependency.name, repository) in own:
                continue
            if not _is_vendored(context, folder, dependency.name):
                needs.append(dependency)
        if needs:
            yield path, chart, needs


def _unbuilt(context: CheckContext) -> Iterator[str]:
    """Yield the folder of each chart for which helm has to fetch something when it is packed."""
    for chart in context.shipped("charts", Chart):
        folder = chart.folder.relative_to(
            context.release.source_tree
        ).as_posix()
        folder = folder.removeprefix(".")
        for row in chart_pins.dependencies(context.release, folder):
            if not _is_vendored(context, folder, str(row["name"])):
                yield folder
                break


def _is_vendored(context: CheckContext, folder: str, name: str) -> bool:
    """Tell whether a dependency of a chart is committed in the folder `charts/` beside it."""
    charts = posixpath.join(folder, "charts", name)
    forms = (f"{charts}-", f"{charts}/")
    return any(file.startswith(forms) for file in context.project.files)


def _pushed_later(context: CheckContext) -> Iterator[Problem]:
    """Find each requirement on a chart's new version, which is pushed only after all are packed."""
    shipped = list(context.shipped("charts", Chart))
    folders = {chart.reference: chart.folder for chart in shipped}
    for chart in shipped:
        manifest = chart.folder / "Chart.yaml"
        path = manifest.relative_to(context.release.source_tree).as_posix()
        own = chart_pins.siblings(context.release, path.rpartition("/")[0])
        for row in chart_pins.dependencies(
            context.release, path.rpartition("/")[0]
        ):
            name, repository = chart_yaml.dependency_key(row)
            new = own.get((name, repository))
            reference = f"{repository.removeprefix(chart_pins.OCI_URL)}/{name}"
            wanted = str(row.get("version") or "")
            if new is None or reference not in folders:
                continue
            if helm_ranges.updated(wanted, new) == wanted:
                continue
            folder = os.path.relpath(folders[reference], chart.folder)
            yield Problem(
                f"{path} will require {name} {new} from {repository}, where this release "
                "pushes it only after all charts are packed",
                f'write repository: "file://{folder}" in {path}, and run '
                f"helm dependency update {word(posixpath.dirname(path) or '.')}",
                path,
            )


def _cargo_runs(context: CheckContext) -> Iterator[tuple[Image, CargoRun]]:
    """Yield the first run of cargo in each stage of each image that has the workspace."""
    for image, text in _dockerfiles(context):
        folder = posixpath.normpath(image.context)
        manifest = context.project.cargo_manifest
        if folder == "." or manifest.startswith(f"{folder}/"):
            for run in cargo_runs(text):
                yield image, run


def _in_context(image: Image, path: str) -> str:
    """Return a path of the repository as one in the folder that an image is built from."""
    return path.removeprefix(f"{posixpath.normpath(image.context)}/")


def _write_source(
    context: CheckContext, crate: Crate, image: Image, run: CargoRun
) -> str:
    """Return the command that writes a first source of a member, empty where one is copied.

    cargo refuses a member without any.
    """
    workspace = context.project.workspace
    assert workspace is not None  # there are members
    first = PurePosixPath(
        workspace.packages[crate.name]["targets"][0]["src_path"]
    )
    below = first.relative_to(context.release.source_tree.as_posix())
    source = PurePosixPath(_in_context(image, below.as_posix()))
    if run.copies(source.as_posix()):
        return ""
    return (
        f" and RUN mkdir -p {source.parent} && echo 'fn main() {{}}' > {source}"
    )


def _named_files(context: CheckContext) -> Iterator[str]:
    """Yield the files of the root package without which cargo builds nothing of it.

    Of tests and benches only those with a name in Cargo.toml are looked for by cargo.
    """
    project, files = context.project, context.project.files
    if not project.has_cargo:
        return
    manifest = toml_values.load(
        read(context.release.source_tree, project.cargo_manifest),
        project.cargo_manifest,
    )
    script = manifest.get("package", {}).get("build")
    if isinstance(script, str):
        yield posixpath.join(project.cargo_folder, script)
    for kind, folder in TARGETS.items():
        for target in manifest.get(kind, ()):
            for below in _target_files(kind, folder, target):
                path = posixpath.join(project.cargo_folder, below)
                if path in files:
                    yield path
                    break


def _target_files(kind: str, folder: str, target: dict[str, Any]) -> list[str]:
    """Return where cargo looks for the file of a target, best first."""
    if "path" not in target:
        name = f"{folder}/{target.get('name')}"
        return [f"{name}.rs", f"{name}/main.rs"]
    if kind == "bin":
        return [target["path"]]
    return []
