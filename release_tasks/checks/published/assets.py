"""Download the assets of a GitHub release from their public address, compare and run them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from invoke.context import Context

from release_tasks import http, terminal
from release_tasks.channels.github_assets import shipped
from release_tasks.checks.artifacts import binaries
from release_tasks.checks.artifacts.contents import Contents
from release_tasks.checks.check import problems
from release_tasks.errors import Problem, counted
from release_tasks.formats import checksums
from release_tasks.http import get_many
from release_tasks.project.artifacts import Artifact
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import gh
from release_tasks.tools.gh import hosts
from release_tasks.tools.gh.pages import Page


def verify(c: Context, release: Release) -> Iterator[Problem]:
    """Yield each release that is not public, and each asset that differs from what was built."""
    repository = release.project.repository
    if repository is None:
        return
    is_private = (gh.read(f"repos/{repository}") or {}).get("private")
    for part in release.parts:
        page = gh.page(repository, part.tag)
        if page is None or page.is_draft:
            yield Problem(
                f"GitHub has no public release of {part.tag}", "inv gh-release"
            )
            continue
        terminal.say(f"the release {part.tag} is public: {page.url}")
        if is_private:
            terminal.say(
                "the repository is private: its assets need a login to be downloaded"
            )
            continue
        yield from _assets(c, release, part, page)


def _assets(
    c: Context, release: Release, part: ComponentRelease, page: Page
) -> Iterator[Problem]:
    wanted = shipped(part, page)
    page_url = hosts.web(release.project.github_repository)
    base = f"{page_url}/releases/download/{quote(part.tag)}"
    answers = get_many(
        lambda artifact: http.get(
            f"{base}/{quote(artifact.name)}", remember=False
        ),
        wanted,
    )
    bodies: dict[str, bytes] = {}
    for artifact, answer in zip(wanted, answers, strict=True):
        if answer.status == 200:
            bodies[artifact.name] = answer.body
    wrong: list[Problem] = []
    for artifact in wanted:
        if artifact.name in bodies:
            wrong += _compare(artifact, page, bodies)
        else:
            fact = f"{artifact.name} of {part.tag} cannot be downloaded from GitHub"
            wrong.append(Problem(fact, "inv gh-release"))
    yield from wrong
    if bodies and not wrong:
        terminal.say(
            f"{counted(len(bodies), 'asset')} of {part.tag} downloaded, with the right sha256"
        )
    public = replace(release, parts=(part,))
    yield from problems(Contents(c, public, downloaded=bodies), binaries)


def _compare(
    artifact: Artifact, page: Page, bodies: dict[str, bytes]
) -> Iterator[Problem]:
    """Compare an asset with the inventory, with GitHub's own digest, and with checksum files."""
    name = artifact.name
    downloaded = hashlib.sha256(bodies[name]).hexdigest()
    hashes = {"the built file": artifact.sha256}
    asset = page.asset(name)
    if asset:
        hashes["GitHub's digest"] = asset.digest.removeprefix("sha256:")
    for file in checksums.checksum_files(name):
        if file in bodies:
            hashes[file] = checksums.read(bodies[file]).get(name, "none")
    for source, sha256 in hashes.items():
        if sha256 and sha256 != downloaded:
            yield Problem(
                f"{name} from GitHub has sha256 {downloaded[:12]}, but {source} has {sha256[:12]}",
                "delete that asset, then inv gh-release",
            )
