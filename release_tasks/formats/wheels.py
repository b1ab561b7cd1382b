"""Wheels and source distributions as files: their names, their platform tags, their metadata."""

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
from release_tasks.formats import archives, machines

_LINUX_TAG = re.compile(
    r"(?:(?P<libc>many|musl)linux(?:_\d+_\d+|1|2010|2014)|linux(?=_armv))_(?P<machine>\w+)"
)
_PLAIN_LINUX = re.compile(r"linux_(?!armv[67]l)\w+")
_MACOS_TAG = re.compile(r"macosx_\d+_\d+_(?P<machine>\w+)")
_GLIBC_TAG = re.compile(r"manylinux_(\d+)_(\d+)_")
# PEP 600
_LEGACY_GLIBC = {
    "manylinux1": "2.5",
    "manylinux2010": "2.12",
    "manylinux2014": "2.17",
}
_SBOM = re.compile(r"\.dist-info/sboms/[^/]+$")


@dataclass(frozen=True)
class Name:
    """The parts of a file's name."""

    project: str  # normalized
    version: str  # PEP 440
    platforms: tuple[str, ...] = ()  # platform tags; none for an sdist


def read_name(file: str) -> Name | None:
    """Return the parts of a wheel's or sdist's name, or None for another file.

    Wheels: PEP 427, sdists: PEP 625.
    """
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        parse_sdist_filename,
        parse_wheel_filename,
    )

    try:
        if file.endswith(".whl"):
            project, version, _, tags = parse_wheel_filename(file)
            platforms = sorted({tag.platform for tag in tags})
            return Name(project, str(version), tuple(platforms))
        project, version = parse_sdist_filename(file)
        return Name(project, str(version))
    except (InvalidSdistFilename, InvalidWheelFilename):
        return None


def target_of(tag: str) -> str:
    """Return the Rust target of wheels with a platform tag.

    Raises `ReleaseError` for an unknown tag.
    """
    target = machines.windows_target(tag)
    if linux := _LINUX_TAG.fullmatch(tag):
        libc = "musl" if linux["libc"] == "musl" else "gnu"
        target = machines.linux_target(linux["machine"], libc)
    elif macos := _MACOS_TAG.fullmatch(tag):
        target = machines.macos_target(macos["machine"])
    if target is None:
        raise ReleaseError(
            f"`{tag}` is not a valid platform tag of a wheel",
            "write one like manylinux_2_17_x86_64, musllinux_1_2_aarch64, macosx_11_0_arm64 "
            "or win_amd64",
        )
    return target


def is_abi3(file: str) -> bool:
    """Tell whether a wheel, by its name, is for the stable ABI of many Pythons (PEP 384)."""
    return re.search(r"-cp3\d+-abi3(?:\.abi3t)?-", file) is not None


def is_unrepaired(file: str) -> bool:
    """Tell whether a wheel, by its name, is for this Linux alone, as build backends make it."""
    name = read_name(file)
    if name is None:
        return False
    return any(_PLAIN_LINUX.fullmatch(platform) for platform in name.platforms)


def glibc_of(tag: str) -> str:
    """Return the oldest glibc that wheels with a platform tag run with (`2.17`), or ""."""
    found = _GLIBC_TAG.match(tag)
    if found:
        return f"{found[1]}.{found[2]}"
    return _LEGACY_GLIBC.get(tag.split("_")[0], "")


def is_of_this_machine(tag: str) -> bool:
    """Return whether a wheel with a platform tag can be installed on this machine."""
    from packaging.tags import platform_tags

    return tag in platform_tags()


def only_file(folder: Path, suffix: str) -> Path:
    """Return the one file with an ending in a folder.

    Raises `ReleaseError` where there is none, where there are several, and where it is broken.
    """
    found = sorted(folder.glob(f"*{suffix}"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "nothing"
        raise ReleaseError(
            f"the build wrote {names}, expected one {suffix} file",
            "run the build by hand",
        )
    # maturin leaves an empty zip of 22 bytes where a build fails
    if not archives.is_whole(found[0]):
        size = found[0].stat().st_size
        raise ReleaseError(
            f"{found[0].name} is broken: {size} bytes", "run the build again"
        )
    return found[0]


def replace_build_folder(wheel: Path, folder: Path, shown: str) -> None:
    """Write `shown` for the build folder in the SBOMs of a wheel, and update RECORD.

    maturin writes the folder of the build into `dist-info/sboms`, so that two builds would not
    have equal bytes.
    """
    old = folder.resolve().as_uri().encode()
    new = f"file://{shown}".encode()
    with zipfile.ZipFile(wheel) as archive:
        entries = [(info, archive.read(info)) for info in archive.infolist()]
    changed = {
        info.filename: data.replace(old, new)
        for info, data in entries
        if _SBOM.search(info.filename) and old in data
    }
    if not changed:
        return
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for info, data in entries:
            content = changed.get(info.filename, data)
            if info.filename.endswith(".dist-info/RECORD"):
                content = _record(data, changed)
            archive.writestr(info, content, info.compress_type)
    files.write_bytes(wheel, out.getvalue())


def _record(record: bytes, changed: dict[str, bytes]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in csv.reader(io.StringIO(record.decode())):
        if row and row[0] in changed:
            writer.writerow(_record_row(row[0], changed[row[0]]))
        else:
            writer.writerow(row)
    return out.getvalue().encode()


def _record_row(name: str, data: bytes) -> list[str]:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
    return [name, f"sha256={digest.rstrip(b'=').decode()}", str(len(data))]
