"""Look at a registry, publish what it lacks, and look again until it shows what was sent."""

from __future__ import annotations

from collections.abc import Sequence

from invoke.context import Context

from release_tasks import dist, shell, terminal
from release_tasks.channels import git, github_draft
from release_tasks.channels.channel import Channel
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.http import get_many
from release_tasks.project.artifacts import Artifact, ArtifactStatus, State
from release_tasks.project.kinds import FileKind
from release_tasks.release import Release

DEADLINE = 600.0  # seconds until a registry must show what it accepted
DONE = (State.SAME, State.PRESENT)
OPEN = (State.MISSING, State.PARTIAL)


def begin(c: Context, version: str | None, component: str | None) -> Release:
    """Return the release at hand, with dist/ locked and filled from the draft where it is empty.

    A dry run locks and writes nothing, and sees dist/ as it would be then.
    """
    release = Release.at(c, version, component)
    if release.is_tagged or not shell.is_dry(c):  # a dry bump has written nothing
        raise_all(release.version_mismatches)
    if not shell.is_dry(c):
        dist.lock(release)
    github_draft.fill(release, shell.is_dry(c))
    return release


def state(release: Release, channel: Channel) -> list[ArtifactStatus]:
    """Return the state of everything that the release has on a channel."""
    return channel.state(release, channel.expected(release))


def to_build(release: Release, channel: Channel, *kinds: FileKind) -> tuple[Artifact, ...]:
    """Return what is neither in dist/ nor public; what is public is never built again."""
    here = {
        (part.component.name, row.name)
        for part in release.parts
        for row in dist.of_kind(part, *kinds)
        if dist.file_of(part, row)
    }
    absent = [a for a in channel.expected(release) if (a.component, a.name) not in here]
    open_ones = tuple(
        seen.artifact for seen in channel.state(release, absent) if seen.state in OPEN
    )
    for error in github_draft.unreadable_drafts(release) if open_ones else ():
        terminal.say(f"warning: {error.message}")
    return open_ones


def converge(c: Context, release: Release, channel: Channel, new: str | None = None) -> None:
    """Publish what the channel lacks. Raises `ReleaseError` before anything is published when an
    artifact is there with other bytes, is withdrawn, or can never be added any more."""
    wanted = channel.expected(release)
    if not wanted:
        terminal.say(f"nothing to do, {channel.NAME} gets nothing of {release.title}")
        return
    seen = channel.state(release, wanted)
    raise_all(refusals(seen))
    missing = tuple(one.artifact for one in seen if one.state in OPEN)
    if not missing:
        terminal.say(f"nothing to do, {_count(len(wanted))} already on {channel.NAME}")
        return
    raise_all(questions(channel, missing, new))
    if not shell.is_dry(c):
        raise_all(untagged(release, channel))
    channel.publish(c, release, missing)
    if not shell.is_dry(c):
        _wait(release, channel, missing)


def refusals(seen: Sequence[ArtifactStatus]) -> list[ReleaseError]:
    """Return one error for each artifact that no release can make right."""
    errors = []
    for one in seen:
        a, what = (
            one.artifact,
            f"{one.artifact.name} {one.artifact.version} on {one.artifact.channel}",
        )
        if one.state is State.DIFFERENT:
            errors.append(
                ReleaseError(f"{what} is something else: {one.why}", "choose the next version")
            )
        elif one.state is State.YANKED:
            errors.append(
                ReleaseError(
                    f"{what} is yanked", f"unyank it, or choose a version after {a.version}"
                )
            )
        elif one.state is State.CLOSED:
            errors.append(
                ReleaseError(f"{what} is closed: {one.why}", f"choose a version after {a.version}")
            )
    return errors


def untagged(release: Release, channel: Channel) -> list[ReleaseError]:
    """Return one error for each tag that origin must have before anything goes to a channel.

    What is public must be found again by its tag, so publishing comes after the push; and a draft of
    that tag may hold bytes that are to be published instead of ours.
    """
    if not release.is_tagged:
        part = release.parts[0]
        return [
            ReleaseError(f"there is no tag {part.tag} here", f"inv tag --version {part.version}")
        ]
    if channel.NAME == git.NAME:
        return []
    seen = state(release, git)
    lacking = [one.artifact for one in seen if one.state is State.MISSING]
    return (
        refusals(seen)
        + github_draft.unreadable_drafts(release)
        + ([] if lacking else git.not_on_release_branch(release))
        + [
            ReleaseError(
                f"origin has no tag {one.name}, and nothing is published before it",
                f"inv push --version {one.version}",
            )
            for one in lacking
        ]
    )


def questions(channel: Channel, missing: Sequence[Artifact], new: str | None) -> list[ReleaseError]:
    """Return one error for each name that is new to the registry and was not confirmed in `new`."""
    agreed = {name.strip() for name in (new or "").split(",")}
    names = {artifact.package or artifact.name: artifact for artifact in missing}
    answers = get_many(lambda name: channel.is_new(names[name]), names)
    unknown = [name for name, is_new in zip(names, answers, strict=True) if is_new]
    confirmed = [name for name in unknown if agreed & {name, "all"}]
    if confirmed:
        terminal.say(f"new to {channel.NAME}: {', '.join(confirmed)}")
    return [
        ReleaseError(
            f"{name} is new to {channel.NAME}, and a first publish can never be taken back",
            f"add --new {name} (or --new all) if the name is right",
        )
        for name in unknown
        if name not in confirmed
    ]


def _wait(release: Release, channel: Channel, sent: Sequence[Artifact]) -> None:
    def lacking() -> str:
        seen = channel.state(release, sent)
        raise_all(refusals(seen))
        left = [one.artifact.name for one in seen if one.state not in DONE]
        return (
            f"{channel.NAME} to show {left[0]}" + (f" and {len(left) - 1} more" if left[1:] else "")
            if left
            else ""
        )

    terminal.wait_for(lacking, DEADLINE)
    terminal.say(f"{_count(len(sent))} now on {channel.NAME}")


def _count(number: int) -> str:
    return f"{number} artifact is" if number == 1 else f"{number} artifacts are"
