"""Parts of dist/ from other machines: of this commit, declared, whole and of one mind, or not taken at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from release_tasks import dist, files
from release_tasks.checks.artifacts.declared import is_declared
from release_tasks.errors import ReleaseError, raise_all
from release_tasks.formats import differences
from release_tasks.release import ComponentRelease, Release

OURS = {dist.INVENTORY, "timeline.json"}


@dataclass(frozen=True)
class IncomingFile:
    """A line of the inventory in a dist/<tag>/ of another machine."""

    folder: Path
    row: dist.Built

    @property
    def path(self) -> Path:
        """Return where its file has to be."""
        return self.folder / self.row.file


def find(folders: Sequence[Path]) -> tuple[IncomingFile, ...]:
    """Return what the inventories in and below the folders list; raise `ReleaseError` for a folder without any."""
    found: dict[IncomingFile, None] = {}
    for folder in folders:
        sources = sorted({*folder.rglob("parts/*.json"), *folder.rglob(dist.INVENTORY)})
        if not sources:
            raise ReleaseError(
                f"{folder} has no parts of a dist/",
                "name the dist/ of another machine, or a folder that holds several",
            )
        for source in sources:
            place = source.parent.parent if source.parent.name == "parts" else source.parent
            found |= dict.fromkeys(
                IncomingFile(place, row) for row in dist.parse(source.read_bytes(), str(source))
            )
    return tuple(found)


def unlisted(found: Sequence[IncomingFile]) -> list[Path]:
    """Return the files that lie beside those of the inventories and that none of them lists."""
    listed = {one.path for one in found} | {one.folder / name for one in found for name in OURS}
    beside = (
        path
        for folder in dict.fromkeys(one.folder for one in found)
        for path in sorted(folder.glob("[!.]*"))
    )
    return [path for path in beside if path.is_file() and path not in listed]


def merge(release: Release, found: Sequence[IncomingFile], is_dry: bool) -> list[IncomingFile]:
    """Copy what lacks in dist/ and record it; return that. Raises `ReleaseError` for all that is wrong, and copies nothing."""
    parts = {part.component.name: part for part in release.parts}
    here = {
        (row.component, row.kind, row.name): (row.sha256, part.dist / row.file)
        for part in release.parts
        for row in dist.inventory(part)
    }
    errors: list[ReleaseError] = []
    lacking: dict[tuple[str, str, str], IncomingFile] = {}
    for one in found:
        row, part = one.row, parts.get(one.row.component)
        key = (row.component, row.kind, row.name)
        sha256, there = here.get(key, (row.sha256, one.path))
        if error := _rejection(release, part, one):
            errors.append(error)
        elif sha256 != row.sha256:
            fact = f"the {row.kind} {row.name} in {one.folder} has other bytes than that in {there.parent}"
            fix = f"build it on one machine, and remove it from {one.folder} or from {there.parent}"
            errors.append(ReleaseError(fact + differences.between(one.path, there), fix))
        elif part and key not in lacking and not (key in here and dist.file_of(part, row)):
            errors += _broken(one)
            lacking[key], here[key] = one, (row.sha256, one.path)
    raise_all(errors)
    for one in lacking.values() if not is_dry else ():
        owner = parts[one.row.component]
        files.copy(one.path, dist.folder(owner) / one.row.file)
        dist.record(owner, "collect", [one.row], target=one.row.file)
    return [*lacking.values()]


def _rejection(
    release: Release, part: ComponentRelease | None, one: IncomingFile
) -> ReleaseError | None:
    """Return an error for a file of another release, of another commit, or that nothing declares."""
    row, fix = one.row, f"leave {one.folder} out, or say --version"
    if part is None or row.version != part.version:
        return ReleaseError(
            f"{one.path} is of {row.component} {row.version}, not of {release.title}", fix
        )
    if row.commit != release.commit:
        return ReleaseError(
            f"{one.path} was built from commit {row.commit[:7]}, and {part.tag} is {release.commit[:7]}",
            f"build it again from {part.tag}",
        )
    if Path(row.file).name != row.file or not is_declared(release, part, row):
        return ReleaseError(
            f"nothing declares the {row.kind} {row.name} in {one.folder}",
            "declare it in release-tasks.toml, or remove it there",
        )
    return None


def _broken(one: IncomingFile) -> Iterator[ReleaseError]:
    if not one.path.is_file():
        yield ReleaseError(
            f"{one.folder} lists {one.row.file} and does not have it",
            "bring the whole dist/ of that machine",
        )
    elif files.sha256(one.path) != one.row.sha256:
        yield ReleaseError(
            f"{one.path} was changed after it was built", "bring it again, or build it again"
        )
