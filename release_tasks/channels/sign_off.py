"""The sign-off of a release: what a person has decided about exactly these bytes of this commit.

It is kept in the GitHub draft, the JSON last, so that one that is there is whole. Without GitHub it
stays in dist/<tag>/. A draft that is emptied for its publication loses it as the very last.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from invoke.context import Context

from release_tasks import dist, files, shell
from release_tasks.channels import github_assets, github_draft
from release_tasks.errors import ReleaseError, shorten
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import gh
from release_tasks.tools.gh.pages import Page

GO = ("ship", "conditional")
STOP = ("hotfix", "abort")
DECISIONS = (*GO, *STOP)


def page_of(release: Release, part: ComponentRelease) -> Page | None:
    """Return the GitHub release of a tag, None where the project has none on GitHub."""
    if github_draft.no_release_reason(release):
        return None
    return gh.page(release.project.github_repository, part.tag)


def is_full(release: Release, part: ComponentRelease, page: Page) -> bool:
    """Tell whether a draft has every file of dist/, or all that becomes public."""
    if github_assets.is_ready(page, github_assets.shipped(part, page)):
        return True
    return github_assets.draft_matches(page, release, part)


def sums(part: ComponentRelease, page: Page | None) -> dict[str, str]:
    """Return the sha256 (64 hex digits) of each file of dist/ and the draft, by its name."""
    found = {}
    if page is not None:
        for name, sha256 in _of_draft(page):
            found[name] = sha256
    for row in dist.inventory(part):
        found[row.file] = row.sha256
    return dict(sorted(found.items()))


def kept(
    release: Release, part: ComponentRelease, page: Page | None
) -> dict[str, Any] | None:
    """Return the sign-off of a tag, None without one that can be read.

    What dist/ has of it counts only where the draft has no list of its files: without GitHub, and
    after a publication that broke off while it emptied the draft.
    """
    asset = page.asset(dist.SIGN_OFF) if page else None
    path = part.dist / dist.SIGN_OFF
    if asset is not None and asset.is_complete:
        data = gh.fetch(release.project.github_repository, asset)
    elif page is not None and page.holds(dist.INVENTORY):
        return None
    elif path.is_file():
        data = path.read_bytes()
    else:
        return None
    return _read(data)


def keep(
    c: Context,
    release: Release,
    part: ComponentRelease,
    page: Page | None,
    texts: Mapping[str, str],
) -> None:
    """Write the texts of a sign-off into dist/ and the draft; the JSON comes last in `texts`."""
    paths = []
    for name, text in texts.items():
        paths.append(part.dist / name)
        if not shell.is_dry(c):
            files.write_bytes(dist.folder(part) / name, text.encode())
    if page is not None:
        gh.upload(c, release.project.github_repository, page, paths)


def refusals(release: Release) -> list[ReleaseError]:
    """Return an error for each draft that may not become public, if settings ask for a sign-off."""
    if "release" not in release.project.settings.gates.sign_off:
        return []
    found = []
    for part in release.parts:
        page = page_of(release, part)
        is_open = page is None or (page.is_draft and not page.is_yanked)
        if is_open:
            found += _refusals(release, part, page)
    return found


def line(part: ComponentRelease) -> str:
    """Return the command that signs a part of the release off."""
    return f"inv sign-off --version {part.request} --decision ship --by NAME"


def _refusals(
    release: Release, part: ComponentRelease, page: Page | None
) -> list[ReleaseError]:
    again = f"try the files in {part.dist}, then: {line(part)}"
    known = kept(release, part, page)
    if known is None:
        return [ReleaseError(f"{part.tag} is not signed off", again)]
    if known["commit"] != release.commit:
        then = str(known["commit"])[:7]
        return [
            ReleaseError(
                f"{part.tag} was signed off at {then}, and is at {release.commit[:7]}",
                again,
            )
        ]
    changed = _changed(known, part, page)
    if changed:
        return [
            ReleaseError(
                f"not as {part.tag} was signed off: {shorten(changed)}", again
            )
        ]
    if known["decision"] not in GO:
        return [
            ReleaseError(
                f"{known['by']} has signed {part.tag} off as {known['decision']}",
                f"inv rollback --version {part.request}; or, if that is decided anew: "
                f"{line(part)}",
            )
        ]
    return []


def _changed(
    known: Mapping[str, Any], part: ComponentRelease, page: Page | None
) -> list[str]:
    """Return the files of dist/ and the draft that were signed off with other bytes, or not."""
    signed = {row["file"]: row["sha256"] for row in known["files"]}
    now = [(row.file, row.sha256) for row in dist.inventory(part)]
    if page is not None:
        now += _of_draft(page)
    changed = [
        name
        for name, sha256 in now
        if name not in signed or sha256 not in ("", signed[name])
    ]
    return sorted(set(changed))


def _of_draft(page: Page) -> list[tuple[str, str]]:
    """Return the files of a draft with their sha256, "" where an old server tells none."""
    passed = (dist.INVENTORY, *dist.SIGN_OFFS)
    return [
        (asset.name, asset.digest.removeprefix("sha256:"))
        for asset in page.assets
        if asset.name not in passed
    ]


def _read(data: bytes) -> dict[str, Any] | None:
    """Return a sign-off, None for what has not its form."""
    try:
        found = json.loads(data)
        whole = all(
            isinstance(found[key], str) for key in ("decision", "by", "commit")
        )
        for row in found["files"]:
            whole &= isinstance(row["file"], str)
            whole &= isinstance(row["sha256"], str)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if whole else None
