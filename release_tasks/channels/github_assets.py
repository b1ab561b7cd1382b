"""The files of a GitHub release: which are shipped, and how a draft keeps the others until then.

A draft is filled in this order: files that are not shipped, assets, release.json. It is emptied in
the opposite one. So a draft with release.json has every file, and one whose files are exactly the
shipped ones is ready to go public.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from invoke.context import Context

from release_tasks import dist, files, shell, terminal
from release_tasks.changelogs import notes
from release_tasks.channels import github_draft
from release_tasks.errors import ReleaseError
from release_tasks.formats import checksums
from release_tasks.project import kinds
from release_tasks.project.artifacts import Artifact, ArtifactStatus, State, compared
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import resolved_or_raise
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import gh
from release_tasks.versions.numbers import is_prerelease


def shipped(part: ComponentRelease, page: gh.Page | None = None) -> tuple[Artifact, ...]:
    """Return the assets that users find on the release, with the hashes that are known here.

    What was built elsewhere and is public by now is not built again: its name is that on the `page`.
    """
    rows = {row.file: row for row in dist.inventory(part)}
    names = [name for kind in part.component.assets for name in _names(part, kind, page)]
    found = []
    for name in dict.fromkeys(names):
        sha256 = rows[name].sha256 if name in rows else ""
        path = part.dist / name
        found.append(
            Artifact(
                "GitHub",
                name,
                part.version,
                part.component.name,
                part.tag,
                sha256,
                path=path if path.exists() else None,
            )
        )
    return tuple(found)


def seen(artifact: Artifact, page: gh.Page, names: set[str]) -> ArtifactStatus:
    """Return the state of one asset; what only a draft has is not public yet."""
    asset = page.asset(artifact.name)
    if asset is None:
        closed = page.is_immutable and not page.is_draft
        return ArtifactStatus(
            artifact,
            State.CLOSED if closed else State.MISSING,
            "the release is immutable" if closed else "",
        )
    if not asset.is_complete:
        return ArtifactStatus(artifact, State.PARTIAL, "its upload was cut", page.url)
    if page.is_draft and {a.name for a in page.assets} != names:
        return ArtifactStatus(artifact, State.PARTIAL, "in the draft", page.url)
    there = asset.digest.removeprefix("sha256:")
    found = compared(artifact, there, page.url)
    if page.is_draft and found.state is State.DIFFERENT:
        return ArtifactStatus(artifact, State.PARTIAL, "the draft has other bytes", page.url)
    return found


def is_ready(page: gh.Page, assets: Sequence[Artifact]) -> bool:
    """Tell whether a draft has exactly the files that are shipped, all of them whole."""
    whole = all(asset.is_complete for asset in page.assets)
    return bool(assets) and whole and {a.name for a in page.assets} == {a.name for a in assets}


def draft_matches(page: gh.Page, release: Release, part: ComponentRelease) -> bool:
    """Tell whether the draft has the release.json that this dist/ would write, and no other bytes."""
    ours = hashlib.sha256(dist.summed(release, part)).hexdigest()
    mixed = [
        row
        for row in dist.inventory(part)
        if page.asset(row.file) and not _holds(page, row) and (part.dist / row.file).exists()
    ]
    return page.holds(dist.INVENTORY, f"sha256:{ours}") and not mixed


def write_sha256sums(
    c: Context, release: Release, part: ComponentRelease, page: gh.Page | None
) -> None:
    """Write SHA256SUMS where the project ships it, once the bytes of every other asset are known here."""
    sums = {
        one.name: one.sha256 for one in shipped(part, page) if checksums.checksum_files(one.name)
    }
    if checksums.ALL not in part.component.assets or not sums or not all(sums.values()):
        return
    if shell.is_dry(c):
        terminal.say(f"{checksums.ALL} would hold\n{checksums.text(sums).decode().rstrip()}")
    else:
        write_sums(release, part, checksums.ALL, sums)


def write_sums(
    release: Release, part: ComponentRelease, name: str, sums: Mapping[str, str]
) -> None:
    """Write a checksum file into dist/ for files and their sha256, unless it is there."""
    path, data, row = (
        part.dist / name,
        checksums.text(sums),
        dist.row_of(part, name, FileKind.SHA256),
    )
    if row is None or row.sha256 != hashlib.sha256(data).hexdigest() or not path.exists():
        files.write_bytes(path, data)
        dist.record(
            part, "checksum", [dist.describe(release, part, FileKind.SHA256, path)], target=name
        )


def draft(c: Context, release: Release, part: ComponentRelease) -> gh.Page | None:
    """Return the release of a tag, made as a draft where there is none; a dry run makes none."""
    repository = release.project.github_repository
    page = gh.page(repository, part.tag)
    if page is None:
        create(
            c,
            release,
            part,
            part.tag,
            "--draft",
            *(["--prerelease"] if is_prerelease(part.version) else []),
        )
    return page if shell.is_dry(c) else gh.one_draft(c, repository, part.tag)


def create(c: Context, release: Release, part: ComponentRelease, tag: str, *flags: str) -> None:
    """Make the release of a tag, with the notes of its part."""
    repository = release.project.github_repository
    title = part.component.title.format(
        version=part.version, tag=tag, component=part.component.name
    )
    with files.scratch("notes") as folder:
        path = folder / "notes.md"
        if not shell.is_dry(c):  # a dry bump has written no section
            files.write_bytes(path, notes.text(release, part, tag).encode())
        gh.create(c, repository, tag, title, path, *flags)


def upload_all(c: Context, release: Release, part: ComponentRelease, page: gh.Page | None) -> None:
    """Upload every file of dist/ that the draft lacks, release.json last.

    Raises `ReleaseError` where the draft then has something else: another machine is at work on it.
    """
    repository = release.project.github_repository
    assets = {artifact.name for artifact in shipped(part)}
    lacking = [
        row for row in dist.inventory(part) if not _holds(page, row) and dist.file_of(part, row)
    ]
    gh.upload(c, repository, page, [part.dist / r.file for r in lacking if r.file not in assets])
    gh.upload(c, repository, page, [part.dist / r.file for r in lacking if r.file in assets])
    if shell.is_dry(c):
        gh.upload(c, repository, page, [part.dist / dist.INVENTORY])
        return
    gh.upload(c, repository, page, [dist.write_inventory(release, part)])
    after = gh.page(repository, part.tag)
    github_draft.note(part, after)
    if (
        after is None
        or not draft_matches(after, release, part)
        or not all(_holds(after, row) for row in lacking)
    ):
        raise github_draft.concurrent_upload(part)


def complete(c: Context, release: Release, part: ComponentRelease, page: gh.Page) -> None:
    """Upload the shipped files that the draft or release lacks; what is public is never replaced."""
    rows = {row.file: row for row in dist.inventory(part)}
    names = [a.name for a in shipped(part) if page.is_draft or not page.holds(a.name)]
    lacking = [
        n for n in names if n in rows and not _holds(page, rows[n]) and dist.file_of(part, rows[n])
    ]
    gh.upload(c, release.project.github_repository, page, [part.dist / name for name in lacking])


def remove_extra_assets(c: Context, release: Release, part: ComponentRelease) -> None:
    """Remove what is not shipped from the draft, release.json last; raise `ReleaseError` where a file lacks."""
    repository = release.project.github_repository
    page = gh.page(repository, part.tag)
    assert page is not None
    names = {artifact.name for artifact in shipped(part, page)}
    if lacking := {name for name in names if not page.holds(name)}:
        raise ReleaseError(
            f"the draft of {part.tag} lacks {', '.join(sorted(lacking))}",
            "run the build steps again",
        )
    surplus = [asset for asset in page.assets if asset.name not in names]
    for asset in sorted(surplus, key=lambda a: a.name == dist.INVENTORY):
        gh.delete(c, repository, asset)


def _holds(page: gh.Page | None, row: dist.Built) -> bool:
    return page is not None and page.holds(row.file, f"sha256:{row.sha256}")


def _names(part: ComponentRelease, kind: str, page: gh.Page | None) -> list[str]:
    said = {
        "binaries": [b.file for b in resolved_or_raise(part.component.binaries)],
        "bundles": [b.file for b in part.component.bundles],
    }
    named = {
        word: [name.format(version=part.version) for name in names] for word, names in said.items()
    }
    if kind in named:
        return named[kind]
    if kind == "sha256":
        return [
            name + checksums.SUFFIX
            for word, names in named.items()
            for name in names
            if word in ("binaries", *part.component.assets)
        ]
    output = kinds.of_asset(kind)
    if output is None:
        return [kind]
    built = [row.file for row in dist.of_kind(part, output.kind)]
    kept = (
        [asset.name for asset in page.assets if asset.name.endswith(output.suffix)] if page else []
    )
    return built or kept
