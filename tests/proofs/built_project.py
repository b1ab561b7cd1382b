"""A project with a wheel, an sdist and two programs, whose files are put into dist/ by hand."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import python_projects as projects
from invoke.context import Context
from place import Place
from python_projects import HOST, PLAIN, PROGRAM

from release_tasks import dist, files
from release_tasks.errors import Problems, ReleaseError
from release_tasks.steps.prove import prove

ARM = "aarch64-unknown-linux-gnu"
SETTINGS = f"""[crates]
ignore = ["tiny-tool"]
[binaries.tiny]
{HOST} = "tiny-{{version}}-here"
{ARM} = "tiny-{{version}}-arm.tar.gz"
"""
FILES = PROGRAM | PLAIN | {"release-tasks.toml": SETTINGS, ".gitignore": "/target\n/dist\n"}
WHEEL, SDIST = "tiny_plain-0.2.0-py3-none-any.whl", "tiny_plain-0.2.0.tar.gz"
HERE, PACKED = "tiny-0.2.0-here", "tiny-0.2.0-arm.tar.gz"


def tar_gz(inside: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in inside.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def put(tiny: Place, kind: str, name: str, data: bytes, **more: str) -> Path:
    """Put one file into dist/ as the step that builds it would, a program with its checksum."""
    release = tiny.at("0.2.0")
    part = release.parts[0]
    path = dist.folder(part) / name
    files.write_bytes(path, data)
    dist.record(part, "built", [dist.describe(release, part, kind, path, **more)], target=f"{kind}-{name}")
    if kind == "binary":
        text = f"{files.sha256(path)}  {name}\n".encode()
        put(tiny, "sha256", f"{name}.sha256", text)
    return path


def put_all(tiny: Place, here: bytes, arm: bytes) -> None:
    """Put every declared file into dist/, with these two programs."""
    put(tiny, "wheel", WHEEL, projects.wheel("Tiny.Plain"), package="Tiny.Plain")
    put(tiny, "sdist", SDIST, projects.sdist("Tiny.Plain"), package="Tiny.Plain")
    put(tiny, "binary", HERE, here, target=HOST, package="tiny-tool")
    inside = {"tiny": arm, "LICENSE": b"do", "README.md": b"read"}
    put(tiny, "binary", PACKED, tar_gz(inside), target=ARM, package="tiny-tool")


def proved() -> list[ReleaseError]:
    """Return what `inv prove` finds; each problem has a way out."""
    try:
        prove(Context(), "0.2.0")
    except Problems as several:
        found = list(several.errors)
    except ReleaseError as one:
        found = [one]
    else:
        return []
    assert all(error.fix for error in found)
    return found


def facts() -> list[str]:
    return [error.problem for error in proved()]
