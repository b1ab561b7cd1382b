"""Bundles: a program and what it needs besides, in one archive for each platform and variant."""

from __future__ import annotations

from invoke.context import Context

from release_tasks import dist, files, shell, terminal
from release_tasks.building import downloads
from release_tasks.building.binaries import papers, write_checksum
from release_tasks.channels import github
from release_tasks.converge import to_build
from release_tasks.errors import ReleaseError
from release_tasks.formats import archives
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import Bundle
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import programs


def pack(c: Context, release: Release, sign_off: str | None) -> None:
    """Pack each bundle that is neither in dist/ nor public; a file that several need is fetched once.

    `sign_off` is who has tried the programs, where the bundles wait for that.
    """
    every = [
        (part, bundle)
        for part in release.parts
        if "bundles" in part.component.assets
        for bundle in part.component.bundles
    ]
    absent = (
        {
            artifact.name
            for artifact in to_build(
                release, github, FileKind.BUNDLE, FileKind.SHA256, FileKind.BINARY
            )
        }
        if every
        else set()
    )
    wanted = [
        (part, bundle)
        for part, bundle in every
        if bundle.file.format(version=part.version) in absent
    ]
    if not wanted:
        terminal.say(
            "nothing to do, every bundle is packed or public"
            if every
            else "nothing to do, no bundle configured"
        )
    for part in dict.fromkeys(
        part for part, _ in wanted if "bundles" in release.project.settings.gates.sign_off
    ):
        _await_word(c, part, sign_off)
    for part, bundle in wanted:
        _pack(c, release, part, bundle)
    for part, bundle in every if not shell.is_dry(c) else ():
        write_checksum(release, part, FileKind.BUNDLE, bundle.file.format(version=part.version))


def _await_word(c: Context, part: ComponentRelease, name: str | None) -> None:
    """Raise `ReleaseError` where nobody has given a word for the programs; keep whose word it was."""
    path = part.dist / "sign-off.txt"
    if shell.is_dry(c):
        terminal.say(f"then {part.tag} has to be signed off by whoever has tried its programs")
    elif name:
        terminal.say(f"{name} has signed {part.tag} off")
        files.write_bytes(path, f"{name} has signed {part.tag} off\n".encode())
    elif not path.exists():
        raise ReleaseError(
            f"nobody has signed {part.tag} off, and its bundles wait for that",
            f"try what is in {part.dist}, then add --sign-off NAME",
        )


def _pack(c: Context, release: Release, part: ComponentRelease, bundle: Bundle) -> None:
    file, made_of = (
        name.format(version=part.version) for name in (bundle.file, bundle.binary.file)
    )
    if shell.is_dry(c):
        terminal.say(f"{file} would be packed from {made_of} and {bundle.url}")
        return
    program = dist.file_of(part, dist.row_of(part, made_of, FileKind.BINARY))
    if program is None:
        raise ReleaseError(
            f"{file} holds {made_of}, which is not in {part.dist}",
            f"inv build-binaries --version {part.version}",
        )
    if archives.is_archive(made_of):
        raise ReleaseError(
            f"{file} would hold the archive {made_of}",
            f"give the binary a name without an ending in [binaries.{bundle.binary.name}]",
        )
    more = downloads.fetch(
        bundle.url, bundle.sha256, programs.cache().with_name("bundled") / bundle.sha256
    )
    name = bundle.url.partition("?")[0].rpartition("/")[2]
    ending = ".exe" if "windows" in bundle.binary.target else ""
    inside: dict[str, archives.Entry] = {
        **papers(release, release.source_tree),
        bundle.binary.name + ending: (program, archives.PROGRAM),
        name: (more, archives.TEXT),
        "THIRD_PARTY_NOTICES": (_notice(bundle, name).encode(), archives.TEXT),
    }
    with files.replacing(dist.folder(part) / file) as out:
        archives.pack_into(out, file, inside, release.epoch)
    row = dist.describe(
        release,
        part,
        FileKind.BUNDLE,
        part.dist / file,
        target=bundle.binary.target,
        package=bundle.binary.crate,
    )
    dist.record(part, "package_bundles", [row], target=file)


def _notice(bundle: Bundle, name: str) -> str:
    return f"{name} ({bundle.variant})\nlicense: {bundle.license}\nfrom: {bundle.url}\nsha256: {bundle.sha256}\n"
