"""The files of a GitHub release are downloaded by everybody's address, compared, and started."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from invoke.context import Context

from release_tasks import endpoints, http, terminal
from release_tasks.channels.github_assets import shipped
from release_tasks.checks.artifacts import binaries
from release_tasks.checks.artifacts.contents import Contents
from release_tasks.checks.check import problems
from release_tasks.errors import ReleaseError
from release_tasks.formats import checksums
from release_tasks.http import get_many
from release_tasks.project.artifacts import Artifact
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import gh
from release_tasks.tools.gh.pages import Page

MEND = "delete that asset, then inv gh-release"


def verify(c: Context, release: Release) -> Iterator[ReleaseError]:
    """Yield an error for each release that is not public, and each asset that is not what was built."""
    if release.project.repository is None:
        return
    about = gh.read(f"repos/{release.project.repository}")
    for part in release.parts:
        page = gh.page(release.project.repository, part.tag)
        if page is None or page.is_draft:
            yield ReleaseError(f"GitHub shows no public release of {part.tag}", "inv gh-release")
            continue
        terminal.say(f"the release {part.tag} is public: {page.url}")
        if about and about.get("private"):
            terminal.say(
                "the repository is private, so nobody can download the assets without a login"
            )
            continue
        yield from _assets(c, release, part, page)


def _assets(
    c: Context, release: Release, part: ComponentRelease, page: Page
) -> Iterator[ReleaseError]:
    wanted = shipped(part, page)
    base = f"{endpoints.GITHUB}/{release.project.repository}/releases/download/{quote(part.tag)}"
    read = get_many(
        lambda artifact: http.get(f"{base}/{quote(artifact.name)}", remember=False), wanted
    )
    bodies = {
        artifact.name: answer.body
        for artifact, answer in zip(wanted, read, strict=True)
        if answer.status == 200
    }
    errors: list[ReleaseError] = []
    for artifact in wanted:
        if artifact.name not in bodies:
            errors.append(
                ReleaseError(
                    f"{artifact.name} of {part.tag} cannot be downloaded from GitHub",
                    "inv gh-release",
                )
            )
        else:
            errors += _compare(artifact, page, bodies)
    yield from errors
    if bodies and not errors:
        terminal.say(f"{len(bodies)} assets of {part.tag} download with the right sha256")
    public = replace(release, parts=(part,))
    yield from problems(Contents(c, public, fetched=bodies), binaries)


def _compare(artifact: Artifact, page: Page, bodies: dict[str, bytes]) -> Iterator[ReleaseError]:
    """Compare an asset with the record, with GitHub's own digest, and with the checksums beside it."""
    name, there = artifact.name, hashlib.sha256(bodies[artifact.name]).hexdigest()
    asset = page.asset(name)
    told = asset.digest.removeprefix("sha256:") if asset else ""
    said = (
        (f"{file} says", checksums.read(bodies[file]).get(name, "nothing"))
        for file in checksums.checksum_files(name)
        if file in bodies
    )
    for source, sha256 in (("was built", artifact.sha256), ("GitHub says it has", told), *said):
        if sha256 and sha256 != there:
            yield ReleaseError(
                f"{name} from GitHub has the sha256 {there[:12]}, and {source} {sha256[:12]}", MEND
            )
