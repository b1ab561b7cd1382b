"""The registries: each version is free or ours, each name confirmed, each credential there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from release_tasks import channels, converge, endpoints
from release_tasks.channels import crates_index, crates_io, oci_registry, pypi
from release_tasks.channels.channel import Channel, PointerChannel
from release_tasks.checks.check import (
    CheckContext,
    also_after_tag,
    note_also_after_tag,
    problem,
    warning,
)
from release_tasks.checks.credentials import Credentials
from release_tasks.checks.preflight.settings import unresolved
from release_tasks.errors import (
    Problem,
    ReleaseError,
    collect,
    problems_of,
    shorten,
)
from release_tasks.http import get_many
from release_tasks.printable import word
from release_tasks.project import history
from release_tasks.project.artifacts import (
    Artifact,
    ArtifactStatus,
    Pointer,
    PointerState,
    State,
)
from release_tasks.project.kinds import KINDS
from release_tasks.release import ComponentRelease
from release_tasks.rules import crates_io as crates_io_rules
from release_tasks.tools import gh
from release_tasks.tools.docker import login as docker_login
from release_tasks.tools.gh import hosts
from release_tasks.versions.numbers import spellings


@also_after_tag
def unreadable_registry(context: CheckContext) -> Iterator[Problem]:
    """Find why a channel cannot be read; `unresolved_artifact` has what is open about it."""
    known = {one.fact for one in unresolved(context)}
    for _, statuses in context.states:
        if isinstance(statuses, ReleaseError):
            for one in statuses.problems:
                if one.fact not in known:
                    yield one


@also_after_tag
def taken_version(context: CheckContext) -> Iterator[Problem]:
    """Find what is public with other bytes, yanked, or closed."""
    for _, statuses in _read(context):
        yield from problems_of(converge.refusals(statuses))


@problem
def untagged_version(context: CheckContext) -> Iterator[Problem]:
    """Find what is public although it has no tag."""
    tagged = {
        part.component.name: history.released(context.project, part.component)
        for part in context.release.parts
    }
    for _, statuses in _read(context):
        for status in statuses:
            known = tagged.get(status.artifact.component, {})
            if status.artifact.version in known:
                continue  # in another form
            if status.state in converge.DONE:
                artifact = status.artifact
                yield Problem(
                    f"{artifact.name} {artifact.version} is already on {artifact.channel}, "
                    "but has no tag",
                    f"choose a version after {artifact.version}",
                )


@also_after_tag
def new_name(context: CheckContext) -> Iterator[Problem]:
    """Find each name that is new to its registry and was not confirmed."""
    for channel, missing in _missing(context):
        # a registry that fails here must not hide the others
        look = partial(
            converge.unconfirmed_names, channel, missing, context.new
        )
        yield from problems_of(collect(look))


@problem
def similar_name(context: CheckContext) -> Iterator[Problem]:
    """Find each crate whose name is that of another one but for case, `-` and `_`."""
    for channel, missing in _missing(context):
        if channel is not crates_io:
            continue
        names = [artifact.name for artifact in missing]
        ours: dict[str, list[str]] = {}
        for name in names:
            ours.setdefault(crates_io_rules.canonical(name), []).append(name)
        known = get_many(crates_index.similar, names)
        for name, others in zip(names, known, strict=True):
            mine = ours[crates_io_rules.canonical(name)]
            for text in crates_io_rules.similar_name(name, [*others, *mine]):
                yield Problem(
                    f"crates.io refuses the name {name}: {text}",
                    "choose another name, or write it as it is there",
                )


@warning
def foreign_name(context: CheckContext) -> Iterator[Problem]:
    """Find the names of which a registry has only versions without a tag in this repository."""
    ours = {
        part.component.name: _tagged(context, part)
        for part in context.release.parts
    }
    missing = dict(_missing(context))
    for channel in (crates_io, pypi):
        artifacts = {
            artifact.package or artifact.name: artifact
            for artifact in missing.get(channel, ())
        }
        published = get_many(channel.versions, artifacts.values())
        # names with the same versions belong together: a fork's crates
        by_versions: dict[tuple[str, ...], list[str]] = {}
        for (name, artifact), versions in zip(
            artifacts.items(), published, strict=True
        ):
            if versions and not ours[artifact.component] & set(versions):
                by_versions.setdefault(tuple(versions[::-1]), []).append(name)
        for newest_first, names in by_versions.items():
            subject = f"{names[0]} is on {channel.NAME} and"
            if len(names) > 1:
                subject = f"{shorten(names)} are on {channel.NAME} and"
            yield Problem(
                f"{subject} may belong to someone else: origin has no tag of "
                f"{shorten(newest_first)}",
                "choose another name; if it is yours, push a tag of one of these versions, "
                "or give the reason in [checks.ignore]",
            )


@warning
def foreign_pointer(context: CheckContext) -> Iterator[Problem]:
    """Find each pointer, such as `latest`, that names no version of this project and stays."""
    for channel in channels.with_pointers():
        for pointer in _pointers(channel, context):
            if pointer.place is PointerState.FOREIGN:
                yield channels.foreign_pointer(pointer)


@note_also_after_tag
def upload_waits(context: CheckContext) -> Iterator[Problem]:
    """Find how long the rate limits of crates.io make the upload of what is missing wait."""
    for channel, missing in _missing(context):
        if channel is not crates_io:
            continue
        seconds = crates_io.rate_limit_wait(missing)
        if seconds:
            yield Problem(
                f"the rate limits of {channel.NAME} make the upload of {len(missing)} crates "
                f"take {seconds / 60:.0f} minutes",
                "let the release wait; if interrupted, the same command continues",
            )


@note_also_after_tag
def pypi_upload_deadline(context: CheckContext) -> Iterator[Problem]:
    """Find until when PyPI takes the other files of a version that is partly there."""
    for channel, statuses in _read(context):
        if channel is not pypi:
            continue
        for status in statuses:
            if status.state is State.MISSING and status.why:
                artifact = status.artifact
                yield Problem(
                    f"{artifact.package} {artifact.version} is incomplete, and {status.why}",
                    f"inv release --version {context.release.request}, before that",
                )


@also_after_tag
def missing_credential(context: CheckContext) -> Iterator[Problem]:
    """Find each credential, by name, that publishing what is missing needs."""
    if context.credentials is Credentials.TRUSTED:
        yield from problems_of(collect(partial(_not_for_jobs, context)))
    if context.credentials is not Credentials.HERE:
        return
    for channel, _ in _missing(context):
        look = partial(channel.credentials, context.release)
        yield from problems_of(collect(look))


@problem
def token_too_weak(context: CheckContext) -> Iterator[Problem]:
    """Find each token that may not do what a release does, as far as GitHub shows its scopes.

    crates.io and PyPI do not show those of their tokens.
    """
    if context.credentials is not Credentials.HERE:
        return
    yield from _weak_github_token(context)
    ghcr = endpoints.host(endpoints.GHCR)
    if ghcr not in _registries_to_push_to(context):
        return
    login = docker_login.login(ghcr)
    if login and not _has_scope(gh.scopes(login[1]), "write:packages"):
        yield Problem(
            f"docker's login for {ghcr} may not push: its token has no scope write:packages",
            f"docker login {word(ghcr)} with a token that has write:packages",
        )


def _weak_github_token(context: CheckContext) -> Iterator[Problem]:
    """Yield a problem for a token of gh that may not make releases."""
    repository = context.project.repository
    if not repository:
        return
    host = hosts.host_of(repository)
    if not gh.token(host):
        return
    variable = hosts.tokens(host)[0]
    if host == hosts.DOT_COM and not _has_scope(
        gh.scopes(), "repo", "public_repo"
    ):
        yield Problem(
            "gh's token may not make releases: it has no scope repo",
            f"gh auth refresh --scopes repo, or set {variable} to a token that has it",
        )
    elif not gh.may_write(repository):
        yield Problem(
            f"gh's token may only read {repository}: it cannot make a release or see drafts",
            f"set {variable} to a token with write access to contents, "
            "in a workflow `permissions: contents: write`",
        )


def _not_for_jobs(context: CheckContext) -> list[ReleaseError]:
    return list(crates_io.not_for_jobs(context.release))


def _read(
    context: CheckContext,
) -> Iterator[tuple[Channel, list[ArtifactStatus]]]:
    """Yield each channel that could be read, with the state of its artifacts."""
    for channel, statuses in context.states:
        if not isinstance(statuses, ReleaseError):
            yield channel, statuses


def _pointers(
    channel: PointerChannel, context: CheckContext
) -> tuple[Pointer, ...]:
    """Return the pointers of a channel, none where it cannot be read: its state says why."""
    try:
        return channel.pointers(context.release)
    except ReleaseError:
        return ()


def _missing(
    context: CheckContext,
) -> Iterator[tuple[Channel, tuple[Artifact, ...]]]:
    """Yield each channel to which something has to be published, and that."""
    for channel, statuses in _read(context):
        missing = tuple(
            one.artifact for one in statuses if one.state in converge.OPEN
        )
        if missing:
            yield channel, missing


def _tagged(context: CheckContext, part: ComponentRelease) -> set[str]:
    """Return the versions of a component that have a tag, in every spelling, and this version.

    If this one is public, untagged_version finds it.
    """
    found = set(spellings(part.version))
    for version in history.tagged(context.project, part.component):
        found |= set(spellings(version))
    return found


def _registries_to_push_to(context: CheckContext) -> set[str]:
    """Return the hosts of the OCI registries to which something has to be pushed."""
    names = [channels.load(kind.channel).NAME for kind in KINDS if kind.is_oci]
    hosts: set[str] = set()
    for channel, artifacts in _missing(context):
        if channel.NAME in names:
            hosts |= {
                oci_registry.split(artifact.name)[0] for artifact in artifacts
            }
    return hosts


def _has_scope(scopes: frozenset[str] | None, *any_of: str) -> bool:
    """Tell whether a token has one of some scopes; None means that GitHub does not show them."""
    return scopes is None or bool(scopes & set(any_of))
