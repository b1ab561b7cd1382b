"""Which files of a crate cargo packs, as `include` and `exclude` of its manifest choose them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from release_tasks.formats import globs
from release_tasks.memo import On, memoized_on
from release_tasks.shell import Failed, ask


@memoized_on(On.FILES)
def listed_files(folder: Path) -> tuple[str, ...]:
    """Return what cargo lists for the crate in `folder`, with what it generates but Cargo.lock.

    To list that one, too, cargo would write the project's Cargo.lock where it is out of date.
    Raises `Failed` where it cannot pack one of the files.
    """
    argv = ["cargo", "package", "--list", "--allow-dirty", "--offline"]
    try:
        names = ask([*argv, "--exclude-lockfile"], cwd=folder)
    except Failed as error:
        if "--exclude-lockfile" not in error.output:
            raise
        names = ask([*argv, "--locked"], cwd=folder)  # cargo before 1.86
    return tuple(names.splitlines())


def packed_files(folder: Path) -> tuple[str, ...]:
    """Return the files of the crate in `folder` that cargo packs, without those it generates."""
    return tuple(
        name for name in listed_files(folder) if (folder / name).exists()
    )


def may_be_left_out(
    package: Mapping[str, Any], path: str, below: Iterable[str] = ()
) -> bool:
    """Tell whether cargo may leave a file out, so that it has to be asked.

    `package` is the `[package]` table, `path` is relative to it, and `below` are the folders of
    other manifests that are below it: cargo packs nothing of them. Of `include` and `exclude` that
    a workspace has for all, nothing is known.
    """
    include, exclude = package.get("include"), package.get("exclude")
    if any(path.startswith(f"{folder}/") for folder in below):
        return True
    if isinstance(include, Mapping) or isinstance(exclude, Mapping):
        return True
    if include:
        return not _is_included(include, path)
    return any(_may_match(pattern, path) for pattern in exclude or ())


def _is_included(patterns: Iterable[str], path: str) -> bool:
    """Tell whether patterns certainly take a file in (gitignore's syntax)."""
    patterns = list(patterns)
    if any(pattern.startswith("!") for pattern in patterns):
        return False
    parts = path.split("/")
    places = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    for pattern in patterns:
        # classes are written in more ways there than a path's glob knows
        if "[" in pattern:
            continue
        plain = pattern.rstrip("/")
        if "/" not in plain:
            plain = f"**/{plain}"
        wanted = globs.of_path(plain.removeprefix("./").removeprefix("/"))
        if any(wanted.matches(place) for place in places):
            return True
    return False


def _may_match(pattern: str, path: str) -> bool:
    """Tell whether the last part of a pattern matches a part of a path: it may leave that out."""
    named = [part for part in pattern.split("/") if part not in ("", ".", "**")]
    if not named or pattern.startswith("!"):
        return not pattern.startswith("!")
    last = named[-1]
    return any(fnmatchcase(part, last) for part in path.split("/"))
