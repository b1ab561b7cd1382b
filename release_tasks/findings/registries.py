"""The registries: every version free, or ours; every name known, or confirmed; every credential there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from release_tasks import converge
from release_tasks.errors import ReleaseError, collect
from release_tasks.findings.finding import Case, lasting, problem
from release_tasks.project.model import Artifact, Seen, State


@lasting
def unreadable_registry(case: Case) -> Iterator[ReleaseError]:
    """Yield why a channel cannot be read, or the question that keeps it from being read."""
    for _, seen in case.seen:
        if isinstance(seen, ReleaseError):
            yield from getattr(seen, "errors", (seen,))


@lasting
def taken_version(case: Case) -> Iterator[ReleaseError]:
    """Yield what is public with other bytes, yanked, or closed for ever."""
    for _, seen in _read(case):
        yield from converge.refusals(seen)


@problem
def untagged_version(case: Case) -> Iterator[ReleaseError]:
    """Yield what is public although no tag says from which commit."""
    for _, seen in _read(case):
        for one in seen:
            if one.state in (State.SAME, State.PRESENT):
                a = one.artifact
                yield ReleaseError(
                    f"{a.name} {a.version} is on {a.channel} already, and no tag says from which commit",
                    f"choose a version after {a.version}",
                )


@lasting
def new_name(case: Case) -> Iterator[ReleaseError]:
    """Yield each name that its registry has never heard of, and that nobody confirmed."""
    for channel, missing in _missing(case):  # a registry that fails at one question must not hide the others
        yield from collect(partial(converge.questions, channel, missing, case.new))


@lasting
def missing_credential(case: Case) -> Iterator[ReleaseError]:
    """Yield each credential, by name, that publishing what is missing needs."""
    for channel, _ in _missing(case):
        yield from collect(partial(channel.credentials, case.release))


def _read(case: Case) -> Iterator[tuple[converge.Channel, list[Seen]]]:
    for channel, seen in case.seen:
        if not isinstance(seen, ReleaseError):
            yield channel, seen


def _missing(case: Case) -> Iterator[tuple[converge.Channel, tuple[Artifact, ...]]]:
    for channel, seen in _read(case):
        if missing := tuple(one.artifact for one in seen if one.state in converge.OPEN):
            yield channel, missing
