"""How dist/ is filled from the draft, so that any machine goes on with the bytes of the first."""

from __future__ import annotations

import threading
from pathlib import Path

from release_tasks import dist, files, terminal
from release_tasks.errors import ReleaseError
from release_tasks.http import get_many
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import gh, git

_filled: set[tuple[Path, str, bool]] = (
    set()
)  # each dist/<tag>/ that this process has filled, the commit, whether dry
_noted: dict[
    Path, str
] = {}  # by dist/<tag>/: the digest of the draft's release.json when this process knew it last
_guard = threading.Lock()


def fill(release: Release, is_dry: bool = False) -> None:
    """Fill dist/<tag>/ from the draft or the release, if that has a release.json.

    What is there replaces what lies here: those bytes may be public already. A dry run only reads.
    """
    with _guard:
        for part in release.parts:
            if (part.dist, release.commit, is_dry) in _filled:
                continue
            dist.discard_stale_build(release, part, is_dry)
            page = (
                gh.page(release.project.github_repository, part.tag) if _is_kept(release) else None
            )
            note(part, page)
            if page is not None:
                _take_over(release, part, page, is_dry)
            _filled.add((part.dist, release.commit, is_dry))


def unreadable_drafts(release: Release) -> list[ReleaseError]:
    """Return one error for each public tag whose draft may exist and cannot be seen without a token."""
    if not _is_kept(release) or gh.token():
        return []
    repository = release.project.github_repository
    hidden = [
        p.tag
        for p in release.parts
        if git.remote_tag(release.checkout, p.tag) and gh.page(repository, p.tag) is None
    ]
    fix = "set GH_TOKEN to a token that may write contents, or run `gh auth login`; `inv doctor` shows whether gh is there"
    fact = "GitHub shows drafts only to those who may write, so nobody knows which files of {} exist already"
    return [ReleaseError(fact.format(tag), fix) for tag in hidden]


def note(part: ComponentRelease, page: gh.Page | None) -> None:
    """Remember which release.json the draft has."""
    _noted[part.dist] = _inventory(page)


def is_foreign(part: ComponentRelease, page: gh.Page | None) -> bool:
    """Tell whether another machine has put its release.json into the draft since this process looked."""
    return _noted.get(part.dist, there := _inventory(page)) != there


def concurrent_upload(part: ComponentRelease) -> ReleaseError:
    """Return the error for a draft that another machine fills at the same time, maybe with other bytes."""
    return ReleaseError(
        f"another machine fills the draft of {part.tag}, too",
        "run the release again: it goes on with those files",
    )


def _inventory(page: gh.Page | None) -> str:
    asset = page.asset(dist.INVENTORY) if page else None
    return asset.digest if asset else ""


def pages(release: Release) -> dict[str, gh.Page]:
    """Return what GitHub has of each tag, drafts included."""
    found = (
        {part.tag: gh.page(release.project.github_repository, part.tag) for part in release.parts}
        if _is_kept(release)
        else {}
    )
    return {tag: page for tag, page in found.items() if page is not None}


def no_release_reason(release: Release) -> str:
    """Return why a release has no draft and no page on GitHub, "" where it has."""
    if any(part.component.promotes for part in release.parts):
        return 'only `inv promote` makes a GitHub release ([github] release = "promote")'
    return "" if release.project.repository else "origin is not on GitHub"


def _is_kept(release: Release) -> bool:
    """Tell whether GitHub can have files of this release: it has a tag, and an origin that is there."""
    return (
        release.is_tagged
        and not no_release_reason(release)
        and git.remote_url(release.checkout) is not None
    )


def _take_over(release: Release, part: ComponentRelease, page: gh.Page, is_dry: bool) -> None:
    """Bring dist/ to what the draft's release.json says, and fetch the files that lack here.

    Raises `ReleaseError` where it was made from another commit: the tag was moved after that.
    """
    asset = page.asset(dist.INVENTORY)
    if asset is None or not page.holds(dist.INVENTORY):
        return
    repository = release.project.github_repository
    local = part.dist / dist.INVENTORY
    if local.exists() and asset.digest == f"sha256:{files.sha256(local)}":
        rows = dist.inventory(part)
    else:
        data = gh.fetch(repository, asset)
        rows = dist.parse(data, f"{dist.INVENTORY} of {part.tag} on GitHub")
        _refuse_other_commit(release, part, rows)
        if not is_dry:
            dist.replace_inventory(part, data)
    # old servers tell no digest; where two machines filled the draft at once, it may have bytes of the other one
    kept = [row for row in rows if page.holds(row.file, "", f"sha256:{row.sha256}")]
    wanted = [row for row in kept if not (part.dist / row.file).exists()]
    if wanted:
        terminal.say(f"filling dist/{part.tag} from the draft: {len(wanted)} files")
    if is_dry:
        dist.simulate(part, rows, [row.file for row in kept])
    else:
        get_many(lambda row: _fetch(part, repository, page, row), wanted)


def _refuse_other_commit(
    release: Release, part: ComponentRelease, rows: tuple[dist.Built, ...]
) -> None:
    for row in rows:
        if row.commit != release.commit:
            raise ReleaseError(
                f"GitHub keeps files of {part.tag} that were built from {row.commit[:7]}, and the tag is at {release.commit[:7]}",
                f"gh release delete {part.tag}, if nothing of it is public; else choose the next version",
            )


def _fetch(part: ComponentRelease, repository: str, page: gh.Page, row: dist.Built) -> None:
    asset = page.asset(row.file)
    assert asset is not None
    files.write_bytes(part.dist / row.file, gh.fetch(repository, asset))
    dist.file_of(part, row)
