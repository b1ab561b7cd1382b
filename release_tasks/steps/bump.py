"""The version, in every file that carries it."""

from __future__ import annotations

from invoke.context import Context

from release_tasks.steps import WORDS, step


@step
def bump(
    c: Context, version: str | None = None, component: str | None = None, json: bool = False
) -> None:
    """Write the version into every file that carries it."""
    import gc
    from json import dumps
    from pathlib import Path

    from release_tasks import memo, terminal
    from release_tasks.project import discovery
    from release_tasks.tools import git

    with memo.memoizing():  # until the first file is written
        top = git.top(Path.cwd())
        discovery.prefetch(top)
        from release_tasks.bumping import bump as edits
        from release_tasks.project.version_levels import resolve
        from release_tasks.release import Release

        release = Release.at(c, resolve(version or "", component), component)
        if release.is_tagged:
            terminal.say(f"nothing to do, {release.parts[0].tag} is at {release.commit[:7]}")
        done = edits.Bumped() if release.is_tagged else edits.write(c, release)
    gc.freeze()  # Python would look through all that was read of every crate three times more before it ends
    if json:
        rows = done._asdict()
        print(
            dumps(
                rows
                | {key: [one._asdict() for one in rows[key]] for key in ("disagreed", "forgotten")},
                indent=2,
            )
        )


bump.help["version"] = WORDS  # none: a bump has to be told
