"""Programs, and the machine code in wheels: for the machine in their names, and able to run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from release_tasks import files
from release_tasks.building.papers import papers
from release_tasks.checks.artifacts.contents import BuiltFile, Contents, Program
from release_tasks.checks.check import also_after_tag
from release_tasks.checks.smoke.program import check_version_output, runner
from release_tasks.errors import Problem
from release_tasks.formats import archive_names, archives, unpacking
from release_tasks.formats.executables import numbers
from release_tasks.printable import word
from release_tasks.project.kinds import FileKind
from release_tasks.project.model import resolved_or_empty


@also_after_tag
def wrong_machine(contents: Contents) -> Iterator[Problem]:
    """Find each program or library that is not for its target, or not a program at all."""
    for program in contents.programs:
        code = program.code
        if code is None:
            yield Problem(f"{program.label} is not a program", program.rebuild)
        elif not program.fits:
            yield Problem(
                f"{program.label} is {code.format} for {code.machines}, "
                f"but its name says {program.target}",
                program.rebuild,
            )


@also_after_tag
def not_static(contents: Contents) -> Iterator[Problem]:
    """Find each program that is declared static, but loads libraries of the machine."""
    for program in contents.programs:
        binary, code = program.binary, program.code
        if binary and binary.static and code and code.needs:
            yield Problem(
                f"{program.label} is declared static, but needs {', '.join(code.needs)}",
                f"{program.rebuild}; or remove {binary.name} from [build] static",
            )


@also_after_tag
def newer_glibc(contents: Contents) -> Iterator[Problem]:
    """Find each program or library that does not start with the oldest glibc that is promised."""
    for program in contents.programs:
        if not program.code or not program.code.glibc:
            continue
        needed = ".".join(map(str, program.code.glibc))
        fact = f"{program.label} needs glibc {needed}"
        if "-musl" in program.target:
            yield Problem(
                f"{fact}, but {program.target} has none", program.rebuild
            )
        elif program.glibc and numbers(needed) > numbers(program.glibc):
            setting = "another tag in `wheels`"
            if program.binary:
                setting = "a newer glibc in [build]"
            yield Problem(
                f"{fact}, but {program.glibc} is promised",
                f"{program.rebuild} where ziglang is installed, or on an older system; "
                f"or promise {setting}",
            )


@also_after_tag
def missing_license(contents: Contents) -> Iterator[Problem]:
    """Find each archive without the license or the readme that the project has."""
    for file in contents.files:
        path = file.path
        is_packed = (
            file.row.kind == FileKind.BINARY
            and archive_names.is_archive(path.name)
        )
        if not is_packed or not file.is_whole:
            continue
        tree = contents.release.source_tree
        wanted = papers(contents.release, tree, _crates_in(file))
        members = unpacking.files_in(path.name, path.read_bytes())
        names = {name.rpartition("/")[2] for name in members}
        missing = [name for name in wanted if name not in names]
        if missing:
            yield Problem(
                f"{file.row.file} of {file.part.tag} does not contain {' and '.join(missing)}",
                f"rm {word(path)}, then inv build-binaries",
            )


def _crates_in(file: BuiltFile) -> list[str]:
    """Return the crates of the programs that a file is declared to contain."""
    return [
        binary.crate
        for binary in resolved_or_empty(file.part.component.binaries)
        if binary.file.format(version=file.part.version) == file.row.name
    ]


@also_after_tag
def other_version(contents: Contents) -> Iterator[Problem]:
    """Find each program that runs here, or in an emulator, and prints another version or fails."""
    for program in contents.programs:
        if program.binary and program.code and program.fits:
            start = runner(program.target, program.code.needs)
            if start is not None:
                yield from _run(program, program.binary.name, start)


def _run(program: Program, name: str, start: list[str]) -> Iterator[Problem]:
    with files.scratch("program") as folder:
        path = folder / name
        files.write_bytes(path, program.data)
        path.chmod(archives.PROGRAM)
        argv: list[str | Path] = [*start, path, "--version"]
        for problem in check_version_output(
            argv, program.version, program.label
        ):
            yield Problem(problem.fact, program.rebuild)
