"""Read a registry, publish what is missing, and wait until the registry shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from invoke.context import Context

from release_tasks import dist, shell, terminal
from release_tasks.channels import git, github, github_draft
from release_tasks.channels.channel import Channel
from release_tasks.display.messages import Message
from release_tasks.errors import ReleaseError, raise_all, shorten
from release_tasks.http import get_many
from release_tasks.project.artifacts import Artifact, ArtifactStatus, State
from release_tasks.project.kinds import FileKind
from release_tasks.project.tags import PROMOTED
from release_tasks.release import Release
from release_tasks.tools import gh

DEADLINE = 600.0  # seconds until a registry must show what it accepted
DONE = (State.SAME, State.PRESENT)
OPEN = (State.MISSING, State.PARTIAL)
ChannelState = tuple[Channel, Sequence[ArtifactStatus]]


def begin(c: Context, version: str | None, component: str | None) -> Release:
    """Return the release to work on, with dist/ locked and filled from the GitHub draft.

    A dry run locks and writes nothing, but sees dist/ as it would be filled.
    """
    is_dry = shell.is_dry(c)
    release = Release.at(c, version, component)
    if release.is_tagged or not is_dry:  # a dry bump has written nothing
        raise_all(release.version_mismatches)
    if not is_dry:
        dist.lock(release)
    github_draft.fill(release, is_dry)
    return release


def converge(
    c: Context, release: Release, channel: Channel, new: str | None = None
) -> None:
    """Publish what is missing on a channel, and wait until it is visible.

    Raises `ReleaseError` before anything is published when an artifact is there with different
    bytes, is yanked or closed, or has a new name that is not in `new` (comma-separated, or "all").
    """
    artifacts = channel.expected(release)
    if not artifacts:
        terminal.say(f"nothing to do, no {channel.NOUN}s to publish")
        return
    statuses = channel.state(release, artifacts)
    raise_all(refusals(statuses))
    missing = _open(statuses)
    if not missing:
        terminal.say(
            f"nothing to do, every {channel.NOUN} is already published"
        )
        return
    raise_all(unconfirmed_names(channel, missing, new))
    if shell.is_dry(c):
        channel.publish(c, release, missing)
        return
    raise_all(untagged(release, channel))
    channel.publish(c, release, missing)
    _wait(release, channel, missing)


def state(release: Release, channel: Channel) -> list[ArtifactStatus]:
    """Return the state of everything that the release has on a channel."""
    return channel.state(release, channel.expected(release))


def public(release: Release, states: Iterable[ChannelState]) -> list[str]:
    """Return what is public of a release, apart from its tags and drafts.

    `states` are the channels with the state of their artifacts.
    """
    found = []
    for tag, page in github_draft.pages(release).items():
        # a draft with that notice was public
        if not page.is_draft or page.is_yanked:
            found.append(f"{tag} on {github.NAME}")
    found += _promotions(release)
    yanked = git.marked(release)
    for part in release.parts:
        if part.tag in yanked:
            found.append(f"{part.tag}, which was taken back")
    for channel, statuses in states:
        if channel.NAME in (git.NAME, github.NAME):
            continue
        for status in statuses:
            if status.state is not State.MISSING:
                found.append(f"{status.artifact.name} on {channel.NAME}")
    return found


def _promotions(release: Release) -> list[str]:
    """Return the public GitHub releases that `inv promote` has made of a release."""
    repository = release.project.repository
    found = []
    for part in release.parts:
        if repository is None or not part.component.promotes:
            continue
        page = gh.page(repository, part.tag + PROMOTED)
        if page is not None and not page.is_draft:
            found.append(f"{page.tag} on {github.NAME}")
    return found


def to_build(
    release: Release, channel: Channel, *kinds: FileKind
) -> tuple[Artifact, ...]:
    """Return what is neither in dist/ nor published; what is published is never built again."""
    built = {
        (part.component.name, row.name)
        for part in release.parts
        for row in dist.of_kind(part, *kinds)
        if dist.file_of(part, row)
    }
    expected = channel.expected(release)
    absent = [one for one in expected if (one.component, one.name) not in built]
    missing = _open(channel.state(release, absent))
    if missing:
        for error in github_draft.unreadable_drafts(release):
            terminal.show_messages(
                [Message("warning", error.problem, error.fix)]
            )
    return missing


def refusals(statuses: Iterable[ArtifactStatus]) -> list[ReleaseError]:
    """Return an error for each artifact that no run of this release can complete."""
    errors = []
    for status in statuses:
        name = _title(status.artifact)
        next_version = f"choose a version after {status.artifact.version}"
        if status.state is State.DIFFERENT:
            errors.append(
                ReleaseError(f"{name} differs: {status.why}", next_version)
            )
        elif status.state is State.YANKED:
            errors.append(ReleaseError(f"{name} is yanked", _unyank(status)))
        elif status.state is State.CLOSED:
            errors.append(
                ReleaseError(f"{name} is closed: {status.why}", next_version)
            )
    return errors


def _unyank(status: ArtifactStatus) -> str:
    """Return the two ways on from a version that is yanked: PyPI is unyanked on its page alone."""
    how = "unyank it"
    if status.artifact.channel != "PyPI":
        how = "unyank it with `inv rollback --undo`"
    return f"{how}, or choose a version after {status.artifact.version}"


def untagged(release: Release, channel: Channel) -> list[ReleaseError]:
    """Return an error for each tag that origin must have before anything goes to a channel.

    The tag is how users find the sources of what is public, and its draft may have the bytes that
    are to be published instead of ours.
    """
    if not release.is_tagged:
        return [git.no_tag(release)]
    if channel.NAME == git.NAME:
        return []
    tags = state(release, git)
    errors = refusals(tags) + github_draft.unreadable_drafts(release)
    missing = [
        status.artifact for status in tags if status.state is State.MISSING
    ]
    if not missing:
        return errors + git.not_on_release_branch(release)
    for tag in missing:
        errors.append(
            ReleaseError(
                f"tag {tag.name} is not pushed, and publishing needs it",
                f"inv push --version {release.request}",
            )
        )
    return errors


def unconfirmed_names(
    channel: Channel, missing: Sequence[Artifact], new: str | None
) -> list[ReleaseError]:
    """Return an error for each name that is new to the registry and not confirmed in `new`.

    `new` is None, comma-separated names, or "all".
    """
    allowed = {name.strip() for name in (new or "").split(",")}
    artifacts = {
        artifact.package or artifact.name: artifact for artifact in missing
    }
    answers = get_many(channel.is_new, artifacts.values())
    unknown = [
        name for name, is_new in zip(artifacts, answers, strict=True) if is_new
    ]
    confirmed = [name for name in unknown if allowed & {name, "all"}]
    if confirmed:
        where = _to_registry(channel, confirmed[0])
        terminal.say(f"first publish{where}: {', '.join(confirmed)}")
    return [
        ReleaseError(
            f"`{name}` has never been published{_to_registry(channel, name)}; confirm the name",
            f"add --new {name} (or --new all) if the name is right: {channel.UNDO}",
        )
        for name in unknown
        if name not in confirmed
    ]


def _open(statuses: Iterable[ArtifactStatus]) -> tuple[Artifact, ...]:
    return tuple(status.artifact for status in statuses if status.state in OPEN)


def _wait(
    release: Release, channel: Channel, published: Sequence[Artifact]
) -> None:
    def missing() -> str:
        statuses = channel.state(release, published)
        raise_all(refusals(statuses))
        names = [
            status.artifact.name
            for status in statuses
            if status.state not in DONE
        ]
        if not names:
            return ""
        more = f" and {len(names) - 1} more" if names[1:] else ""
        return f"{names[0]}{more} to become visible"

    terminal.wait_for(missing, DEADLINE)
    names = shorten([name_and_version(artifact) for artifact in published])
    if channel.NAME == git.NAME:
        terminal.say(f"tag {names} pushed to origin")
    else:
        terminal.say(f"published {names}")


def name_and_version(artifact: Artifact) -> str:
    """Return an artifact's name and version, once where the name contains the version."""
    if artifact.version in artifact.name:
        return artifact.name
    return f"{artifact.name} {artifact.version}"


def _title(artifact: Artifact) -> str:
    """Return an artifact with its registry: `tiny 0.2.0 on PyPI`, `ghcr.io/acme/tiny 0.2.0`."""
    title = name_and_version(artifact)
    if _is_reference(artifact.name):
        return title
    return f"{title} on {artifact.channel}"


def _to_registry(channel: Channel, name: str) -> str:
    return "" if _is_reference(name) else f" to {channel.NAME}"


def _is_reference(name: str) -> bool:
    """Return True for the name of an image or a chart, which begins with its registry."""
    return "/" in name
