"""What `[ci]` says of a job: its machine, its limit, its set-up, its environment.

A key is the name of a job, or in `setup` also that of a system.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from release_tasks.errors import ReleaseError, raise_all
from release_tasks.pipelines.jobs import APPROVE, EACH_MACHINE, REHEARSE
from release_tasks.project.kinds import NAMED
from release_tasks.project.model import (
    Project,
    resolved_or_empty,
    resolved_or_raise,
)
from release_tasks.project.settings import FILE, CiTable

# what GitHub's context `runner.os` has on them
SYSTEMS = {"linux": "Linux", "macos": "macOS", "windows": "Windows"}
# parts of targets that one of GitHub's machines is for, or that any of them can build
BUILT_ON_GITHUB = ("-linux-", "-apple-", "-windows-", "wasm", "-none")
# crates.io lets a user wait an hour for the next upload
LONGEST = 360  # minutes, GitHub's own limit of a job


def runner(settings: CiTable, job: str) -> str:
    """Return the machine of a job that is not one for each target."""
    return settings.runners.get(job, settings.runner)


def minutes(settings: CiTable, job: str, is_build: bool) -> int:
    """Return after how many minutes a job is given up."""
    if isinstance(settings.minutes, dict):
        default = CiTable().minutes if is_build else LONGEST
        assert isinstance(default, int)
        return settings.minutes.get(job, default)
    return settings.minutes if is_build else LONGEST


def setup(
    settings: CiTable, job: str, is_build: bool
) -> Iterator[tuple[str, str]]:
    """Yield the lines to run in a job before its work, each with its condition, "" for always."""
    if not isinstance(settings.setup, dict):
        if is_build:
            yield from ((line, "") for line in settings.setup)
        return
    for name, lines in settings.setup.items():
        if name == job:
            yield from ((line, "") for line in lines)
        elif name in SYSTEMS and is_build:
            condition = f"runner.os == '{SYSTEMS[name]}'"
            yield from ((line, condition) for line in lines)


def next_patch(project: Project) -> str:
    """Return the request for the next patch of every component, which a rehearsal is for."""
    if len(project.components) == 1:
        return "patch"
    return ",".join(f"{part.name}=patch" for part in project.components)


def refuse_open_questions(project: Project) -> None:
    """Raise `ReleaseError` where it is not decided what is shipped: jobs would be missing."""
    errors: list[ReleaseError] = []
    for component in project.components:
        for kind in NAMED:
            try:
                resolved_or_raise(getattr(component, kind.name))
            except ReleaseError as error:
                errors.append(error)
    raise_all(errors)


def refuse_foreign_targets(project: Project) -> None:
    """Raise `ReleaseError` for a target of another system than GitHub's machines have.

    What runs in a browser, or without any system, is built by any machine.
    """
    runners = project.settings.build.runners
    for component in project.components:
        for binary in resolved_or_empty(component.binaries):
            target = binary.target
            is_known = any(part in target for part in BUILT_ON_GITHUB)
            if not is_known and target not in runners:
                raise ReleaseError(
                    f"GitHub has no machine for {target} of {binary.name}",
                    f"name one that builds it in {FILE}:\n"
                    f'[build.runners]\n{target} = "LABEL"',
                )


def refuse_unknown(settings: CiTable, jobs: Iterable[str]) -> None:
    """Raise `ReleaseError` for a key of [ci] that names a job which the workflow does not have.

    `jobs` are the names of those that it has, and of those of the rehearsal.
    """
    names = [name for name in dict.fromkeys(jobs) if name != APPROVE]
    single = [name for name in names if name not in EACH_MACHINE]
    _refuse("environments", settings.environments, [*names, APPROVE])
    _refuse("runners", settings.runners, [*single, APPROVE])
    if isinstance(settings.minutes, dict):
        _refuse("minutes", settings.minutes, names)
    if isinstance(settings.setup, dict):
        _refuse("setup", settings.setup, [*SYSTEMS, *names])


def _refuse(table: str, keys: Iterable[str], names: Sequence[str]) -> None:
    for key in keys:
        if table == "runners" and key in EACH_MACHINE:
            raise ReleaseError(
                f"[ci.runners] names {key}, whose machines differ by target",
                EACH_MACHINE[key],
            )
        if key in names or (key == REHEARSE and table != "environments"):
            continue
        raise ReleaseError(
            f"[ci.{table}] names {key}, and the workflow has no such job",
            f"use one of: {', '.join(names)}",
        )
