"""The files of a GitHub release: which are shipped, and how a draft keeps the others until then.

A draft is filled in this order: files that are not shipped, assets, release.json. It is emptied in
the opposite one. So a draft with release.json has every file, and one with exactly the shipped
files is ready to be published.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from invoke.context import Context

from release_tasks import dist, files, shell, terminal
from release_tasks.changelogs import headline, notes
from release_tasks.channels import github_draft
from release_tasks.channels.channel import make_artifact
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.formats import checksums
from release_tasks.project import kinds
from release_tasks.project.artifacts import (
    Artifact,
    ArtifactStatus,
    State,
    compared,
)
from release_tasks.project.kinds import Asset, FileKind
from release_tasks.project.model import resolved_or_raise
from release_tasks.release import ComponentRelease, Release
from release_tasks.rules import github as rules
from release_tasks.tools import gh
from release_tasks.tools.gh import hosts
from release_tasks.tools.gh.pages import Page
from release_tasks.versions.numbers import is_prerelease


def shipped(
    part: ComponentRelease, page: Page | None = None
) -> tuple[Artifact, ...]:
    """Return the assets that users find on the release, with their hashes as far as known.

    Published wheels, crates and charts are not built again, so their names come from the `page`.
    """
    names: dict[str, None] = {}  # in order, each once
    for word in part.component.assets:
        names.update(dict.fromkeys(_names(part, word, page)))
    rows = {row.file: row for row in dist.inventory(part)}
    return tuple(
        make_artifact("GitHub", part, name, rows.get(name), part.tag)
        for name in names
    )


def status(wanted: Artifact, page: Page, names: set[str]) -> ArtifactStatus:
    """Return the state of one asset; `names` are all shipped ones.

    What only a draft has is not public, so it is missing or partial.
    """
    asset = page.asset(wanted.name)
    if asset is None:
        if page.is_immutable and not page.is_draft:
            return ArtifactStatus(
                wanted, State.CLOSED, "the release is immutable"
            )
        return ArtifactStatus(wanted, State.MISSING)
    if not asset.is_complete:
        return ArtifactStatus(
            wanted, State.PARTIAL, "its upload was interrupted", page.url
        )
    if page.is_draft and _names_of(page) != names:
        return ArtifactStatus(wanted, State.PARTIAL, "in the draft", page.url)
    found = compared(wanted, asset.digest.removeprefix("sha256:"), page.url)
    if page.is_draft and found.state is State.DIFFERENT:
        return ArtifactStatus(
            wanted, State.PARTIAL, "the draft has other bytes", page.url
        )
    return found


def is_ready(page: Page, assets: Sequence[Artifact]) -> bool:
    """Return True when a draft has exactly the shipped files, all of them complete."""
    if not assets or not all(asset.is_complete for asset in page.assets):
        return False
    return _names_of(page) == {one.name for one in assets}


def draft_matches(page: Page, release: Release, part: ComponentRelease) -> bool:
    """Return True when the draft has this dist/'s release.json, and no file with other bytes."""
    sha256 = hashlib.sha256(dist.summed(release, part)).hexdigest()
    if not page.holds(dist.INVENTORY, f"sha256:{sha256}"):
        return False
    for row in dist.inventory(part):
        is_here = (part.dist / row.file).exists()
        if is_here and page.asset(row.file) and not _has_file(page, row):
            return False
    return True


def write_sha256sums(
    c: Context, release: Release, part: ComponentRelease, page: Page | None
) -> None:
    """Write SHA256SUMS if the project ships it and the hashes of all other assets are known."""
    if Asset.SHA256SUMS not in part.component.assets:
        return
    sums = {
        asset.name: asset.sha256
        for asset in shipped(part, page)
        if checksums.checksum_files(asset.name)
    }
    if not sums or not all(sums.values()):
        return
    if shell.is_dry(c):
        text = checksums.text(sums).decode().rstrip()
        terminal.say(f"would write {checksums.ALL}:\n{text}")
    else:
        write_sums(release, part, checksums.ALL, sums)


