"""A name for exactly this commit."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.steps import step


@step
def tag(
    c: Context, version: str | None = None, component: str | None = None, parse: str | None = None
) -> None:
    """Commit what bump changed and tag that commit."""
    from release_tasks import terminal
    from release_tasks.bumping.commit import commit_and_tag
    from release_tasks.release import Release

    if parse is not None:
        _show(parse)
        return
    release = Release.at(c, version, component)
    if release.is_tagged:
        terminal.say(
            f"nothing to do, {', '.join(p.tag for p in release.parts)} is at {release.commit[:7]}"
        )
        return
    commit_and_tag(c, release)


def _show(name: str) -> None:
    import json
    from pathlib import Path

    from release_tasks.project.discovery import discover
    from release_tasks.project.tags import read
    from release_tasks.tools import git

    component, version, is_promotion = read(discover(git.top(Path.cwd())), name)
    print(
        json.dumps(
            {
                "tag": name,
                "component": component.name,
                "version": version,
                "promotion": is_promotion,
            }
        )
    )
