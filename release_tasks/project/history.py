"""Which versions of a component were released before, and which of them HEAD still is."""

from __future__ import annotations

from release_tasks.project.model import Component, Project
from release_tasks.project.tags import tag_name, version_in
from release_tasks.tools import gh, git


def last_finished(project: Project, component: Component) -> str | None:
    """Return the highest version of a component whose release is finished, or None."""
    return next(iter(finished(project, component)), None)


def finished(project: Project, component: Component) -> tuple[str, ...]:
    """Return the versions of a component whose release is finished, highest first.

    On GitHub a release is finished when it is public; elsewhere when its tag is on origin.
    """
    from release_tasks.project.versions import parse

    if git.remote_url(project.root) is None:
        return ()
    tags = [ref.removeprefix("refs/tags/") for ref in git.remote_refs(project.root, "refs/tags/*")]
    versions = {tag: number for tag in tags if (number := version_in(component, tag))}
    if project.repository is not None and versions:
        public = {row["tag_name"] for row in gh.releases(project.repository) if not row["draft"]}
        versions = {tag: number for tag, number in versions.items() if tag in public}
    return tuple(sorted(versions.values(), key=parse, reverse=True))


def is_at_head(project: Project, component: Component, version: str) -> bool:
    """Tell whether nothing was committed since a version was tagged."""
    name = tag_name(component, version)
    return git.tags(project.root).get(name, git.remote_tag(project.root, name)) == git.head(project.root)
