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
) -> None:
    """Push the images that are not in their registry, by digest."""
    from release_tasks.channels import images
    from release_tasks.converge import begin, converge

    converge(c, begin(c, version, component), images, new)
