"""The GitHub release: a draft that keeps every byte, and the one moment when it goes public."""

from __future__ import annotations

from collections.abc import Sequence

from invoke.context import Context

from release_tasks import shell, terminal
from release_tasks.channels import github_assets, github_draft
from release_tasks.channels.github_assets import is_ready, shipped
from release_tasks.errors import ReleaseError
from release_tasks.project.artifacts import Artifact, ArtifactStatus, Pointer, PointerState, State
from release_tasks.project.tags import version_in
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import gh
from release_tasks.versions.numbers import is_prerelease, parse

NAME = "GitHub"
NOUN = "file"
UNDO = "a release can be deleted, unless it is immutable"


def expected(release: Release) -> tuple[Artifact, ...]:
    """Return the release of each tag and every asset that the project ships with it."""
    if github_draft.no_release_reason(release):
        return ()
    found: list[Artifact] = []
    for part in release.parts:
        found.append(Artifact(NAME, part.tag, part.version, part.component.name, package=part.tag))
        found += shipped(part)
    return tuple(found)


def state(release: Release, artifacts: Sequence[Artifact]) -> list[ArtifactStatus]:
    """Return the state of releases and assets, with one read for each tag."""
    tags = {artifact.package for artifact in artifacts}
    pages = {tag: gh.page(repository(release), tag) for tag in tags}
    names = {
        p.tag: {a.name for a in shipped(p, pages[p.tag])} for p in release.parts if p.tag in pages
    }
    return [
        _seen(artifact, pages[artifact.package], names[artifact.package]) for artifact in artifacts
    ]


def is_new(artifact: Artifact) -> bool:
    """Tell that no release is a question: its name is the tag's."""
    return False


def credentials(release: Release) -> list[ReleaseError]:
    """Return an error where gh has no token."""
    if gh.token():
        return []
    return [ReleaseError("gh has no token", "set GH_TOKEN, or run `gh auth login`")]


def publish(c: Context, release: Release, artifacts: Sequence[Artifact]) -> None:
    """Complete the draft, take away what is not shipped, and let it go public."""
    for part in release.parts:
        if part.tag not in {artifact.package for artifact in artifacts}:
            continue
        page = github_assets.draft(c, release, part)
        github_assets.write_sha256sums(c, release, part, page)
        if page is not None:
            github_assets.complete(c, release, part, page)
        if shell.is_dry(c):
            terminal.say(
                "then every file that is not shipped is removed from the draft, release.json last"
            )
        elif page is not None and page.is_draft:
            github_assets.remove_extra_assets(c, release, part)
        if page is None or page.is_draft:
            gh.publish(c, repository(release), part.tag, is_prerelease(part.version))


def fill_draft(c: Context, release: Release) -> None:
    """Keep every file of dist/ in the draft, release.json last, so that any machine can go on."""
    for part in release.parts:
        page = github_assets.draft(c, release, part)
        github_assets.write_sha256sums(c, release, part, page)
        if page and not page.is_draft:
            terminal.say(f"nothing to do, {part.tag} is public")
        elif page and (
            is_ready(page, shipped(part, page)) or github_assets.draft_matches(page, release, part)
        ):
            terminal.say(f"nothing to do, the draft of {part.tag} has every file")
        elif github_draft.is_foreign(part, page):
            raise github_draft.concurrent_upload(part)
        else:
            github_assets.upload_all(c, release, part, page)


def pointers(release: Release) -> tuple[Pointer, ...]:
    """Return GitHub's "Latest" for the component that owns it, never for a prerelease."""
    wanted = [p for p in release.parts if p.component.latest and not is_prerelease(p.version)]
    if github_draft.no_release_reason(release) or not wanted:
        return ()
    part = wanted[0]
    now = gh.latest(repository(release))
    return (
        Pointer(
            NAME, "Latest", part.tag, part.component.name, _place(release, part, now), now or ""
        ),
    )


def move(c: Context, release: Release, pointer: Pointer) -> None:
    """Let GitHub call this release "Latest"."""
    gh.set_latest(c, repository(release), pointer.target)


def repository(release: Release) -> str:
    """Return owner/name; raise `ReleaseError` for a project that is not on GitHub."""
    if release.project.repository is None:
        raise ReleaseError(
            "origin is not on GitHub", "git remote set-url origin to the GitHub repository"
        )
    return release.project.repository


def _seen(artifact: Artifact, page: gh.Page | None, names: set[str]) -> ArtifactStatus:
    if page is None:
        return ArtifactStatus(artifact, State.MISSING)
    if artifact.name == artifact.package:
        return _seen_release(artifact, page, names)
    return github_assets.seen(artifact, page, names)


def _seen_release(artifact: Artifact, page: gh.Page, names: set[str]) -> ArtifactStatus:
    if page.is_draft:
        return ArtifactStatus(artifact, State.PARTIAL, "a draft", page.url)
    lacking = names - {asset.name for asset in page.assets if asset.is_complete}
    if not lacking:
        return ArtifactStatus(artifact, State.SAME, "public", page.url)
    state = State.CLOSED if page.is_immutable else State.PARTIAL
    return ArtifactStatus(artifact, state, f"it lacks {', '.join(sorted(lacking))}", page.url)


def _place(release: Release, part: ComponentRelease, now: str | None) -> PointerState:
    if now is None:
        return PointerState.BEHIND
    other = version_in(part.component, now)
    if other is None:  # another component's, which does not own it, or a stranger's
        is_ours = any(version_in(one, now) for one in release.project.components)
        return PointerState.BEHIND if is_ours else PointerState.FOREIGN
    if now == part.tag:
        return PointerState.SAME
    return PointerState.BEHIND if parse(other) < parse(part.version) else PointerState.AHEAD
