"""How dist/ is filled from the GitHub draft, so that any machine continues with the same bytes."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path

from release_tasks import dist, endpoints, files, terminal
from release_tasks.errors import ReleaseError, counted, shorten
from release_tasks.formats import text_files
from release_tasks.http import get_many
from release_tasks.printable import word
from release_tasks.project.model import resolved_or_empty
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import gh, remotes
from release_tasks.tools.gh import hosts
from release_tasks.tools.gh.pages import Page
from release_tasks.tools.git import origin

# What this process has filled: dist/<tag>/, the commit, and whether it was a dry run.
_filled: set[tuple[Path, str, bool]] = set()
# The digest of the draft's release.json when this process last read it, by dist/<tag>/.
_seen_inventories: dict[Path, str] = {}
_guard = threading.Lock()


def fill(release: Release, is_dry: bool = False) -> None:
    """Fill dist/<tag>/ from the draft or public release, if that has a release.json.

    Its files replace those in dist/, as their bytes may be public. A dry run only reads.
    """
    with _guard:
        for part in release.parts:
            key = (part.dist, release.commit, is_dry)
            if key not in _filled:
                _fill_part(release, part, is_dry)
                _filled.add(key)


def pages(release: Release) -> dict[str, Page]:
    """Return the GitHub release of each tag that has one, drafts included."""
    found = {}
    for part in release.parts:
        page = _page(release, part)
        if page is not None:
            found[part.tag] = page
    return found


def no_release_reason(release: Release) -> str:
    """Return why the release gets no draft and no page on GitHub, "" when it gets them."""
    if any(part.component.promotes for part in release.parts):
        return 'only `inv promote` makes a GitHub release ([github] release = "promote")'
    if release.project.repository is None:
        return "origin is not on GitHub"
    return ""


def assets_without_place(release: Release) -> list[ReleaseError]:
    """Return an error when programs are declared that only a GitHub release could have.

    An image that takes them (`COPY --from=binaries`) is another place.
    """
    url = origin.url(release.checkout)
    if release.project.repository is not None or url is None:
        return []
    names: dict[str, None] = {}
    for part in release.parts:
        if not _is_taken_by_image(release, part):
            binaries = resolved_or_empty(part.component.binaries)
            names |= dict.fromkeys(binary.name for binary in binaries)
    if not names:
        return []
    address = remotes.parse(url)
    enterprise = ""
    if address:
        host = address.host
        enterprise = f"; if {host} is a GitHub Enterprise Server: gh auth login --hostname {host}"
    return [
        ReleaseError(
            f"the only place of {shorten(list(names))} is a GitHub release, "
            f"and origin ({url}) is not on GitHub",
            f"git remote set-url origin {endpoints.GITHUB}/OWNER/NAME, "
            f"or remove [binaries]{enterprise}",
        )
    ]


def unreadable_drafts(release: Release) -> list[ReleaseError]:
    """Return an error for each pushed tag that may have a draft which the token cannot see.

    There is none where dist/ has the very files of the draft, as a job of CI gets them from the
    one that filled it.
    """
    if not _may_have_page(release):
        return []
    hidden = [
        part
        for part in release.parts
        if origin.tag(release.checkout, part.tag)
        and _page(release, part) is None
        and not _is_of_draft(release, part)
    ]
    repository = release.project.github_repository
    host = hosts.host_of(repository)
    if not hidden or (gh.token(host) and gh.may_write(repository)):
        return []
    return [
        ReleaseError(
            "GitHub shows drafts only to a token that may write contents, "
            f"and {part.tag} may have one with built files",
            f"set {hosts.tokens(host)[0]} to a token with write access to contents "
            "(in a workflow `permissions: contents: write`), or run `gh auth login`",
        )
        for part in hidden
    ]


def note_draft(release: Release, part: ComponentRelease) -> None:
    """Write into dist/ that the draft has exactly its inventory, for jobs that cannot see it."""
    data = json.dumps(_noted(release, part), indent=1) + "\n"
    files.write_bytes(dist.folder(part) / dist.DRAFT, data.encode())


def note_inventory(part: ComponentRelease, page: Page | None) -> None:
    """Remember which release.json the draft has."""
    _seen_inventories[part.dist] = _inventory_digest(page)


def is_foreign(part: ComponentRelease, page: Page | None) -> bool:
    """Return True when another machine has replaced the draft's release.json meanwhile."""
    seen = _seen_inventories.get(part.dist)
    return seen is not None and seen != _inventory_digest(page)


