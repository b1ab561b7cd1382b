"""Build the images from the commit and this release's binaries."""

from __future__ import annotations

from invoke.context import Context

from release_tasks import shell
from release_tasks.tasks import step

NEEDS = {"docker": "images", "buildx": "images"}


@step
def docker_buildx(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    target: str | None = None,
) -> None:
    """Build the images for every platform, or for --target."""
    from release_tasks.building import images
    from release_tasks.checks.artifacts.all import check_built
    from release_tasks.converge import begin
    from release_tasks.project.kinds import FileKind

    release = begin(c, version, component)
    with shell.limited(release.project.settings.build.minutes):
        images.build(c, release, target)
    check_built(c, release, FileKind.IMAGE)


docker_buildx.help["target"] = (
    "platforms, such as linux/arm64, comma-separated; default: all"
)
