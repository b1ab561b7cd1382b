"""What a chart of this release will run, rendered as it will be released."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from posixpath import basename

from release_tasks import files
from release_tasks.bumping import file_edits
from release_tasks.channels import image_tags, oci_registry
from release_tasks.checks.chart_images import NamedImage, named_images
from release_tasks.errors import Problem, ReleaseError
from release_tasks.formats.text_files import line_at, read
from release_tasks.project.model import Chart, resolved_or_empty
from release_tasks.project.settings import FILE
from release_tasks.release import ComponentRelease, Release
from release_tasks.rules import oci
from release_tasks.shell import found
from release_tasks.tools.helm import rendering


@dataclass(frozen=True)
class _Ours:
    """The tags that an image of this project gets in this release, none where it is not in it."""

    reference: str
    tags: tuple[str, ...]
    version: str


def images_of(
    release: Release, part: ComponentRelease, chart: Chart
) -> tuple[NamedImage, ...] | None:
    """Return the images that a chart names with its default values, None where that is unknown.

    Where helm demands values, the files with which the chart is tested are taken.
    """
    if chart.is_library or not found("helm"):
        return None
    app_version = chart.app_version.format(version=part.version)
    with files.scratch("render") as tree:
        _copy_charts(release, tree)
        folder = tree / chart.folder.relative_to(release.source_tree)
        values = [tree / path for path in chart.values]
        try:
            text = rendering.render_with(
                folder, part.version, app_version, values
            )
        except ReleaseError:
            return None
    return named_images(text)


def wrong_images(
    release: Release, chart: Chart, named: tuple[NamedImage, ...]
) -> Iterator[Problem]:
    """Yield each image of this project that a chart would run in a version that is not this one."""
    ours = _ours(release)
    current = {
        image.name
        for image in named
        if image.tag in ours.get(image.name, _NONE).tags
    }
    for image in named:
        if image.name not in ours:
            continue
        own = ours[image.name]
        if image.tag in own.tags:
            continue
        if _is_published(image):
            if image.name in current or not own.tags:
                continue  # it runs this version, too, or the image is not of this release
            fact = f"runs {image.text}, and this release is {own.version}"
        else:
            fact = f"runs {image.text}, which is not published, and not by this release"
        yield _problem(release, chart, image, own, fact)


_NONE = _Ours("", (), "")


def _ours(release: Release) -> dict[oci.Name, _Ours]:
    found: dict[oci.Name, _Ours] = {}
    for component in release.project.components:
        for image in resolved_or_empty(component.images):
            name = oci.name(image.reference)
            found.setdefault(name, _Ours(image.reference, (), ""))
    for part in release.parts:
        for image in resolved_or_empty(part.component.images):
            name = oci.name(image.reference)
            tags = (
                *found[name].tags,
                *image_tags.fixed_tags(release, part, image),
                *image_tags.moving_tags(part, image),
            )
            found[name] = _Ours(image.reference, tags, part.version)
    return found


def _is_published(image: NamedImage) -> bool:
    try:
        return oci_registry.digest(image.reference, image.tag) is not None
    except ReleaseError:
        return False  # of our own image, which this release will push there


def _problem(
    release: Release, chart: Chart, image: NamedImage, own: _Ours, fact: str
) -> Problem:
    root = chart.folder.relative_to(release.source_tree).as_posix()
    path, number, line = _place(release, chart, image)
    subject = f"the chart {root}"
    if own.version and own.version in image.tag:
        template = image.tag.replace(own.version, "{version}")
        fix = f'add "{template}" to the tags of [images."{own.reference}"] in {FILE}'
        return Problem(f"{subject} {fact}", fix, path, number)
    fix = f"let it take {own.reference} in the version of the chart: {{{{ .Chart.AppVersion }}}}"
    if line and "{" not in line:
        template = line.replace(image.tag, "{version}")
        fix = f"add to {FILE}:\n[files]\n\"{path}\" = ['''{template}''']"
    elif line and f"{image.reference}:{image.tag}" in line:
        template = f"{image.reference}:{{version}}"
        fix = f"add to {FILE}:\n[files]\n\"{path}\" = ['''{template}''']"
    return Problem(f"{subject} {fact}", fix, path, number)


def _place(
    release: Release, chart: Chart, image: NamedImage
) -> tuple[str, int, str]:
    """Return path, number and text of the line with an image's tag; else that of Chart.yaml."""
    start = chart.folder.relative_to(release.source_tree).as_posix()
    inside = [
        path
        for path in release.project.files
        if path.startswith(f"{start}/")
        and path.endswith((".yaml", ".yml", ".tpl"))
    ]
    for wanted in (image.text, image.tag):
        for path in inside:
            if basename(path) in ("Chart.yaml", "Chart.lock"):
                continue
            text = read(release.source_tree, path)
            at = text.find(wanted)
            if at >= 0:
                number = line_at(text, at)
                return path, number, text.splitlines()[number - 1].strip()
    return f"{start}/Chart.yaml", 0, ""


def _copy_charts(release: Release, tree: Path) -> None:
    """Copy every chart of the repository as this release has it."""
    project = release.project
    folders = []
    for path in project.files:
        if basename(path) == "Chart.yaml":
            folders.append(path.removesuffix("Chart.yaml"))
    for path in project.files:
        if not path.startswith(tuple(folders)):
            continue
        source = release.source_tree / path
        sources = [source] if source.is_file() else sorted(source.rglob("*"))
        for one in sources:  # a link to a folder has several
            if one.is_file():
                files.copy(one, tree / one.relative_to(release.source_tree))
    if not release.is_tagged:
        for path, text in _new_texts(release).items():
            if (tree / path).exists():
                files.write_bytes(tree / path, text.encode())


def _new_texts(release: Release) -> dict[str, str]:
    try:
        return file_edits.new_texts(file_edits.compute(release))
    except ReleaseError:
        return {}  # another check says why
