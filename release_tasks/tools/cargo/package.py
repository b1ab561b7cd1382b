"""cargo package: packs crates, without building them or as cargo publish verifies them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from invoke.context import Context

from release_tasks import shell, terminal
from release_tasks.shell import Failed
from release_tasks.tools.cargo import CRATES_IO, select
from release_tasks.tools.cargo.publish import explain


def package(
    c: Context,
    tree: Path,
    target: Path,
    names: Sequence[str],
    locked: bool,
    offline: bool,
) -> None:
    """Pack crates of one workspace into `target`/package, as NAME-VERSION.crate.

    `offline` tries cargo's cache before it asks the index for every dependency of every crate,
    which takes most of the time. Raises `ReleaseError`, also for a tree with changes.
    """
    argv: list[str | Path] = ["cargo", "package", "--quiet", "--no-verify"]
    argv += [*CRATES_IO, "--target-dir", target, *select(names, locked)]
    try:
        if offline:
            offline_first(c, argv, tree, {})
        else:
            shell.do(c, argv, cwd=tree)
    except Failed as error:
        raise explain(error) from error


def offline_first(
    c: Context, argv: Sequence[str | Path], tree: Path, env: Mapping[str, str]
) -> None:
    """Run cargo with what is in its cache; ask the index only where that is not enough."""
    try:
        shell.do(c, [*argv, "--offline"], cwd=tree, env=env)
        return
    except Failed as error:
        if "offline" not in error.output:
            raise
    terminal.say("a dependency is not in cargo's cache, asking the index")
    shell.do(c, argv, cwd=tree, env=env)
