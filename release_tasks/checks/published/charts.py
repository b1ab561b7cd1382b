"""Render each chart from its registry, and look for the images that it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from invoke.context import Context

from release_tasks import files, terminal
from release_tasks.channels import image_tags, oci_registry
from release_tasks.channels.charts import shipped
from release_tasks.checks.chart_images import named_images
from release_tasks.checks.smoke.program import NEXT, reason
from release_tasks.errors import Problem
from release_tasks.formats import yaml_texts
from release_tasks.project.model import Chart
from release_tasks.release import ComponentRelease, Release
from release_tasks.rules import oci
from release_tasks.shell import Failed
from release_tasks.tools import helm
from release_tasks.tools.helm import rendering


@dataclass(frozen=True)
class _Published:
    """A chart on its registry, and a folder that helm may download it to."""

    part: ComponentRelease
    chart: Chart
    folder: Path

    @property
    def name(self) -> str:
        return f"{self.chart.reference}:{helm.tag(self.part.version)}"


def verify(c: Context, release: Release) -> Iterator[Problem]:
    """Yield each chart that does not render, has other versions, or uses a missing image."""
    charts = list(shipped(release))
    if not charts:
        return
    with files.scratch("charts") as folder:
        for part, chart in charts:
            published = _Published(part, chart, folder)
            try:
                wrong = [*_versions(published), *_images(release, published)]
            except Failed as error:
                fact = (
                    f"{published.name} cannot be used: {reason(error.output)}"
                )
                wrong = [Problem(fact, NEXT)]
            yield from wrong


def _versions(published: _Published) -> Iterator[Problem]:
    version = published.part.version
    app_version = published.chart.app_version.format(version=version)
    text = helm.show(published.chart.reference, version, published.folder)
    found = yaml_texts.load(text, "Chart.yaml") or {}
    is_right = True
    for key, wanted in {"version": version, "appVersion": app_version}.items():
        if str(found.get(key)) != wanted:
            is_right = False
            fact = f"{published.name} has {key} {found.get(key)}, expected {wanted}"
            yield Problem(fact, NEXT)
    if is_right:
        terminal.say(
            f"{published.name} has version {version} and appVersion {app_version}"
        )


def _images(release: Release, published: _Published) -> Iterator[Problem]:
    """Yield the images of this project that a chart uses and that are not on their registry."""
    name = published.name
    try:
        text = _rendered(release, published)
    except Failed as error:
        why = rendering.needs_more(error.output)
        if not why:
            raise
        terminal.say(f"{name} was not rendered: {why}")
        return
    ours = {
        oci.name(image.reference) for _, image in image_tags.shipped(release)
    }
    present: list[str] = []
    is_complete = True
    for image in named_images(text):
        if image.name not in ours:
            continue
        if oci_registry.digest(image.reference, image.tag) is None:
            is_complete = False
            fix = "inv publish-images, or choose the next version"
            fact = f"{name} uses the image {image.text}, which does not exist"
            yield Problem(fact, fix)
        present.append(image.text)
    if is_complete:
        terminal.say(
            ", ".join(
                [
                    f"{name} renders",
                    *(f"and {image} exists" for image in present),
                ]
            )
        )


def _rendered(release: Release, published: _Published) -> str:
    """Return the manifests with default values, else with those that the chart is tested with.

    Raises `Failed` where helm renders none.
    """
    reference, version = published.chart.reference, published.part.version
    try:
        return helm.render(reference, version, published.folder, "verified")
    except Failed as error:
        if not rendering.needs_more(error.output):
            raise
        refused = error
    for path in published.chart.values:
        values = release.source_tree / path
        try:
            return helm.render(
                reference, version, published.folder, "verified", values
            )
        except Failed as error:
            refused = error
    raise refused
