"""The registries: every version free, or ours; every name known, or confirmed; every credential there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from release_tasks import channels, converge, endpoints
from release_tasks.channels import crates_io, oci_registry, pypi
from release_tasks.channels.channel import Channel
from release_tasks.checks.check import Check, CheckContext, also_after_tag, problem, warning
from release_tasks.errors import ReleaseError, collect, shorten
from release_tasks.http import get_many
from release_tasks.project import history
from release_tasks.project.artifacts import Artifact, ArtifactStatus, State
from release_tasks.project.kinds import KINDS
from release_tasks.release import ComponentRelease
from release_tasks.tools import gh
from release_tasks.tools.docker import login as docker_login
from release_tasks.versions.numbers import spellings


@also_after_tag
def unreadable_registry(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield why a channel cannot be read, or the question that keeps it from being read."""
    for _, seen in case.seen:
        if isinstance(seen, ReleaseError):
            yield from getattr(seen, "errors", (seen,))


@also_after_tag
def taken_version(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield what is public with other bytes, yanked, or closed for ever."""
    for _, seen in _read(case):
        yield from converge.refusals(seen)


@problem
def untagged_version(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield what is public although no tag says from which commit."""
    for _, seen in _read(case):
        for one in seen:
            if one.state in (State.SAME, State.PRESENT):
                a = one.artifact
                yield ReleaseError(
                    f"{a.name} {a.version} is on {a.channel} already, and no tag says from which commit",
                    f"choose a version after {a.version}",
                )


@also_after_tag
def new_name(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each name that its registry has never heard of, and that nobody confirmed."""
    for channel, missing in _missing(
        case
    ):  # a registry that fails at one question must not hide the others
        yield from collect(partial(converge.unconfirmed_names, channel, missing, case.new))


@warning
def foreign_name(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield the names of which their registry has only versions that this repository has no tag of."""
    ours = {part.component.name: _tagged(case, part) for part in case.release.parts}
    for channel in (crates_io, pypi):
        missing = next((found for one, found in _missing(case) if one is channel), ())
        names = {artifact.package or artifact.name: artifact for artifact in missing}
        strange: dict[
            tuple[str, ...], list[str]
        ] = {}  # by the versions that are there: a fork's crates have the same
        for (name, artifact), there in zip(
            names.items(), get_many(channel.versions, names.values()), strict=True
        ):
            if there and not ours[artifact.component] & set(there):
                strange.setdefault(tuple(there[::-1]), []).append(name)
        for there, those in strange.items():
            are, it = ("are", "they") if those[1:] else ("is", "it")
            fact = f"{shorten(those)} {are} on {channel.NAME} as {shorten(there)}, and origin has no tag of any: {are} {it} somebody else's?"
            yield ReleaseError(
                fact,
                "rename it; where it is yours, push a tag for one of those versions, or say so in [checks.ignore]",
            )


@partial(Check, "note", also_after_tag=True)
def upload_waits(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield how long crates.io's rate limits make the upload of what is missing wait."""
    for channel, missing in _missing(case):
        if channel is crates_io and (seconds := crates_io.rate_limit_wait(missing)):
            fact = f"{channel.NAME} takes {len(missing)} crates only in {seconds / 60:.0f} minutes, by its rate limits"
            yield ReleaseError(
                fact, "let the release wait; interrupted, the same line goes on with the rest"
            )


@partial(Check, "note", also_after_tag=True)
def pypi_upload_deadline(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield until when PyPI takes the other files of a version that is begun."""
    for seen in (one for channel, every in _read(case) if channel is pypi for one in every):
        if seen.state is State.MISSING and seen.why:
            yield ReleaseError(
                f"{seen.artifact.package} {seen.artifact.version} is begun, and {seen.why}",
                f"inv release --version {case.release.request}, before that",
            )


@also_after_tag
def missing_credential(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each credential, by name, that publishing what is missing needs."""
    for channel, _ in _missing(case):
        yield from collect(partial(channel.credentials, case.release))


@problem
def token_too_weak(case: CheckContext) -> Iterator[ReleaseError]:
    """Yield each token that GitHub says may not do what a release does; crates.io and PyPI tell nobody."""
    if (
        case.release.project.repository
        and gh.token()
        and not _may(gh.scopes(), "repo", "public_repo")
    ):
        yield ReleaseError(
            "gh's token may not make releases: it has no scope repo",
            "gh auth refresh --scopes repo, or set GH_TOKEN to a token with it",
        )
    rows = {channel.NAME: artifacts for channel, artifacts in _missing(case)}
    ghcr = endpoints.host(endpoints.GHCR)
    oci = [channels.load(kind.channel).NAME for kind in KINDS if kind.is_oci]
    if any(oci_registry.split(one.name)[0] == ghcr for name in oci for one in rows.get(name, ())):
        login = docker_login.login(ghcr)
        if login and not _may(gh.scopes(login[1]), "write:packages"):
            yield ReleaseError(
                f"docker's login for {ghcr} may not push: its token has no scope write:packages",
                f"docker login {ghcr} with a token that has write:packages",
            )


def _may(scopes: frozenset[str] | None, *any_of: str) -> bool:
    return scopes is None or bool(scopes & set(any_of))


def _tagged(case: CheckContext, part: ComponentRelease) -> set[str]:
    """Return the versions of a component that have a tag, and this one: if that is public, another finding tells."""
    return {
        form
        for one in (part.version, *history.tagged(case.release.project, part.component))
        for form in spellings(one)
    }


def _read(case: CheckContext) -> Iterator[tuple[Channel, list[ArtifactStatus]]]:
    for channel, seen in case.seen:
        if not isinstance(seen, ReleaseError):
            yield channel, seen


def _missing(case: CheckContext) -> Iterator[tuple[Channel, tuple[Artifact, ...]]]:
    for channel, seen in _read(case):
        if missing := tuple(one.artifact for one in seen if one.state in converge.OPEN):
            yield channel, missing
