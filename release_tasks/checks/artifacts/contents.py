"""What is checked of a release's files: each file is opened once, and its machine code found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from release_tasks import dist
from release_tasks.checks.check import CheckContext
from release_tasks.checks.smoke.program import NEXT
from release_tasks.formats import (
    archive_names,
    archives,
    executables,
    unpacking,
    wheels,
)
from release_tasks.printable import word
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import Binary, resolved_or_raise
from release_tasks.release import ComponentRelease

# other files of a wheel may be for any machine: setuptools ships programs for Windows
LOADED = re.compile(r"\.(so|pyd|dylib|dll)$|\.so\.|\.data/scripts/")


@dataclass(frozen=True)
class BuiltFile:
    """A file in dist/, and its line of the inventory."""

    part: ComponentRelease
    row: dist.Built
    path: Path

    @property
    def is_whole(self) -> bool:
        """Tell whether it is not empty, and complete if it is an archive."""
        return archives.is_whole(self.path)


@dataclass(frozen=True)
class Wheel:
    """A wheel in dist/ that is complete; `files` are its members by name."""

    part: ComponentRelease
    path: Path
    files: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True)
class Program:
    """Machine code in a file, and what its name and the settings promise about it."""

    label: str  # the file, for messages
    target: str  # a Rust target triple, "any" in a wheel for every platform
    code: executables.Code | None  # None where it is not a program
    # the oldest that it has to run with, "" where nothing is promised
    glibc: str
    rebuild: str  # the command that builds it again
    version: str
    binary: Binary | None = None  # None in a wheel
    data: bytes = field(default=b"", repr=False)

    @property
    def fits(self) -> bool:
        """Tell whether it is a program for its target."""
        return self.code is not None and executables.is_for(
            self.code, self.target
        )


@dataclass(frozen=True, eq=False)
class Contents(CheckContext):
    """A release whose files are checked: those of some `kinds` in dist/, where none means all.

    With `downloaded`, its programs are those in the assets of a public release, by file name.
    """

    kinds: tuple[FileKind, ...] = ()
    downloaded: Mapping[str, bytes] | None = None

    @cached_property
    def files(self) -> list[BuiltFile]:
        """Return each line of the inventories whose file is in dist/."""
        found: list[BuiltFile] = []
        for part in self.release.parts:
            for row in dist.inventory(part):
                path = part.dist / row.file
                is_wanted = not self.kinds or row.kind in self.kinds
                if is_wanted and path.is_file():
                    found.append(BuiltFile(part, row, path))
        return found

    @cached_property
    def wheels(self) -> list[Wheel]:
        """Return each complete wheel in dist/."""
        found: list[Wheel] = []
        for file in self.files:
            if file.row.kind == FileKind.WHEEL and file.is_whole:
                members = unpacking.files_in(
                    file.path.name, file.path.read_bytes()
                )
                found.append(Wheel(file.part, file.path, members))
        return found

    @cached_property
    def programs(self) -> list[Program]:
        """Return the declared programs that are here, and all machine code in wheels."""
        data = self._binaries
        found: list[Program] = []
        for part in self.release.parts:
            for binary in resolved_or_raise(part.component.binaries):
                file = binary.file.format(version=part.version)
                if file in data:
                    found.append(self._program(part, binary, file, data[file]))
        for wheel in self.wheels:
            found += _in_wheel(wheel)
        return found

    @property
    def _binaries(self) -> Mapping[str, bytes]:
        if self.downloaded is not None:
            return self.downloaded
        return {
            file.path.name: file.path.read_bytes()
            for file in self.files
            if file.row.kind == FileKind.BINARY and file.is_whole
        }

    def _program(
        self, part: ComponentRelease, binary: Binary, file: str, data: bytes
    ) -> Program:
        label = file
        rebuild = f"rm {word(part.dist / file)}, then inv build-binaries --target {binary.target}"
        if self.downloaded is not None:
            label, rebuild = f"{file} from GitHub", NEXT
        if archive_names.is_archive(file):
            label = f"{binary.name} in {label}"
            data = _in_archive(file, data, binary.name)
        return Program(
            label,
            binary.target,
            executables.read(data),
            self.project.settings.build.glibc or "",
            rebuild,
            part.version,
            binary,
            data,
        )


def _in_archive(file: str, data: bytes, program: str) -> bytes:
    """Return a program that is packed in an archive, empty where it is not in it."""
    found = b""
    for name, member in unpacking.files_in(file, data).items():
        if name.rpartition("/")[2].removesuffix(".exe") == program:
            found = member
    return found


def _in_wheel(wheel: Wheel) -> Iterator[Program]:
    """Yield the programs and libraries in a wheel."""
    name = wheels.read_name(wheel.path.name)
    tags: list[str] = []
    if name:  # a universal2 file has code for both machines of macOS
        tags = sorted(name.platforms, key=lambda tag: "universal2" not in tag)
    target = "any"
    if tags and tags != ["any"]:
        target = wheels.target_of(tags[0])
    for member, data in wheel.files.items():
        if not LOADED.search(member):
            continue
        code = executables.read(data)
        if code:
            yield Program(
                f"{member} in {wheel.path.name}",
                target,
                code,
                wheels.glibc_of(tags[0]),
                f"rm {word(wheel.path)}, then inv build-wheels",
                wheel.part.version,
            )
