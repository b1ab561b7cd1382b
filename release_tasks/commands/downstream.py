"""Repositories that use this project get its new version: a branch, tested, and a pull request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from release_tasks import terminal
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.downstream.proposal import Outcome
    from release_tasks.project.settings import DownstreamTable
    from release_tasks.release import Release

EXAMPLE = '[downstream."OWNER/REPO"]'


@command
def downstream(
    c: Context,
    version: str | None = None,
    component: str | None = None,
    json: bool = False,
) -> None:
    """Propose a public version to the repositories that use it."""
    from release_tasks.commands import status
    from release_tasks.release import Release

    release = Release.at(c, version, component)
    tables = _tables(release)
    status.require_public(release)
    outcomes, errors = _carry_out(c, release, tables)
    if json:
        rows = [_data(one) for one in outcomes]
        rows += [_failed(name, error.problem) for name, error in errors.items()]
        data = {"version": release.request, "repositories": rows}
        terminal.print_json(data)
    raise_all(errors.values())


def _tables(release: Release) -> Mapping[str, DownstreamTable]:
    """Return the repositories that the settings name now, not those of the tag.

    Raises `ReleaseError` for one on a host that gh has no login for: any host would get a token
    for GitHub Enterprise.
    """
    from release_tasks.project.settings import FILE
    from release_tasks.project.settings_file import load
    from release_tasks.tools.gh import hosts

    tables = load(release.checkout).downstream
    if not tables:
        raise ReleaseError(
            f"{FILE} names no repository that uses {release.project.name}",
            f"add a table to it: {EXAMPLE}",
        )
    for table_name, table in tables.items():
        for name in filter(None, (table_name, table.fork)):
            host = hosts.host_of(name)
            is_name = hosts.REPOSITORY.fullmatch(hosts.without_host(name))
            if not is_name or not hosts.is_github(host.lower()):
                raise ReleaseError(
                    f"{FILE}: downstream: {name} is not a repository on GitHub",
                    f"write it as {EXAMPLE}; for another host than "
                    f"{hosts.DOT_COM}: gh auth login --hostname HOST",
                )
    return tables


def _carry_out(
    c: Context, release: Release, tables: Mapping[str, DownstreamTable]
) -> tuple[list[Outcome], dict[str, ReleaseError]]:
    """Do one repository after the other; an error in one does not stop the others."""
    from release_tasks.downstream import ours, proposal

    known = ours.of(release)
    outcomes, errors = [], {}
    for name, table in tables.items():
        try:
            wanted = proposal.of(release, name, table)
            outcome = proposal.carry_out(c, wanted, known)
        except ReleaseError as error:
            errors[name] = error
            continue
        outcomes.append(outcome)
        _say(outcome)
    return outcomes, errors


def _say(outcome: Outcome) -> None:
    from release_tasks.downstream import description, proposal

    name = outcome.proposal.repository
    title = outcome.proposal.release.title
    texts = {
        proposal.CURRENT: f"nothing to do, {name} has {title}",
        proposal.PROPOSED: f"nothing to do, {name} has a pull request for {title}",
        proposal.CLOSED: f"nothing to do, {name} has closed the pull request",
        proposal.OPENED: f"opened a pull request in {name}",
        proposal.UPDATED: f"updated the pull request in {name}",
        proposal.PLANNED: f"would open or update a pull request in {name}",
    }
    lines = [texts[outcome.state]]
    if outcome.url:
        lines.append(outcome.url)
    for line in description.lines_of(outcome.edits.changes):
        lines.append(f"  {line}")
    for one in outcome.edits.left:
        place = f"{one.file}:{one.line}" if one.line else one.file
        lines.append(f"  not changed: {place}: {one.fact}")
    terminal.say(*lines)


def _data(outcome: Outcome) -> dict[str, Any]:
    """Return what happened to a repository in the shape that docs/json.md describes."""
    changes = [
        {
            "file": one.file,
            "line": one.line,
            "what": one.what,
            "from": one.old,
            "to": one.new,
        }
        for one in outcome.edits.changes
    ]
    left = [
        {"file": one.file, "line": one.line, "fact": one.fact}
        for one in outcome.edits.left
    ]
    return {
        "repository": outcome.proposal.repository,
        "base": outcome.proposal.base,
        "branch": outcome.proposal.branch,
        "state": outcome.state,
        "changes": changes,
        "left": left,
        "pull_request": outcome.url,
        "problem": "",
    }


def _failed(repository: str, problem: str) -> dict[str, Any]:
    return {
        "repository": repository,
        "base": "",
        "branch": "",
        "state": "failed",
        "changes": [],
        "left": [],
        "pull_request": "",
        "problem": problem,
    }
