"""Push the images by the digest that was scanned and tested; they can still be deleted."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.tasks import step

NEEDS = {"docker": "images", "buildx": "images"}


@step
def publish_images(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    new: str | None = None,
    edge: bool = False,
) -> None:
    """Push the images that are not in their registry, by digest."""
    from release_tasks.channels import images
    from release_tasks.converge import begin, converge

    if edge:
        _publish_edge(c, version, component, new)
        return
    converge(c, begin(c, version, component), images, new)


def _publish_edge(
    c: Context, version: str | None, component: str | None, new: str | None
) -> None:
    """Build the images of the newest commit, and push them under tags that no version has."""
    from release_tasks.building import edge
    from release_tasks.checks.artifacts.all import check_built
    from release_tasks.errors import ReleaseError
    from release_tasks.project.kinds import FileKind

    if version:
        raise ReleaseError(
            "--edge publishes the newest commit, which has no version",
            "inv publish-images --edge",
        )
    release = edge.release(c, component)
    states = edge.states(release)
    edge.build(c, release, states, new)
    check_built(c, release, FileKind.IMAGE)
    edge.publish(c, release, states)