def write_sums(
    release: Release, part: ComponentRelease, name: str, sums: Mapping[str, str]
) -> None:
    """Write a checksum file into dist/, unless it is there; `sums` are sha256 hex by file."""
    path = part.dist / name
    data = checksums.text(sums)
    row = dist.row_of(part, name, FileKind.SHA256)
    if row and row.sha256 == hashlib.sha256(data).hexdigest() and path.exists():
        return
    files.write_bytes(path, data)
    dist.record(
        part,
        "checksum",
        [dist.describe(release, part, FileKind.SHA256, path)],
        target=name,
    )


def draft(c: Context, release: Release, part: ComponentRelease) -> Page | None:
    """Return the GitHub release of a tag, created as a draft if needed.

    A dry run creates none, and returns None then.
    """
    repository = release.project.github_repository
    page = gh.page(repository, part.tag)
    if page is None:
        flags = ["--draft"]
        if is_prerelease(part.version):
            flags.append("--prerelease")
        try:
            create(c, release, part, part.tag, *flags)
        except gh.Broken:  # GitHub may have made it without an answer
            if gh.page(repository, part.tag) is None:
                create(c, release, part, part.tag, *flags)
    if shell.is_dry(c):
        return page
    return gh.one_draft(c, repository, part.tag)


def unfit_assets(
    part: ComponentRelease, rows: Sequence[dist.Built]
) -> list[ReleaseError]:
    """Return an error for each file that GitHub does not take, and for too many of them."""
    errors = []
    for row in rows:
        name = Path(row.file).name
        for refusal in rules.asset_name(name) + rules.asset_size(row.size):
            errors.append(
                ReleaseError(
                    f"GitHub does not take {name} ({row.size} bytes): {refusal}",
                    f"{_smaller(row)}, then inv check-artifacts --version {part.request}",
                )
            )
    for refusal in rules.asset_count(len(rows) + 1):  # with release.json
        errors.append(
            ReleaseError(
                f"{part.tag} has {len(rows) + 1} files: {refusal}",
                'remove "sha256" from assets of [github] and add "SHA256SUMS", '
                "or ship fewer files",
            )
        )
    return errors


def create(
    c: Context, release: Release, part: ComponentRelease, tag: str, *flags: str
) -> None:
    """Create the GitHub release of a tag, with the component's title and notes."""
    title = _title(release, part, tag)
    with files.scratch("notes") as folder:
        path = folder / "notes.md"
        if not shell.is_dry(c):  # a dry bump has written no changelog section
            text = rules.shortened(
                notes.text(release, part, tag), _all_notes(release, part)
            )
            files.write_bytes(path, text.encode())
        gh.create(
            c, release.project.github_repository, tag, title, path, *flags
        )


def _title(release: Release, part: ComponentRelease, tag: str) -> str:
    """Return the title of a GitHub release, with the headline of its notes where it has one."""
    template = part.component.title
    said = ""
    if "{headline}" in template:
        said = headline.headline(notes.of_changelog(release, part) or "")
    values = {
        "version": part.version,
        "tag": tag,
        "component": part.component.name,
        "headline": said,
    }
    return headline.title(template, values)


def upload_all(
    c: Context, release: Release, part: ComponentRelease, page: Page | None
) -> None:
    """Upload every file of dist/ that the draft does not have, release.json last.

    Raises `ReleaseError` for a file that GitHub does not take, and when the draft then has other
    files: another machine uploads, too.
    """
    raise_all(unfit_assets(part, dist.inventory(part)))
    missing = [
        row
        for row in dist.inventory(part)
        if not _has_file(page, row) and dist.file_of(part, row)
    ]
    assets = {asset.name for asset in shipped(part)}
    first = [part.dist / row.file for row in missing if row.file not in assets]
    second = [part.dist / row.file for row in missing if row.file in assets]
    repository = release.project.github_repository
    gh.upload(c, repository, page, first)
    gh.upload(c, repository, page, second)
    if shell.is_dry(c):
        gh.upload(c, repository, page, [part.dist / dist.INVENTORY])
        return
    gh.upload(c, repository, page, [dist.write_inventory(release, part)])
    _check_upload(release, part, missing)


