"""The registries: every version free, or ours; every name known, or confirmed; every credential there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from release_tasks import converge, endpoints
from release_tasks.errors import ReleaseError, collect
from release_tasks.findings.finding import Case, lasting, problem
from release_tasks.project.model import Artifact, Seen, State
from release_tasks.tools import docker_login, gh, oci


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


@problem
def token_too_weak(case: Case) -> Iterator[ReleaseError]:
    """Yield each token that GitHub says may not do what a release does; crates.io and PyPI tell nobody."""
    rows = {channel.NAME: artifacts for channel, artifacts in _missing(case)}
    if case.release.project.repository and gh.has_token() and not _may(gh.scopes(), "repo", "public_repo"):
        yield ReleaseError("gh's token may not make releases: it has no scope repo", "gh auth refresh --scopes repo, or set GH_TOKEN to a token with it")
    ghcr = endpoints.host(endpoints.GHCR)
    if any(oci.split(one.name)[0] == ghcr for name in ("images", "charts") for one in rows.get(name, ())):
        login = docker_login.login(ghcr)
        if login and not _may(gh.scopes(login[1]), "write:packages"):
            yield ReleaseError(
                f"docker's login for {ghcr} may not push: its token has no scope write:packages",
                f"docker login {ghcr} with a token that has write:packages",
            )


def _may(scopes: frozenset[str] | None, *any_of: str) -> bool:
    return scopes is None or bool(scopes & set(any_of))


def _read(case: Case) -> Iterator[tuple[converge.Channel, list[Seen]]]:
    for channel, seen in case.seen:
        if not isinstance(seen, ReleaseError):
            yield channel, seen


def _missing(case: Case) -> Iterator[tuple[converge.Channel, tuple[Artifact, ...]]]:
    for channel, seen in _read(case):
        if missing := tuple(one.artifact for one in seen if one.state in converge.OPEN):
            yield channel, missing
