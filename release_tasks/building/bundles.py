"""Bundles: a program and a downloaded file, in one archive for each platform and variant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from invoke.context import Context

from release_tasks import dist, files, shell, terminal
from release_tasks.building import downloads
from release_tasks.building.binaries import write_checksum
from release_tasks.building.papers import papers
from release_tasks.channels import github
from release_tasks.converge import to_build
from release_tasks.errors import ReleaseError
from release_tasks.formats import archive_names, archives
from release_tasks.project.kinds import Asset, FileKind
from release_tasks.project.model import Bundle
from release_tasks.release import ComponentRelease, Release
from release_tasks.tools import programs


@dataclass(frozen=True)
class BundleFile:
    """A bundle to pack: `name` is its file, `program` that of the binary in it."""

    part: ComponentRelease
    bundle: Bundle

    @property
    def name(self) -> str:
        """Return the name of the archive."""
        return self.bundle.file.format(version=self.part.version)

    @property
    def program(self) -> str:
        """Return the name of the binary's file in dist/."""
        return self.bundle.binary.file.format(version=self.part.version)


def pack(c: Context, release: Release, sign_off: str | None) -> None:
    """Pack each bundle that is neither in dist/ nor public; a shared file is downloaded once.

    `sign_off` is who has tried the binaries, if `[gates] sign-off` asks for that.
    """
    declared = _declared(release)
    missing = _missing(release, declared)
    if not missing:
        _say_nothing_to_do(declared)
    if "bundles" in release.project.settings.gates.sign_off:
        for part in dict.fromkeys(file.part for file in missing):
            _check_sign_off(c, part, sign_off)
    for file in missing:
        _pack(c, release, file)
    if not shell.is_dry(c):
        for file in declared:
            write_checksum(release, file.part, FileKind.BUNDLE, file.name)


def _declared(release: Release) -> list[BundleFile]:
    found = []
    for part in release.parts:
        if Asset.BUNDLES in part.component.assets:
            found += [
                BundleFile(part, bundle) for bundle in part.component.bundles
            ]
    return found


def _missing(
    release: Release, declared: Sequence[BundleFile]
) -> list[BundleFile]:
    if not declared:
        return []
    kinds = (FileKind.BUNDLE, FileKind.SHA256, FileKind.BINARY)
    names = {artifact.name for artifact in to_build(release, github, *kinds)}
    return [file for file in declared if file.name in names]


def _say_nothing_to_do(declared: Sequence[BundleFile]) -> None:
    if declared:
        terminal.say("nothing to do, every bundle is packed or published")
    else:
        terminal.say("nothing to do, no bundles to pack")


def _check_sign_off(
    c: Context, part: ComponentRelease, name: str | None
) -> None:
    """Raise `ReleaseError` when nobody has signed the binaries off; record who has."""
    path = part.dist / "sign-off.txt"
    if shell.is_dry(c):
        terminal.say(f"would stop unless {part.tag} is signed off")
    elif name:
        terminal.say(f"{name} signed {part.tag} off")
        files.write_bytes(path, f"{name} signed {part.tag} off\n".encode())
    elif not path.exists():
        raise ReleaseError(
            f"{part.tag} is not signed off",
            f"try the binaries in {part.dist}, then add --sign-off NAME",
        )


def _pack(c: Context, release: Release, file: BundleFile) -> None:
    bundle = file.bundle
    if shell.is_dry(c):
        terminal.say(
            f"would pack {file.name} from {file.program} and {bundle.url}"
        )
        return
    entries = _entries(release, file)
    path = dist.folder(file.part) / file.name
    with files.replacing(path) as out:
        archives.pack_into(out, file.name, entries, release.epoch)
    row = dist.describe(
        release,
        file.part,
        FileKind.BUNDLE,
        path,
        target=bundle.binary.target,
        package=bundle.binary.crate,
    )
    dist.record(file.part, "package_bundles", [row], target=file.name)


def _entries(release: Release, file: BundleFile) -> dict[str, archives.Entry]:
    """Return the contents of the archive; download its file if needed."""
    bundle = file.bundle
    program = _program(file)
    cache = programs.cache().with_name("bundled") / bundle.sha256
    download = downloads.fetch(bundle.url, bundle.sha256, cache)
    suffix = ".exe" if "windows" in bundle.binary.target else ""
    name = bundle.url.partition("?")[0].rpartition("/")[2]
    return {
        **papers(release, release.source_tree, [bundle.binary.crate]),
        bundle.binary.name + suffix: (program, archives.PROGRAM),
        name: (download, archives.TEXT),
        "THIRD_PARTY_NOTICES": (_notice(bundle, name).encode(), archives.TEXT),
    }


def _program(file: BundleFile) -> Path:
    path = dist.file_of(
        file.part, dist.row_of(file.part, file.program, FileKind.BINARY)
    )
    if path is None:
        raise ReleaseError(
            f"{file.name} needs {file.program}, which is not in {file.part.dist}",
            f"inv build-binaries --version {file.part.request}",
        )
    if archive_names.is_archive(file.program):
        raise ReleaseError(
            f"{file.name} needs a single program, and {file.program} is an archive",
            f"give the binary a name without a suffix in [binaries.{file.bundle.binary.name}]",
        )
    return path


def _notice(bundle: Bundle, name: str) -> str:
    return (
        f"{name} ({bundle.variant})\n"
        f"license: {bundle.license}\n"
        f"from: {bundle.url}\n"
        f"sha256: {bundle.sha256}\n"
    )
