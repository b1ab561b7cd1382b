"""Charts are rendered from their registry, and the images that they name must exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from invoke.context import Context

from release_tasks import files, terminal
from release_tasks.channels import image_tags, oci_registry
from release_tasks.channels.charts import shipped
from release_tasks.checks.smoke.program import NEXT, reason
from release_tasks.errors import ReleaseError
from release_tasks.project.model import Chart
from release_tasks.release import ComponentRelease, Release
from release_tasks.shell import Failed
from release_tasks.tools import helm

IMAGE = re.compile(r"""^[\s-]*image:\s*["']?([^\s"'#]+)""", re.M)


def verify(c: Context, release: Release) -> Iterator[ReleaseError]:
    """Yield an error for each chart that does not render, has other versions, or names no image that is there."""
    charts = list(shipped(release))
    if not charts:
        return
    with files.scratch("charts") as folder:
        for part, chart in charts:
            name = f"{chart.reference}:{helm.tag(part.version)}"
            try:
                errors = [
                    *_versions(folder, part, chart, name),
                    *_images(folder, release, part, chart, name),
                ]
            except Failed as error:
                errors = [
                    ReleaseError(
                        f"{name} cannot be used: {reason(error.output)}",
                        f"mend the chart, then {NEXT}",
                    )
                ]
            yield from errors


def _versions(
    folder: Path, part: ComponentRelease, chart: Chart, name: str
) -> Iterator[ReleaseError]:
    from ruamel.yaml import YAML

    found = YAML(typ="safe").load(helm.show(chart.reference, part.version, folder))
    wanted = {"version": part.version, "appVersion": chart.app_version.format(version=part.version)}
    wrong = [key for key, value in wanted.items() if str(found.get(key)) != value]
    for key in wrong:
        yield ReleaseError(f"{name} has {key} {found.get(key)}, not {wanted[key]}", NEXT)
    if not wrong:
        terminal.say(f"{name} is a chart of version {part.version} for {wanted['appVersion']}")


def _images(
    folder: Path, release: Release, part: ComponentRelease, chart: Chart, name: str
) -> Iterator[ReleaseError]:
    try:
        text = helm.render(chart.reference, part.version, folder, "fetched-back")
    except Failed as error:
        if not re.search("execution error at|library charts are not installable", error.output):
            raise
        terminal.say(
            f"{name} was not rendered: {reason(error.output)}"
        )  # it demands values, or is no application
        return
    ours = {oci_registry.split(image.reference) for _, image in image_tags.shipped(release)}
    named = [(name, *_parts(name)) for name in dict.fromkeys(IMAGE.findall(text))]
    mine = [
        (shown, reference, tag)
        for shown, reference, tag in named
        if oci_registry.split(reference) in ours
    ]
    absent = [
        shown for shown, reference, tag in mine if oci_registry.digest(reference, tag) is None
    ]
    for shown in absent:
        yield ReleaseError(
            f"{name} names the image {shown}, which is not there",
            "inv publish-images, or choose the next version",
        )
    if not absent:
        terminal.say(f"{name} renders" + "".join(f", and {shown} is there" for shown, _, _ in mine))


def _parts(image: str) -> tuple[str, str]:
    """Return the reference of an image, and its tag or digest."""
    reference, _, digest = image.partition("@")
    place, _, last = reference.rpartition("/")
    bare, _, tag = last.partition(":")
    return (f"{place}/{bare}" if place else bare), digest or tag or "latest"
