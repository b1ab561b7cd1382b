"""The state of every artifact of a version on every channel."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from invoke.context import Context
from invoke.exceptions import Exit

from release_tasks import terminal
from release_tasks.errors import ReleaseError, raise_all, shorten
from release_tasks.tasks import command
from release_tasks.tools import ci

if TYPE_CHECKING:
    from release_tasks.channels.channel import Channel, PointerChannel
    from release_tasks.channels.pages import Page
    from release_tasks.project.artifacts import ArtifactStatus, Pointer
    from release_tasks.release import Release

T = TypeVar("T")
COMPLETE, ERROR, INCOMPLETE = 0, 1, 3  # exit statuses


@dataclass(frozen=True)
class Report:
    """What the registries have of one release."""

    release: Release
    artifacts: tuple[ArtifactStatus, ...]
    pointers: tuple[Pointer, ...]
    # channels that could not be read, open questions
    problems: tuple[ReleaseError, ...] = ()

    @property
    def code(self) -> int:
        """Return the exit status: 0 complete, 1 error, 3 incomplete."""
        from release_tasks.project.artifacts import PointerState, State

        states = {seen.state for seen in self.artifacts}
        if self.problems or states & {
            State.DIFFERENT,
            State.YANKED,
            State.CLOSED,
        }:
            return ERROR
        if states & {State.MISSING, State.PARTIAL}:
            return INCOMPLETE
        if any(
            pointer.place is PointerState.BEHIND for pointer in self.pointers
        ):
            return INCOMPLETE
        return COMPLETE

    def data(self) -> dict[str, Any]:
        """Return the report in the shape that docs/json.md describes."""
        components = [
            {
                "name": part.component.name,
                "version": part.version,
                "tag": part.tag,
            }
            for part in self.release.parts
        ]
        return {
            "components": components,
            "commit": self.release.commit,
            "artifacts": [_artifact_data(seen) for seen in self.artifacts],
            "pointers": [_pointer_data(pointer) for pointer in self.pointers],
            "problems": [
                {"problem": error.problem, "fix": error.fix}
                for error in self.problems
            ],
        }


@command
def status(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    links: bool = False,
    json: bool = False,
    github_output: bool = False,
) -> None:
    """Show the state of every artifact on every channel."""
    from release_tasks.release import Release

    report = read(Release.at(c, version, component))
    if github_output:
        ci.output_json("states", report.data())
    pages: list[Page] = []
    if links:
        report, pages = _with_pages(report)
    if json:
        shown = [asdict(page) for page in pages]
        more = {"links": shown} if links else {}
        terminal.print_json(report.data() | more)
    elif links:
        _print_pages(report, pages)
    else:
        _print(report)
    raise_all(report.problems)
    if report.code:
        raise Exit(code=report.code)


def read(release: Release) -> Report:
    """Read the state of everything that the release consists of from every channel."""
    from release_tasks import channels, converge
    from release_tasks.http import get_many

    # a channel and its pointers fail with the same one
    problems: dict[object, ReleaseError] = {}

    def answer(ask: Callable[[], Iterable[T]]) -> tuple[T, ...]:
        try:
            return tuple(ask())
        except ReleaseError as error:
            problems[error.message] = error
            return ()

    def artifacts_on(channel: Channel) -> tuple[ArtifactStatus, ...]:
        return answer(lambda: converge.state(release, channel))

    def pointers_on(channel: PointerChannel) -> tuple[Pointer, ...]:
        return answer(lambda: channel.pointers(release))

    artifacts = get_many(artifacts_on, channels.every())
    pointers = get_many(pointers_on, channels.with_pointers())
    return Report(
        release,
        tuple(chain.from_iterable(artifacts)),
        tuple(chain.from_iterable(pointers)),
        tuple(problems.values()),
    )


def _with_pages(report: Report) -> tuple[Report, list[Page]]:
    """Return the addresses for people; runs that cannot be read become a problem."""
    from release_tasks.channels import pages

    found = list(pages.of_artifacts(report.release, report.artifacts))
    try:
        found += pages.of_runs(report.release)
    except ReleaseError as error:
        if error.message not in [one.message for one in report.problems]:
            problems = (*report.problems, error)
            return replace(report, problems=problems), found
    return report, found


def unfinished(release: Release) -> list[ArtifactStatus]:
    """Return what is not published yet, as this release has it.

    Raises `ReleaseError` for what could not be read.
    """
    from release_tasks import converge

    report = read(release)
    raise_all(report.problems)
    return [
        seen for seen in report.artifacts if seen.state not in converge.DONE
    ]


def require_public(release: Release) -> Report:
    """Return what the registries have; raise `ReleaseError` while users cannot get all of it."""
    from release_tasks import converge

    report = read(release)
    raise_all(report.problems)
    absent = [
        f"{seen.artifact.name} on {seen.artifact.channel} is {seen.state}"
        for seen in report.artifacts
        if seen.state not in converge.DONE
    ]
    if absent:
        raise ReleaseError(
            f"{release.title} is not complete: {shorten(absent)}",
            f"inv release --version {release.request}",
        )
    return report


def shown_state(state: str, now: str = "") -> str:
    """Return a state as the tables have it; `now` is the present target of a pointer."""
    if state == "same":
        return "published"
    if state == "behind" and not now:
        return "missing"
    return str(state)


def _print(report: Report) -> None:
    from release_tasks.commands.table import Row, print_table

    rows: list[Row] = []
    for seen in report.artifacts:
        artifact, state = seen.artifact, shown_state(seen.state)
        rows.append(
            (
                artifact.channel,
                artifact.name,
                state,
                _checksum(seen)[:12],
                seen.why,
            )
        )
    for pointer in report.pointers:
        state = shown_state(pointer.place, pointer.now)
        move = f"{pointer.now or 'nothing'} → {pointer.target}"
        rows.append((pointer.channel, f"→ {pointer.name}", state, "", move))
    terminal.show(report.release.title)
    print_table(
        ("channel", "artifact", "state", "sha256 / digest", "remark"), rows
    )


def _print_pages(report: Report, pages: list[Page]) -> None:
    from release_tasks.commands.table import Row, print_table

    rows: list[Row] = [
        (page.channel, page.name, shown_state(page.state), page.url)
        for page in pages
    ]
    terminal.show(report.release.title)
    print_table(("channel", "page", "state", "address"), rows)


def _artifact_data(seen: ArtifactStatus) -> dict[str, str]:
    artifact = seen.artifact
    data = {
        "channel": artifact.channel,
        "name": artifact.name,
        "version": artifact.version,
        "component": artifact.component,
        "state": str(seen.state),
        "why": seen.why,
        "url": seen.url,
    }
    if digest := seen.digest or artifact.digest:
        return data | {"digest": digest}
    return data | {"sha256": seen.sha256 or artifact.sha256}


def _pointer_data(pointer: Pointer) -> dict[str, str]:
    return {
        "channel": pointer.channel,
        "name": pointer.name,
        "state": str(pointer.place),
        "now": pointer.now,
        "target": pointer.target,
    }


def _checksum(seen: ArtifactStatus) -> str:
    checksums = (
        seen.digest,
        seen.sha256,
        seen.artifact.digest,
        seen.artifact.sha256,
    )
    known = next(filter(None, checksums), "")
    return known.removeprefix("sha256:")
