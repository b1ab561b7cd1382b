"""What is proved: the files of a release, each opened once, and the machine code in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from release_tasks import dist
from release_tasks.checks.check import CheckContext
from release_tasks.checks.smoke.program import NEXT
from release_tasks.formats import archives, executables, wheels
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import Binary, resolved_or_raise
from release_tasks.release import ComponentRelease

LOADED = re.compile(r"\.(so|pyd|dylib|dll)$|\.so\.|\.data/scripts/")


@dataclass(frozen=True)
class Program:
    """Machine code in a file, and what its name and the settings promise of it; `again` makes it anew."""

    shown: str
    target: str
    code: executables.Code | None
    glibc: str  # the oldest that it has to run with, "" where nothing is promised
    again: str
    version: str
    binary: Binary | None = None  # None in a wheel
    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, eq=False)
class Contents(CheckContext):
    """A release whose files are looked at: those of some kinds (none named: all), or the `fetched` bodies of assets."""

    kinds: tuple[FileKind, ...] = ()
    fetched: Mapping[str, bytes] | None = None

    @cached_property
    def files(self) -> list[tuple[ComponentRelease, dist.Built, Path]]:
        """Return each line of the inventories whose file is in dist/, and that file."""
        rows = (
            (part, row, part.dist / row.file)
            for part in self.release.parts
            for row in dist.inventory(part)
        )
        return [
            one
            for one in rows
            if one[2].is_file() and (not self.kinds or one[1].kind in self.kinds)
        ]

    @cached_property
    def wheels(self) -> list[tuple[ComponentRelease, Path, Mapping[str, bytes]]]:
        """Return each wheel in dist/ that is whole, with what is in it."""
        whole = (
            one for one in self.files if one[1].kind == FileKind.WHEEL and archives.is_whole(one[2])
        )
        return [
            (part, path, archives.read(path.name, path.read_bytes())) for part, _, path in whole
        ]

    @cached_property
    def programs(self) -> list[Program]:
        """Return the declared programs that are here, and all machine code in wheels."""
        if self.fetched is None:
            here = {
                path.name: path.read_bytes()
                for _, row, path in self.files
                if row.kind == FileKind.BINARY and archives.is_whole(path)
            }
        else:
            here = dict(self.fetched)
        glibc = self.release.project.settings.build.glibc or ""
        declared = (
            (part, one, one.file.format(version=part.version))
            for part in self.release.parts
            for one in resolved_or_raise(part.component.binaries)
        )
        found = [
            _program(part, one, name, here[name], glibc, self.fetched is not None)
            for part, one, name in declared
            if name in here
        ]
        return found + [one for wheel in self.wheels for one in _in_wheel(*wheel)]


def _program(
    part: ComponentRelease, binary: Binary, file: str, data: bytes, glibc: str, is_public: bool
) -> Program:
    shown = f"{file} from GitHub" if is_public else file
    again = (
        NEXT
        if is_public
        else f"rm {part.dist / file}, then inv build-binaries --target {binary.target}"
    )
    if archives.is_archive(file):
        inside = {
            name.rpartition("/")[2].removesuffix(".exe"): data
            for name, data in archives.read(file, data).items()
        }
        shown, data = f"{binary.name} in {shown}", inside.get(binary.name, b"")
    return Program(
        shown, binary.target, executables.read(data), glibc, again, part.version, binary, data
    )


def _in_wheel(part: ComponentRelease, path: Path, inside: Mapping[str, bytes]) -> Iterator[Program]:
    name = wheels.read_name(path.name)
    tags = sorted(name.platforms if name else (), key=lambda tag: "universal2" not in tag)
    target = wheels.target_of(tags[0]) if tags and tags != ["any"] else "any"
    for member, data in inside.items():
        is_loaded = LOADED.search(
            member
        )  # other files may be for any machine: setuptools brings programs for Windows
        if is_loaded and (code := executables.read(data)):
            again = f"rm {path}, then inv build-wheels"
            yield Program(
                f"{member} in {path.name}",
                target,
                code,
                wheels.glibc_of(tags[0]),
                again,
                part.version,
            )
