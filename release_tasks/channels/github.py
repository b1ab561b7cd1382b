"""The GitHub release: a draft that keeps every byte, and the one moment when it goes public."""

from __future__ import annotations

from collections.abc import Sequence

from invoke.context import Context

from release_tasks import shell
from release_tasks.channels import github_assets, github_draft
from release_tasks.channels.github_assets import is_ready, shipped
from release_tasks.errors import ReleaseError
from release_tasks.project.model import Artifact, Place, Pointer, Seen, State
from release_tasks.project.numbers import is_prerelease, parse
from release_tasks.project.tags import version_in
from release_tasks.release import Part, Release
from release_tasks.tools import gh

NAME = "GitHub"


def expected(release: Release) -> tuple[Artifact, ...]:
    """Return the release of each tag and every asset that the project ships with it."""
    if github_draft.absence(release):
        return ()
    found: list[Artifact] = []
    for part in release.parts:
        found.append(Artifact(NAME, part.tag, part.version, part.component.name, package=part.tag))
        found += shipped(part)
    return tuple(found)


def look(release: Release, artifacts: Sequence[Artifact]) -> list[Seen]:
    """Return the state of releases and assets, with one read for each tag."""
    tags = {artifact.package for artifact in artifacts}
    pages = {tag: gh.page(repository(release), tag) for tag in tags}
    names = {p.tag: {a.name for a in shipped(p, pages[p.tag])} for p in release.parts if p.tag in pages}
    return [_seen(artifact, pages[artifact.package], names[artifact.package]) for artifact in artifacts]


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
        github_assets.sum_up(c, release, part, page)
        if page is not None:
            github_assets.complete(c, release, part, page)
        if shell.is_dry(c):
            shell.say("then every file that is not shipped is removed from the draft, release.json last")
        elif page is not None and page.is_draft:
            github_assets.strip(c, release, part)
        if page is None or page.is_draft:
            gh.publish(c, repository(release), part.tag, is_prerelease(part.version))


def keep(c: Context, release: Release) -> None:
    """Keep every file of dist/ in the draft, release.json last, so that any machine can go on."""
    for part in release.parts:
        page = github_assets.draft(c, release, part)
        github_assets.sum_up(c, release, part, page)
        if page and not page.is_draft:
            shell.say(f"nothing to do, {part.tag} is public")
        elif page and (is_ready(page, shipped(part, page)) or github_assets.keeps(page, release, part)):
            shell.say(f"nothing to do, the draft of {part.tag} has every file")
        elif github_draft.is_foreign(part, page):
            raise github_draft.crowded(part)
        else:
            github_assets.upload_all(c, release, part, page)


def pointers(release: Release) -> tuple[Pointer, ...]:
    """Return GitHub's "Latest" for the component that owns it, never for a prerelease."""
    wanted = [p for p in release.parts if p.component.latest and not is_prerelease(p.version)]
    if github_draft.absence(release) or not wanted:
        return ()
    part = wanted[0]
    now = gh.latest(repository(release))
    return (Pointer(NAME, "Latest", part.tag, part.component.name, _place(release, part, now), now or ""),)


def move(c: Context, release: Release, pointer: Pointer) -> None:
    """Let GitHub call this release "Latest"."""
    gh.set_latest(c, repository(release), pointer.target)


def repository(release: Release) -> str:
    """Return owner/name; raise `ReleaseError` for a project that is not on GitHub."""
    if release.project.repository is None:
        raise ReleaseError("origin is not on GitHub", "git remote set-url origin to the GitHub repository")
    return release.project.repository


def _seen(artifact: Artifact, page: gh.Page | None, names: set[str]) -> Seen:
    if page is None:
        return Seen(artifact, State.MISSING)
    if artifact.name == artifact.package:
        return _seen_release(artifact, page, names)
    return github_assets.seen(artifact, page, names)


def _seen_release(artifact: Artifact, page: gh.Page, names: set[str]) -> Seen:
    if page.is_draft:
        return Seen(artifact, State.PARTIAL, "a draft", page.url)
    lacking = names - {asset.name for asset in page.assets if asset.is_complete}
    if not lacking:
        return Seen(artifact, State.SAME, "public", page.url)
    state = State.CLOSED if page.is_immutable else State.PARTIAL
    return Seen(artifact, state, f"it lacks {', '.join(sorted(lacking))}", page.url)


def _place(release: Release, part: Part, now: str | None) -> Place:
    if now is None:
        return Place.BEHIND
    other = version_in(part.component, now)
    if other is None:  # another component's, which does not own it, or a stranger's
        is_ours = any(version_in(one, now) for one in release.project.components)
        return Place.BEHIND if is_ours else Place.FOREIGN
    if now == part.tag:
        return Place.SAME
    return Place.BEHIND if parse(other) < parse(part.version) else Place.AHEAD
