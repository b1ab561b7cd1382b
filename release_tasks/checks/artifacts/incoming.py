"""Files from the dist/ of other machines: all of them fit this release, or none is copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from release_tasks import dist, files
from release_tasks.checks.artifacts.declared import is_declared
from release_tasks.errors import Problem, ReleaseError, raise_problems
from release_tasks.formats import differences
from release_tasks.release import ComponentRelease, Release

# in a dist/, but in no inventory
NOT_LISTED = {
    dist.INVENTORY,
    dist.GATES,
    dist.DRAFT,
    "timeline.json",
    "durations.json",
}
Key = tuple[str, str, str]  # component, kind and name


@dataclass(frozen=True)
class IncomingFile:
    """A line of the inventory in a dist/<tag>/ of another machine."""

    folder: Path
    row: dist.Built

    @property
    def path(self) -> Path:
        """Return where its file has to be."""
        return self.folder / self.row.file

    @property
    def key(self) -> Key:
        """Return what identifies it in a release."""
        return (self.row.component, self.row.kind, self.row.name)


def find(folders: Sequence[Path]) -> tuple[IncomingFile, ...]:
    """Return what the inventories in and below the folders list.

    Raises:
        ReleaseError: for a folder without an inventory.
    """
    found: dict[IncomingFile, None] = {}
    for folder in folders:
        sources = sorted(
            {*folder.rglob("parts/*.json"), *folder.rglob(dist.INVENTORY)}
        )
        if not sources:
            raise ReleaseError(
                f"{folder} contains no dist/ of a release",
                "name the dist/ of another machine, or a folder that contains several",
            )
        for source in sources:
            place = source.parent
            if place.name == "parts":
                place = place.parent
            for row in dist.parse(source.read_bytes(), str(source)):
                found[IncomingFile(place, row)] = None
    return tuple(found)


def unlisted(found: Sequence[IncomingFile]) -> list[Path]:
    """Return the files that are beside those of the inventories and in none of them."""
    listed = {file.path for file in found}
    others: list[Path] = []
    for folder in dict.fromkeys(file.folder for file in found):
        for path in sorted(folder.glob("[!.]*")):
            is_other = path not in listed and path.name not in NOT_LISTED
            if is_other and path.is_file():
                others.append(path)
    return others


def merge(
    release: Release, found: Sequence[IncomingFile], is_dry: bool
) -> list[IncomingFile]:
    """Copy the files that are not in dist/ and record them; return them.

    Raises:
        ReleaseError: with everything that is wrong; nothing is copied then.
    """
    merging = _Merging.into(release)
    for file in found:
        merging.add(file)
    raise_problems(merging.problems)
    wanted = list(merging.wanted.values())
    if not is_dry:
        for file in wanted:
            owner = merging.parts[file.row.component]
            files.copy(file.path, dist.folder(owner) / file.row.file)
            dist.record(owner, "collect", [file.row], target=file.row.file)
    return wanted


@dataclass
class _Merging:
    """What is here already, what is wanted of the incoming files, and what is wrong with them."""

    release: Release
    parts: dict[str, ComponentRelease]
    # the sha256 and path of each known file
    hashes: dict[Key, tuple[str, Path]]
    wanted: dict[Key, IncomingFile] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def into(cls, release: Release) -> _Merging:
        """Return the state of dist/ before anything is merged."""
        parts = {part.component.name: part for part in release.parts}
        hashes: dict[Key, tuple[str, Path]] = {}
        for part in release.parts:
            for row in dist.inventory(part):
                file = IncomingFile(part.dist, row)
                hashes[file.key] = (row.sha256, file.path)
        return cls(release, parts, hashes)

    def add(self, file: IncomingFile) -> None:
        """Want a file, unless it is wrong or here already."""
        rejection = _rejection(
            self.release, self.parts.get(file.row.component), file
        )
        if rejection:
            self.problems.append(rejection)
            return
        sha256, known = self.hashes.get(file.key, (file.row.sha256, file.path))
        if sha256 != file.row.sha256:
            self.problems.append(_conflict(file, known))
        elif file.key not in self.wanted and not self._is_here(file):
            broken = _broken(file)
            if broken:
                self.problems.append(broken)
            self.wanted[file.key] = file
            self.hashes[file.key] = (file.row.sha256, file.path)

    def _is_here(self, file: IncomingFile) -> bool:
        if file.key not in self.hashes:
            return False
        return (
            dist.file_of(self.parts[file.row.component], file.row) is not None
        )


def _rejection(
    release: Release, part: ComponentRelease | None, file: IncomingFile
) -> Problem | None:
    """Return what is wrong with a file of another release or commit, or that nothing declares."""
    row = file.row
    if part is None or row.version != part.version:
        return Problem(
            f"{file.path} belongs to {row.component} {row.version}, not to {release.title}",
            f"leave {file.folder} out, or add --version",
        )
    if row.commit != release.commit:
        return Problem(
            f"{file.path} was built from commit {row.commit[:7]}, "
            f"but {part.tag} is {release.commit[:7]}",
            f"build it again from {part.tag}",
        )
    if Path(row.file).name != row.file or not is_declared(release, part, row):
        return Problem(
            f"nothing declares the {row.kind} {row.name} in {file.folder}",
            f"declare it in release-tasks.toml, or leave {file.folder} out",
        )
    return None


def _conflict(file: IncomingFile, known: Path) -> Problem:
    row = file.row
    fact = f"the {row.kind} {row.name} in {file.folder} differs from the one in {known.parent}"
    return Problem(
        fact + differences.between(file.path, known),
        f"leave {file.folder} out, or build what it has again without that file",
    )


def _broken(file: IncomingFile) -> Problem | None:
    """Return what is wrong with the bytes of a file."""
    if not file.path.is_file() or files.leads_outside(
        file.folder, file.row.file
    ):
        return Problem(
            f"{file.folder} lists {file.row.file}, but does not contain it",
            "copy the whole dist/ of that machine",
        )
    if files.sha256(file.path) != file.row.sha256:
        return Problem(
            f"{file.path} was changed after it was built",
            "copy it again, or build it again",
        )
    return None