def complete(
    c: Context, release: Release, part: ComponentRelease, page: Page
) -> None:
    """Upload the shipped files that the draft or release does not have; public ones are kept."""
    rows = {row.file: row for row in dist.inventory(part)}
    missing = []
    for asset in shipped(part):
        row = rows.get(asset.name)
        if row is None or (page.holds(asset.name) and not page.is_draft):
            continue
        if not _has_file(page, row) and dist.file_of(part, row):
            missing.append(part.dist / row.file)
    gh.upload(c, release.project.github_repository, page, missing)


def remove_extra_assets(
    c: Context, release: Release, part: ComponentRelease
) -> None:
    """Remove what is not shipped from the draft, release.json last but for the sign-off.

    Raises `ReleaseError` when a shipped file is not in the draft.
    """
    repository = release.project.github_repository
    page = gh.page(repository, part.tag)
    assert page is not None
    names = {asset.name for asset in shipped(part, page)}
    missing = sorted(name for name in names if not page.holds(name))
    if missing:
        raise ReleaseError(
            f"not in the draft of {part.tag}: {', '.join(missing)}",
            f"run the build steps again: inv release --version {release.request}",
        )
    extra = [asset for asset in page.assets if asset.name not in names]
    last = (dist.INVENTORY, *dist.SIGN_OFFS)
    first = [asset for asset in extra if asset.name not in last]
    for name in last:
        first += [asset for asset in extra if asset.name == name]
    for asset in first:
        gh.delete(c, repository, asset)


def _names_of(page: Page) -> set[str]:
    """Return the names of a draft's files, without the sign-off, which is about them."""
    return {asset.name for asset in page.assets} - set(dist.SIGN_OFFS)


def _smaller(row: dist.Built) -> str:
    """Return what to do about a file that is too large or has the wrong name."""
    if row.kind in (FileKind.LAYOUT, FileKind.IMAGE):
        image = row.package or row.name
        return f"make the image {image} smaller: the draft keeps each platform in one file"
    if row.kind in (FileKind.BINARY, FileKind.BUNDLE):
        return f"change or remove {row.name} in release-tasks.toml"
    return f"build {row.name} again, smaller or under another name"


def _all_notes(release: Release, part: ComponentRelease) -> str:
    """Return the address of the notes in full length: the changelog, or the commits."""
    page = hosts.web(release.project.github_repository)
    if part.component.changelog:
        return (
            f"{page}/blob/{quote(part.tag)}/{quote(part.component.changelog)}"
        )
    return f"{page}/commits/{quote(part.tag)}"


def _names(part: ComponentRelease, word: str, page: Page | None) -> list[str]:
    """Return the file names that a word of `[github] assets` stands for."""
    if word == Asset.BINARIES:
        return _binaries(part)
    if word == Asset.BUNDLES:
        return _bundles(part)
    if word == Asset.SHA256:
        return [name + checksums.SUFFIX for name in _with_checksum(part)]
    output = kinds.of_asset(word)
    if output is None:
        return [word]
    built = [row.file for row in dist.of_kind(part, output.kind)]
    if built or page is None:
        return built
    return [
        asset.name
        for asset in page.assets
        if asset.name.endswith(output.suffix)
    ]


def _binaries(part: ComponentRelease) -> list[str]:
    binaries = resolved_or_raise(part.component.binaries)
    return [binary.file.format(version=part.version) for binary in binaries]


def _bundles(part: ComponentRelease) -> list[str]:
    return [
        bundle.file.format(version=part.version)
        for bundle in part.component.bundles
    ]


def _with_checksum(part: ComponentRelease) -> list[str]:
    """Return the files that have a checksum file of their own."""
    if Asset.BUNDLES in part.component.assets:
        return _binaries(part) + _bundles(part)
    return _binaries(part)


def _has_file(page: Page | None, row: dist.Built) -> bool:
    return page is not None and page.holds(row.file, f"sha256:{row.sha256}")


def _check_upload(
    release: Release, part: ComponentRelease, rows: Sequence[dist.Built]
) -> None:
    page = gh.page(release.project.github_repository, part.tag)
    github_draft.note_inventory(part, page)
    matches = page is not None and draft_matches(page, release, part)
    if not matches or not all(_has_file(page, row) for row in rows):
        raise github_draft.concurrent_upload(part)
