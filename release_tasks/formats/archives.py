"""Archives with the same bytes wherever they are made: sorted, with fixed times, owners and modes."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from release_tasks.errors import ReleaseError

# Python before 3.11.4 knows no filters; what is extracted here is checked before
TRUSTED: dict[str, Any] = {"filter": "fully_trusted"} if hasattr(tarfile, "data_filter") else {}
PROGRAM, TEXT = 0o755, 0o644
ENDINGS = (".tar.gz", ".tgz", ".zip")
Inside = tuple[bytes | Path, int]


def is_archive(name: str) -> bool:
    """Tell whether a file's name asks for an archive, and not for the bare program."""
    return name.endswith(ENDINGS)


def stem(name: str) -> str:
    """Return a file's name without the ending that makes it an archive."""
    return next((name.removesuffix(end) for end in ENDINGS if name.endswith(end)), name)


def is_whole(path: Path) -> bool:
    """Tell whether a file has anything in it, and an archive no cut or broken entry."""
    try:
        if path.suffix in (".whl", ".zip"):
            with zipfile.ZipFile(path) as packed:
                return bool(packed.namelist()) and packed.testzip() is None
        if path.name.endswith((".tar.gz", ".tgz", ".crate", ".tar")):
            with tarfile.open(path) as archive:
                return bool(archive.getmembers())
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error):
        return False
    return path.stat().st_size > 0


def pack(name: str, files: Mapping[str, Inside], epoch: int) -> bytes:
    """Return an archive of the kind that `name` ends with, as `pack_into` makes it."""
    out = io.BytesIO()
    pack_into(out, name, files, epoch)
    return out.getvalue()


def pack_into(out: IO[bytes], name: str, files: Mapping[str, Inside], epoch: int) -> None:
    """Write an archive of the kind that `name` ends with.

    `files` maps a name inside to a file or its bytes, and its mode; `epoch` is the time of all of them in seconds since 1970.
    """
    if name.endswith(".zip"):
        return _zip(out, files, epoch)
    if name.endswith(".tar"):
        return _tar(out, files, epoch)
    with gzip.GzipFile("", "wb", 9, out, mtime=0) as packed:
        return _tar(packed, files, epoch)


def read(name: str, data: bytes) -> dict[str, bytes]:
    """Return each file in an archive of the kind that `name` ends with."""
    if name.endswith((".whl", ".zip")):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            return {
                info.filename: packed.read(info) for info in packed.infolist() if not info.is_dir()
            }
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {
            member.name: file.read() for member in archive if (file := archive.extractfile(member))
        }


def unpack_all(archive: tarfile.TarFile, folder: Path) -> None:
    """Unpack an archive into a folder; raise `ReleaseError` for a name that leads out of it."""
    for member in archive.getmembers():
        if not (folder / member.name).resolve().is_relative_to(folder.resolve()):
            raise ReleaseError(
                f"{member.name} in an archive leads out of its folder", "build it again"
            )
    archive.extractall(folder, **TRUSTED)


def _tar(out: IO[bytes] | gzip.GzipFile, files: Mapping[str, Inside], epoch: int) -> None:
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, (data, mode) in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            with _opened(data) as (size, content):
                entry.size, entry.mode, entry.mtime = size, mode, epoch
                tar.addfile(entry, content)


def _zip(out: IO[bytes], files: Mapping[str, Inside], epoch: int) -> None:
    moment = datetime.fromtimestamp(max(epoch, 315532800), UTC)  # zip begins in 1980
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, (data, mode) in sorted(files.items()):
            entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
            entry.create_system, entry.external_attr = 3, (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            with _opened(data) as (entry.file_size, content), archive.open(entry, "w") as packed:
                shutil.copyfileobj(content, packed)


@contextmanager
def _opened(data: bytes | Path) -> Iterator[tuple[int, IO[bytes]]]:
    """Give the size of a content, in bytes, and the content to read."""
    with io.BytesIO(data) if isinstance(data, bytes) else data.open("rb") as content:
        yield len(data) if isinstance(data, bytes) else data.stat().st_size, content
