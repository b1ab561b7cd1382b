"""The GitHub release: a draft with every built file, which goes public with its assets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

from invoke.context import Context
from semver import Version

from release_tasks import shell, terminal
from release_tasks.channels import github_assets, github_draft
from release_tasks.channels.github_assets import is_ready, shipped
from release_tasks.errors import ReleaseError
from release_tasks.project.artifacts import (
    Artifact,
    ArtifactStatus,
    Pointer,
    PointerState,
    State,
)
from release_tasks.project.tags import version_in
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import gh
from release_tasks.tools.gh import hosts, yank_notice
from release_tasks.tools.gh.pages import Page
from release_tasks.versions import earlier_tags
from release_tasks.versions.numbers import is_prerelease, parse

NAME = "GitHub"
NOUN = "file"
UNDO = "a release can be deleted, unless it is immutable"


def expected(release: Release) -> tuple[Artifact, ...]:
    """Return the release of each tag, and every asset that the project ships with it."""
    if github_draft.no_release_reason(release):
        return ()
    found: list[Artifact] = []
    for part in release.parts:
        found.append(
            Artifact(
                NAME,
                part.tag,
                part.version,
                part.component.name,
                package=part.tag,
            )
        )
        found += shipped(part)
    return tuple(found)


def state(
    release: Release, artifacts: Sequence[Artifact]
) -> list[ArtifactStatus]:
    """Return the state of releases and assets, with one read for each tag."""
    tags = {artifact.package for artifact in artifacts}
    pages = {
        tag: gh.page(release.project.github_repository, tag) for tag in tags
    }
    names = {}
    for part in release.parts:
        if part.tag in pages:
            names[part.tag] = {
                asset.name for asset in shipped(part, pages[part.tag])
            }
    return [
        _status(artifact, pages[artifact.package], names[artifact.package])
        for artifact in artifacts
    ]


def web_page(release: Release, part: ComponentRelease) -> str:
    """Return the address of a tag's release, "" where the project makes none on GitHub."""
    if github_draft.no_release_reason(release):
        return ""
    repository = hosts.web(release.project.github_repository)
    return f"{repository}/releases/tag/{quote(part.tag)}"


def is_new(artifact: Artifact) -> bool:
    """Return False: a GitHub release has the name of its tag."""
    return False


def credentials(release: Release) -> list[ReleaseError]:
    """Return an error when gh has no token."""
    host = hosts.host_of(release.project.github_repository)
    if gh.token(host):
        return []
    variable = hosts.tokens(host)[0]
    return [
        ReleaseError(
            "gh has no token", f"set {variable}, or run `gh auth login`"
        )
    ]


def publish(
    c: Context, release: Release, artifacts: Sequence[Artifact]
) -> None:
    """Complete the drafts, remove what is not shipped, and make them public."""
    tags = {artifact.package for artifact in artifacts}
    for part in release.parts:
        if part.tag in tags:
            _publish_part(c, release, part)


def pointers(release: Release) -> tuple[Pointer, ...]:
    """Return GitHub's "Latest" for the component that owns it, never for a prerelease.

    While no release was made "Latest" by request, GitHub shows the newest by date, which a hotfix
    of an older line is: then a higher version has to become it.
    """
    if github_draft.no_release_reason(release):
        return ()
    for part in release.parts:
        if part.component.latest and not is_prerelease(part.version):
            now = gh.latest(release.project.github_repository)
            place = _pointer_state(release, part, now)
            target = part.tag
            if place is PointerState.SAME:
                target = _highest(release, part)
            if target != part.tag:
                place = PointerState.BEHIND
            return (
                Pointer(
                    NAME,
                    "Latest",
                    target,
                    part.component.name,
                    place,
                    now or "",
                ),
            )
    return ()


def pointers_back(
    release: Release, is_yanked: Callable[[ComponentRelease, str], bool]
) -> tuple[Pointer, ...]:
    """Return "Latest" where it is this release, with the highest other release as its target.

    The target is "" where the component has no other public release that is neither a prerelease
    nor yanked.
    """
    if github_draft.no_release_reason(release):
        return ()
    repository = release.project.github_repository
    now = gh.latest(repository)
    for part in release.parts:
        if now != part.tag:
            continue
        others = {
            version: tag
            for version, tag in _public(release, part).items()
            if tag != part.tag and not is_yanked(part, str(version))
        }
        target = others[max(others)] if others else ""
        name = part.component.name
        return (
            Pointer(NAME, "Latest", target, name, PointerState.BEHIND, now),
        )
    return ()


def move(c: Context, release: Release, pointer: Pointer) -> None:
    """Make this release GitHub's "Latest"; raise `ReleaseError` when it is not public."""
    repository = release.project.github_repository
    page = gh.page(repository, pointer.target)
    is_public = page is not None and not page.is_draft
    if not is_public and not shell.is_dry(c):
        raise ReleaseError(
            f"{pointer.target} is not public on GitHub, so it cannot be "
            '"Latest"',
            "inv gh-release",
        )
    gh.set_latest(c, repository, pointer.target)


