"""Which versions of a component were released before."""

from __future__ import annotations

from release_tasks.project.components import version_in
from release_tasks.project.model import Component, Project
from release_tasks.tools import gh, git


def last_finished(project: Project, component: Component) -> str | None:
    """Return the highest version of a component whose release is finished, or None.

    On GitHub a release is finished when it is public; elsewhere when its tag is on origin.
    """
    from release_tasks.project.versions import parse

    if git.remote_url(project.root) is None:
        return None
    tags = [ref.removeprefix("refs/tags/") for ref in git.remote_refs(project.root, "refs/tags/*")]
    versions = {tag: number for tag in tags if (number := version_in(component, tag))}
    if project.repository is not None and versions:
        public = {row["tag_name"] for row in gh.releases(project.repository) if not row["draft"]}
        versions = {tag: number for tag, number in versions.items() if tag in public}
    return max(versions.values(), key=parse, default=None)