def concurrent_upload(part: ComponentRelease) -> ReleaseError:
    """Return the error for a draft that another machine fills at the same time."""
    return ReleaseError(
        f"another machine is uploading to the draft of {part.tag}",
        "run the release again; it continues with the files of the draft",
    )


def _is_taken_by_image(release: Release, part: ComponentRelease) -> bool:
    for image in resolved_or_empty(part.component.images):
        text = text_files.peek(release.source_tree, image.dockerfile)
        if "--from=binaries" in text:
            return True
    return False


def _fill_part(release: Release, part: ComponentRelease, is_dry: bool) -> None:
    dist.discard_stale_build(release, part, is_dry)
    page = _page(release, part)
    note_inventory(part, page)
    if page is not None and page.holds(dist.INVENTORY):
        _take_over(release, part, page, is_dry)


def _page(release: Release, part: ComponentRelease) -> Page | None:
    if not _may_have_page(release):
        return None
    return gh.page(release.project.github_repository, part.tag)


def _may_have_page(release: Release) -> bool:
    return (
        release.is_tagged
        and not no_release_reason(release)
        and origin.url(release.checkout) is not None
    )


def _is_of_draft(release: Release, part: ComponentRelease) -> bool:
    """Tell whether dist/ is what it was when the draft had the same inventory."""
    path = part.dist / dist.DRAFT
    if not path.is_file():
        return False
    try:
        return bool(json.loads(path.read_bytes()) == _noted(release, part))
    except ValueError:
        return False


def _noted(release: Release, part: ComponentRelease) -> dict[str, str]:
    sha256 = hashlib.sha256(dist.summed(release, part)).hexdigest()
    return {"commit": release.commit, "inventory": sha256}


def _inventory_digest(page: Page | None) -> str:
    asset = page.asset(dist.INVENTORY) if page else None
    return asset.digest if asset else ""


def _take_over(
    release: Release, part: ComponentRelease, page: Page, is_dry: bool
) -> None:
    """Make dist/ what the release.json on GitHub lists, and download the missing files.

    Raises `ReleaseError` when it was built from another commit: the tag was moved afterwards.
    """
    rows = _inventory(release, part, page, is_dry)
    # An old server has no digests. With one, a file that another machine uploaded is recognized.
    kept = [
        row for row in rows if page.holds(row.file, "", f"sha256:{row.sha256}")
    ]
    wanted = [row for row in kept if not (part.dist / row.file).exists()]
    if wanted:
        terminal.say(
            f"filling dist/{part.tag} from the draft: {counted(len(wanted), 'file')}"
        )
    if is_dry:
        dist.simulate(part, rows, [row.file for row in kept])
    else:
        get_many(lambda row: _download(release, part, page, row), wanted)


def _inventory(
    release: Release, part: ComponentRelease, page: Page, is_dry: bool
) -> tuple[dist.Built, ...]:
    """Return the files that GitHub's release.json lists, and make it the one in dist/."""
    asset = page.asset(dist.INVENTORY)
    assert asset is not None
    local = part.dist / dist.INVENTORY
    if local.exists() and asset.digest == f"sha256:{files.sha256(local)}":
        return dist.inventory(part)
    data = gh.fetch(release.project.github_repository, asset)
    rows = dist.parse(data, f"{dist.INVENTORY} of {part.tag} on GitHub")
    _refuse_other_commit(release, part, rows)
    if not is_dry:
        dist.replace_inventory(part, data)
    return rows


def _refuse_other_commit(
    release: Release, part: ComponentRelease, rows: tuple[dist.Built, ...]
) -> None:
    for row in rows:
        if row.commit != release.commit:
            raise ReleaseError(
                f"the draft of {part.tag} has files built from {row.commit[:7]}, "
                f"and the tag is at {release.commit[:7]}",
                f"gh release delete {word(part.tag)}, if nothing of it is public; "
                f"else choose a version after {part.version}",
            )


def _download(
    release: Release, part: ComponentRelease, page: Page, row: dist.Built
) -> None:
    asset = page.asset(row.file)
    assert asset is not None
    files.write_bytes(
        part.dist / row.file, gh.fetch(release.project.github_repository, asset)
    )
    dist.file_of(part, row)