def fill_draft(c: Context, release: Release) -> None:
    """Upload all of dist/ to the draft, release.json last, so that any machine can resume."""
    for part in release.parts:
        page = github_assets.draft(c, release, part)
        github_assets.write_sha256sums(c, release, part, page)
        if page and not page.is_draft:
            terminal.say(f"nothing to do, {part.tag} is public")
        elif page and _is_full(release, part, page):
            terminal.say(
                f"nothing to do, the draft of {part.tag} has every file"
            )
            if github_assets.draft_matches(page, release, part):
                _note_draft(c, release, part)
        elif github_draft.is_foreign(part, page):
            raise github_draft.concurrent_upload(part)
        else:
            github_assets.upload_all(c, release, part, page)
            if not shell.is_dry(c):
                terminal.say(f"the draft of {part.tag} has every file")
            _note_draft(c, release, part)


def _note_draft(c: Context, release: Release, part: ComponentRelease) -> None:
    if not shell.is_dry(c):
        github_draft.note_draft(release, part)


def _status(
    artifact: Artifact, page: Page | None, names: set[str]
) -> ArtifactStatus:
    if page is None:
        return ArtifactStatus(artifact, State.MISSING)
    if artifact.name == artifact.package:
        return _release_status(artifact, page, names)
    return github_assets.status(artifact, page, names)


def _release_status(
    artifact: Artifact, page: Page, names: set[str]
) -> ArtifactStatus:
    if page.is_yanked:
        why = "its notes say that it was taken back"
        return ArtifactStatus(artifact, State.YANKED, why, page.url)
    if page.is_draft:
        return ArtifactStatus(artifact, State.PARTIAL, "a draft", page.url)
    missing = sorted(
        names - {asset.name for asset in page.assets if asset.is_complete}
    )
    if not missing:
        return ArtifactStatus(artifact, State.SAME, "public", page.url)
    state = State.CLOSED if page.is_immutable else State.PARTIAL
    return ArtifactStatus(
        artifact, state, f"missing files: {', '.join(missing)}", page.url
    )


def _publish_part(c: Context, release: Release, part: ComponentRelease) -> None:
    page = github_assets.draft(c, release, part)
    github_assets.write_sha256sums(c, release, part, page)
    if page is not None:
        github_assets.complete(c, release, part, page)
    if shell.is_dry(c):
        terminal.say(
            "would remove files that are not shipped from the draft, release.json last"
        )
    elif page is not None and page.is_draft:
        github_assets.remove_extra_assets(c, release, part)
    if page is None or page.is_draft:
        gh.publish(
            c,
            release.project.github_repository,
            part.tag,
            is_prerelease(part.version),
        )


def _is_full(release: Release, part: ComponentRelease, page: Page) -> bool:
    if is_ready(page, shipped(part, page)):
        return True
    return github_assets.draft_matches(page, release, part)


def _pointer_state(
    release: Release, part: ComponentRelease, now: str | None
) -> PointerState:
    """Return the state of "Latest", which is on the tag `now`."""
    if now is None:
        return PointerState.BEHIND
    if now == part.tag:
        return PointerState.SAME
    version = version_in(part.component, now)
    if version is None:
        return _state_of_other_form(release, part, now)
    if parse(version) < parse(part.version):
        return PointerState.BEHIND
    return PointerState.AHEAD


def _highest(release: Release, part: ComponentRelease) -> str:
    """Return the tag of the highest public version of a component, or that of this release."""
    public = _public(release, part)
    public[parse(part.version)] = part.tag
    return public[max(public)]


def _public(release: Release, part: ComponentRelease) -> dict[Version, str]:
    """Return the tag of each public version of a component, without prereleases and yanked ones."""
    found: dict[Version, str] = {}
    for row in gh.releases(release.project.github_repository):
        version = version_in(part.component, row["tag_name"])
        is_shown = not row["draft"] and not row["prerelease"]
        if version and is_shown and not yank_notice.is_in(row["body"] or ""):
            found.setdefault(parse(version), row["tag_name"])
    return found


def _state_of_other_form(
    release: Release, part: ComponentRelease, now: str
) -> PointerState:
    """Return the state of "Latest" on a tag that this component does not make."""
    components = release.project.components
    if any(version_in(one, now) for one in components):
        # another component's release does not own "Latest"
        return PointerState.BEHIND
    earlier = earlier_tags.version_of(
        now, (part.component.name, release.project.name)
    )
    if earlier is None:
        return PointerState.FOREIGN
    if earlier.version < parse(part.version):
        return PointerState.BEHIND
    # with several components, the numbers before these were those of something else
    return PointerState.FOREIGN if components[1:] else PointerState.AHEAD
