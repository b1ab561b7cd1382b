"""Wheels and source distributions as files: their names, what is wrong with them, folders kept out."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from release_tasks import files
from release_tasks.errors import ReleaseError
from release_tasks.formats import archives

MACHINES = {
    "x86_64": "x86_64-unknown-linux",
    "aarch64": "aarch64-unknown-linux",
    "i686": "i686-unknown-linux",
    "armv7l": "armv7-unknown-linux",
    "ppc64le": "powerpc64le-unknown-linux",
    "s390x": "s390x-unknown-linux",
}
OTHERS = {
    "win_amd64": "x86_64-pc-windows-msvc",
    "win_arm64": "aarch64-pc-windows-msvc",
    "win32": "i686-pc-windows-msvc",
    "macosx_x86_64": "x86_64-apple-darwin",
    "macosx_arm64": "aarch64-apple-darwin",
    "macosx_universal2": "universal2-apple-darwin",
}


@dataclass(frozen=True)
class Name:
    """What a file's name says: project (normal form), version (PEP 440), platform tags (none: an sdist)."""

    project: str
    version: str
    platforms: tuple[str, ...] = ()


def read_name(file: str) -> Name | None:
    """Return what the name of a wheel or sdist says, None for any other file (PEP 427, PEP 625)."""
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        parse_sdist_filename,
        parse_wheel_filename,
    )

    try:
        if file.endswith(".whl"):
            project, version, _, tags = parse_wheel_filename(file)
            return Name(project, str(version), tuple(sorted({tag.platform for tag in tags})))
        project, version = parse_sdist_filename(file)
        return Name(project, str(version))
    except (InvalidSdistFilename, InvalidWheelFilename):
        return None


def target_of(tag: str) -> str:
    """Return the Rust target that makes wheels of a platform tag; raise `ReleaseError` for an unknown one."""
    if linux := re.fullmatch(r"(many|musl)linux(?:_\d+_\d+|1|2010|2014)_(\w+)", tag):
        if base := MACHINES.get(linux[2]):
            libc = "gnu" if linux[1] == "many" else "musl"
            return f"{base}-{libc}{'eabihf' if linux[2] == 'armv7l' else ''}"
    elif target := OTHERS.get(re.sub(r"^macosx_\d+_\d+_", "macosx_", tag)):
        return target
    raise ReleaseError(
        f"{tag} is no platform tag of a wheel",
        "name one as manylinux_2_17_x86_64, musllinux_1_2_aarch64, macosx_11_0_arm64, win_amd64",
    )


def glibc_of(tag: str) -> str:
    """Return the glibc (`2.17`) that a wheel with this platform tag is promised to run with; nothing for other tags."""
    legacy = {"manylinux1": "2.5", "manylinux2010": "2.12", "manylinux2014": "2.17"}
    said = re.match(r"manylinux_(\d+)_(\d+)_", tag)
    return f"{said[1]}.{said[2]}" if said else legacy.get(tag.split("_")[0], "")


def is_of_this_machine(tag: str) -> bool:
    """Tell whether a wheel with this platform tag would be installed here."""
    from packaging.tags import platform_tags

    return tag in platform_tags()


def only(folder: Path, suffix: str) -> Path:
    """Return the one whole file with that ending in `folder`; raise `ReleaseError` for none, several or a broken one."""
    found = sorted(folder.glob(f"*{suffix}"))
    if len(found) != 1:
        raise ReleaseError(
            f"the build left {', '.join(p.name for p in found) or 'nothing'} where one {suffix} file was expected",
            "run the build by hand and mend it",
        )
    # maturin leaves an empty zip of 22 bytes behind where a build fails
    if not archives.is_whole(found[0]):
        raise ReleaseError(
            f"{found[0].name} is broken: {found[0].stat().st_size} bytes", "run the build again"
        )
    return found[0]


def without_folders(wheel: Path, tree: Path, shown: str) -> None:
    """Rewrite the SBOMs of a wheel, and RECORD, with `shown` in place of the folder `tree`.

    maturin writes the folder of the build into `dist-info/sboms`; with it two builds never have equal bytes.
    """
    here = tree.resolve().as_uri().encode()
    with zipfile.ZipFile(wheel) as archive:
        entries = [(info, archive.read(info)) for info in archive.infolist()]
    changed = {
        info.filename: data.replace(here, f"file://{shown}".encode())
        for info, data in entries
        if re.search(r"\.dist-info/sboms/[^/]+$", info.filename) and here in data
    }
    if not changed:
        return
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for info, data in entries:
            data = (
                _record(data, changed)
                if info.filename.endswith(".dist-info/RECORD")
                else changed.get(info.filename, data)
            )
            archive.writestr(info, data, info.compress_type)
    files.write_bytes(wheel, out.getvalue())


def _record(record: bytes, changed: dict[str, bytes]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in csv.reader(io.StringIO(record.decode())):
        if row and row[0] in changed:
            data = changed[row[0]]
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            row = [row[0], f"sha256={digest}", str(len(data))]
        writer.writerow(row)
    return out.getvalue().encode()
