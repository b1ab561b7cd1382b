"""A name for exactly this commit."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.steps import step


@step
def tag(c: Context, version: str | None = None, component: str | None = None) -> None:
    """Commit what bump changed and tag that commit."""
    from release_tasks import shell
    from release_tasks.errors import ReleaseError
    from release_tasks.project import bump
    from release_tasks.release import Release
    from release_tasks.tools import git

    release = Release.at(c, version, component)
    if release.is_tagged:
        shell.say(f"nothing to do, {', '.join(p.tag for p in release.parts)} is at {release.commit[:7]}")
        return
    changed = bump.paths(release) if shell.is_dry(c) else bump.pending(release)
    if (left := bump.unwritten(release)) and not shell.is_dry(c):
        raise ReleaseError(f"{left[0]} does not carry {release.title}", f"inv bump --version {version or release.parts[0].version}")
    if changed:
        git.commit(c, release.top, changed, bump.message(release))
    for part in release.parts:
        git.create_tag(c, release.top, part.tag, f"{part.component.name} {part.version}")
