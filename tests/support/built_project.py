"""A project with a wheel, an sdist and two programs, whose files tests add to dist/ themselves."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from invoke.context import Context

from release_tasks import dist, files
from release_tasks.errors import MultipleErrors, ReleaseError
from release_tasks.memo import memoizing
from release_tasks.steps.check_artifacts import check_artifacts
from support import python_projects as projects
from support.executables import AARCH64, compiled_program, elf
from support.python_projects import HOST, PLAIN, PROGRAM
from support.tiny_project import TinyProject

ARM = "aarch64-unknown-linux-gnu"
SETTINGS = f"""\
[crates]
ignore = ["tiny-tool"]
[binaries.tiny]
{HOST} = "tiny-{{version}}-here"
{ARM} = "tiny-{{version}}-arm.tar.gz"
"""
FILES = (
    PROGRAM
    | PLAIN
    | {"release-tasks.toml": SETTINGS, ".gitignore": "/target\n/dist\n"}
)
WHEEL, SDIST = "tiny_plain-0.2.0-py3-none-any.whl", "tiny_plain-0.2.0.tar.gz"
HERE, PACKED = "tiny-0.2.0-here", "tiny-0.2.0-arm.tar.gz"


@memoizing()
def add_all_files(
    tiny: TinyProject, here: bytes = b"", arm: bytes = b""
) -> None:
    """Add every declared file to dist/, with these two programs."""
    here = here or compiled_program("tiny 0.2.0", "-static")
    inside = {
        "tiny": arm or elf(AARCH64),
        "LICENSE": b"do",
        "README.md": b"read",
    }
    add_file(
        tiny, "wheel", WHEEL, projects.wheel("Tiny.Plain"), package="Tiny.Plain"
    )
    add_file(
        tiny, "sdist", SDIST, projects.sdist("Tiny.Plain"), package="Tiny.Plain"
    )
    add_file(tiny, "binary", HERE, here, target=HOST, package="tiny-tool")
    add_file(
        tiny, "binary", PACKED, tar_gz(inside), target=ARM, package="tiny-tool"
    )


def add_file(
    tiny: TinyProject, kind: str, name: str, data: bytes, **more: str
) -> Path:
    """Add one file to dist/ as the step that builds it does, a program with its checksum."""
    release = tiny.release("0.2.0")
    part = release.parts[0]
    path = dist.folder(part) / name
    files.write_bytes(path, data)
    row = dist.describe(release, part, kind, path, **more)
    dist.record(part, "built", [row], target=f"{kind}-{name}")
    if kind == "binary":
        checksum = f"{files.sha256(path)}  {name}\n".encode()
        add_file(tiny, "sha256", f"{name}.sha256", checksum)
    return path


def replace_wheel(tiny: TinyProject, name: str, data: bytes) -> None:
    """Add a wheel to dist/ and remove the one that is there."""
    for path in (tiny.root / "dist" / "v0.2.0").rglob("*.whl*"):
        path.unlink()
    add_file(tiny, "wheel", name, data, package="Tiny.Plain")


def tar_gz(members: Mapping[str, bytes]) -> bytes:
    """Return an archive with these files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def artifact_facts() -> list[str]:
    """Return the facts of the problems that `inv check-artifacts` finds."""
    return [error.problem for error in artifact_errors()]


def artifact_errors() -> list[ReleaseError]:
    """Return the problems that `inv check-artifacts` finds; each must have a fix."""
    found: list[ReleaseError] = []
    try:
        check_artifacts(Context(), "0.2.0")
    except MultipleErrors as several:
        found.extend(several.errors)
    except ReleaseError as error:
        found.append(error)
    assert all(error.fix for error in found)
    return found
