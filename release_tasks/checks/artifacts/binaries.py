"""Programs, and the machine code in wheels, are for the machine that their names say, and run there."""

from __future__ import annotations

from collections.abc import Iterator

from release_tasks import files
from release_tasks.building.sources import papers
from release_tasks.checks.artifacts.contents import Contents
from release_tasks.checks.check import also_after_tag
from release_tasks.checks.smoke.program import check_version_output, runner
from release_tasks.errors import ReleaseError
from release_tasks.formats import archives
from release_tasks.formats.executables import is_for, numbers
from release_tasks.project.kinds import FileKind


@also_after_tag
def wrong_machine(case: Contents) -> Iterator[ReleaseError]:
    """Yield each program or library that is not for its target, or is none at all."""
    for one in case.programs:
        if one.code is None:
            yield ReleaseError(f"{one.shown} is no program", one.again)
        elif not is_for(one.code, one.target):
            fact = f"{one.code.format} for {one.code.machines}"
            yield ReleaseError(f"{one.shown} is {fact}, and its name says {one.target}", one.again)


@also_after_tag
def not_static(case: Contents) -> Iterator[ReleaseError]:
    """Yield each program that is declared static, and asks for libraries of the machine."""
    for one in case.programs:
        if one.binary and one.binary.static and one.code and one.code.needs:
            fix = f"{one.again}; or take {one.binary.name} out of [build] static"
            yield ReleaseError(
                f"{one.shown} is said to be static, and needs {', '.join(one.code.needs)}", fix
            )


@also_after_tag
def newer_glibc(case: Contents) -> Iterator[ReleaseError]:
    """Yield each program or library that does not start with the oldest glibc that is promised."""
    for one in case.programs:
        needed = ".".join(map(str, one.code.glibc)) if one.code else ""
        if needed and "-musl" in one.target:
            yield ReleaseError(
                f"{one.shown} needs glibc {needed}, and {one.target} has none", one.again
            )
        elif needed and one.glibc and numbers(needed) > numbers(one.glibc):
            place = "glibc in [build]" if one.binary else "another tag in `wheels`"
            fix = (
                f"{one.again} where ziglang is installed, or on an older system; or promise {place}"
            )
            yield ReleaseError(
                f"{one.shown} needs glibc {needed}, and {one.glibc} is promised", fix
            )


@also_after_tag
def no_licence(case: Contents) -> Iterator[ReleaseError]:
    """Yield each archive without the licence or the readme that the project has."""
    for part, row, path in case.files:
        if (
            row.kind == FileKind.BINARY
            and archives.is_archive(path.name)
            and archives.is_whole(path)
        ):
            inside = {
                name.rpartition("/")[2] for name in archives.read(path.name, path.read_bytes())
            }
            if lacking := [
                name
                for name in papers(case.release, case.release.source_tree)
                if name not in inside
            ]:
                fix = f"rm {path}, then inv build-binaries"
                yield ReleaseError(
                    f"{row.file} of {part.tag} is packed without {' and '.join(lacking)}", fix
                )


@also_after_tag
def other_version(case: Contents) -> Iterator[ReleaseError]:
    """Yield each program that runs here, also in an emulator, and says another version or cannot begin."""
    for one in case.programs:
        start = (
            runner(one.target, one.code.needs)
            if one.binary and one.code and is_for(one.code, one.target)
            else None
        )
        if start is None:
            continue
        with files.scratch("program") as folder:
            program = folder / str(one.binary and one.binary.name)
            files.write_bytes(program, one.data)
            program.chmod(archives.PROGRAM)
            for error in check_version_output(
                [*start, program, "--version"], one.version, one.shown
            ):
                yield ReleaseError(error.problem, one.again)
