"""A branch and a pull request in another repository that bring it to a version of ours.

Programs of that repository run in a copy, never in the clone that is pushed from: a test could
leave a hook or a setting of git there, which would run with the token.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from invoke.context import Context

from release_tasks import files, shell, terminal
from release_tasks.checks.smoke import empty_home
from release_tasks.downstream import edits, locks
from release_tasks.downstream.edits import Edits
from release_tasks.downstream.uses import Ours
from release_tasks.errors import ReleaseError
from release_tasks.printable import word
from release_tasks.project.installers import words_of
from release_tasks.project.settings import FILE, DownstreamTable
from release_tasks.release import Release
from release_tasks.tools import git, remotes
from release_tasks.tools.gh import hosts, pull_requests
from release_tasks.tools.gh.pull_requests import PullRequest
from release_tasks.tools.git import origin, proposals

# what happened to a repository
OPENED, UPDATED = "opened", "updated"
CURRENT, PROPOSED, CLOSED = "current", "proposed", "closed"
PLANNED = "planned"
# variables that would lead a test to a login of this user
CLOSED_VARIABLES = ("SSH_AUTH_SOCK", "GPG_AGENT_INFO", "KUBECONFIG")
FOLDERS = ("DOCKER_CONFIG", "GH_CONFIG_DIR", "GNUPGHOME", "HELM_CONFIG_HOME")


@dataclass(frozen=True)
class Proposal:
    """What one repository that uses the release gets, as the settings say."""

    release: Release
    repository: str
    table: DownstreamTable
    base: str
    branch: str

    @property
    def target(self) -> str:
        """Return the repository that gets the branch."""
        return self.table.fork or self.repository

    @property
    def title(self) -> str:
        """Return the title of its pull request, and the subject of its commit."""
        return f"Update to {self.release.title}"


@dataclass
class Outcome:
    """What happened to one repository: its state, and what was found there."""

    proposal: Proposal
    state: str
    edits: Edits = field(default_factory=Edits)
    url: str = ""  # of the pull request


def of(release: Release, repository: str, table: DownstreamTable) -> Proposal:
    """Return what a repository gets.

    Raises `ReleaseError` where GitHub shows no such repository, and where the branch would be
    that which it is proposed for.
    """
    default = pull_requests.default_branch(repository)
    place = f'{FILE}: [downstream."{repository}"]'
    if default is None:
        raise ReleaseError(
            f"{place}: GitHub shows no repository {repository}",
            "fix its name there, or set GH_TOKEN to a token that may read it",
        )
    branch = table.branch.format(
        project=release.project.name, version=release.request
    )
    base = table.base or default
    if branch in (base, default):
        raise ReleaseError(
            f"{place}: branch is {branch}, which nothing is pushed to directly",
            'branch = "update-{project}", or remove the key',
        )
    return Proposal(release, repository, table, base, branch)


def carry_out(c: Context, proposal: Proposal, ours: Ours) -> Outcome:
    """Bring a repository to the release: edit, test, push the branch, open the pull request.

    Raises `ReleaseError` where it uses nothing of ours, and where its test fails.
    """
    with proposals.clone(_url(proposal, proposal.repository)) as tree:
        _check_out_base(proposal, tree)
        found = edits.compute(tree, ours, proposal.table.files)
        if not found.uses:
            raise ReleaseError(
                f"{proposal.repository} uses nothing of {proposal.release.title}",
                f'name what has the version in files of [downstream."{proposal.repository}"], '
                f"or remove that table from {FILE}",
            )
        if shell.is_dry(c):
            return Outcome(proposal, _planned(found), found)
        changed = _changed(c, tree, found, ours)
        if not changed:
            return Outcome(proposal, CURRENT, found)
        return _propose(c, proposal, _Work(tree, ours, found, changed))


@dataclass(frozen=True)
class _Work:
    """A clone at the branch that a change is proposed for, and what its files become there."""

    tree: Path
    ours: Ours
    found: Edits
    changed: dict[str, bytes]


def _planned(found: Edits) -> str:
    return PLANNED if found.changes else CURRENT


def _propose(c: Context, proposal: Proposal, work: _Work) -> Outcome:
    """Push what the base needs on the branch, and open or update its pull request."""
    url = _url(proposal, proposal.target)
    head = proposals.fetch(work.tree, url, proposal.branch)
    present = _present(proposal)
    changed = work.changed
    replaced = ""
    if present and not present.is_open:
        is_declined = not present.is_merged and present.title == proposal.title
        if is_declined:
            return Outcome(proposal, CLOSED, work.found, present.url)
        # the branch of a pull request that is over: it begins anew
        replaced = head or ""
        present = None
    elif head:
        proposals.check_out(work.tree, head)
        found = edits.compute(work.tree, work.ours, proposal.table.files)
        changed = _changed(c, work.tree, found, work.ours)
    if changed:
        _test(c, proposal, work.tree, changed)
        _write(work.tree, changed)
        author = proposals.identity(proposal.release.checkout)
        title = proposal.title
        proposals.commit(c, work.tree, list(changed), title, author)
        proposals.push(c, work.tree, url, proposal.branch, replaced)
    return _with_pull_request(c, proposal, work, present, bool(changed))


def _with_pull_request(
    c: Context,
    proposal: Proposal,
    work: _Work,
    present: PullRequest | None,
    is_pushed: bool,
) -> Outcome:
    from release_tasks.downstream import description

    if present is not None and not is_pushed:
        return Outcome(proposal, PROPOSED, work.found, present.url)
    body = description.body(proposal, work.found)
    if present is not None:
        data = {"title": proposal.title, "body": body}
        pull_requests.edit(c, proposal.repository, present.number, data)
        return Outcome(proposal, UPDATED, work.found, present.url)
    owner = pull_requests.owner(proposal.target)
    data = {
        "title": proposal.title,
        "body": body,
        "head": f"{owner}:{proposal.branch}",
        "base": proposal.base,
    }
    pull_requests.open_one(
        c, proposal.repository, {**data, "draft": proposal.table.draft}
    )
    opened = _present(proposal)
    return Outcome(proposal, OPENED, work.found, opened.url if opened else "")


def _present(proposal: Proposal) -> PullRequest | None:
    """Return the pull request of the branch: the open one, else the newest."""
    owner = pull_requests.owner(proposal.target)
    found = pull_requests.of_branch(proposal.repository, owner, proposal.branch)
    for one in found:
        if one.is_open:
            return one
    return found[0] if found else None


def _changed(
    c: Context, tree: Path, found: Edits, ours: Ours
) -> dict[str, bytes]:
    """Return what every file becomes, the locks included."""
    changed = {path: text.encode() for path, text in found.texts.items()}
    with proposals.copy(tree) as copy:
        _write(copy, changed)
        renewed, left = locks.renew(c, copy, found, ours)
    found.left += left
    return changed | renewed


def _write(tree: Path, changed: Mapping[str, bytes]) -> None:
    for path, data in changed.items():
        files.write_bytes(files.inside(tree, path), data)


def _test(
    c: Context, proposal: Proposal, tree: Path, changed: Mapping[str, bytes]
) -> None:
    """Run the test of a repository in a copy, without any login of this user."""
    line = proposal.table.test
    if line is None:
        return
    key = f'[downstream."{proposal.repository}"] test'
    words = words_of(line, key, 'test = "cargo test"')
    with (
        files.scratch("downstream-home") as home,
        proposals.copy(tree) as copy,
    ):
        _write(copy, changed)
        terminal.say(f"{proposal.repository}: {line}")
        try:
            shell.do(c, words, cwd=copy, env=_environment(home))
        except shell.Failed as error:
            raise ReleaseError(
                f"{proposal.repository}: `{line}` fails with "
                f"{proposal.release.title}: {_last_line(error.output)}",
                "adapt that repository, or test; then inv downstream "
                f"--version {word(proposal.release.request)}",
            ) from error


def _environment(home: Path) -> dict[str, str]:
    env = empty_home.environment(home)
    env |= dict.fromkeys(CLOSED_VARIABLES, "")
    env |= {name: str(home / name.lower()) for name in FOLDERS}
    # git's settings by variables, among which may be a helper that knows logins
    for name in os.environ:
        if name.startswith("GIT_CONFIG"):
            env[name] = ""
    return env | {"GIT_CONFIG_COUNT": "0", "GIT_CONFIG_GLOBAL": os.devnull}


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it prints nothing"


def _check_out_base(proposal: Proposal, tree: Path) -> None:
    """Check the branch out that the change is for."""
    head = git.commit_of(tree, f"refs/remotes/{origin.ORIGIN}/{proposal.base}")
    if head is None:
        raise ReleaseError(
            f"{proposal.repository} has no branch {proposal.base}",
            f'fix base in [downstream."{proposal.repository}"], or remove the key',
        )
    proposals.check_out(tree, head)


def _url(proposal: Proposal, repository: str) -> str:
    """Return the address of a repository, in the form in which this one's origin is written."""
    ours = proposal.release.project.github_repository
    written = origin.url(proposal.release.checkout) or ""
    path = hosts.without_host(ours)
    is_same_host = hosts.host_of(ours) == hosts.host_of(repository)
    address = remotes.parse(written)
    if is_same_host and address is not None and address.path == path:
        before, _, behind = written.rpartition(path)
        return f"{before}{hosts.without_host(repository)}{behind}"
    return f"{hosts.web(repository)}.git"
