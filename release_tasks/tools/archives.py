"""Archives with the same bytes wherever they are made: sorted, with fixed times, owners and modes."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from release_tasks.errors import ReleaseError

# Python before 3.11.4 knows no filters; what is extracted here is checked before
TRUSTED: dict[str, Any] = {"filter": "fully_trusted"} if hasattr(tarfile, "data_filter") else {}
PROGRAM, TEXT = 0o755, 0o644


def is_archive(name: str) -> bool:
    """Tell whether a file's name asks for an archive, and not for the bare program."""
    return name.endswith((".tar.gz", ".tgz", ".zip"))


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


def pack(name: str, files: Mapping[str, tuple[bytes, int]], epoch: int) -> bytes:
    """Return an archive of the kind that `name` ends with.

    `files` maps a name inside to the bytes of a file and its mode, `epoch` is the time of all of them in seconds since 1970.
    """
    return _zip(files, epoch) if name.endswith(".zip") else _tar_gz(files, epoch)


def unpack_all(archive: tarfile.TarFile, folder: Path) -> None:
    """Unpack an archive into a folder; raise `ReleaseError` for a name that leads out of it."""
    for member in archive.getmembers():
        if not (folder / member.name).resolve().is_relative_to(folder.resolve()):
            raise ReleaseError(f"{member.name} in an archive leads out of its folder", "build it again")
    archive.extractall(folder, **TRUSTED)


def _tar_gz(files: Mapping[str, tuple[bytes, int]], epoch: int) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, out, mtime=0) as packed, tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, (data, mode) in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(data), mode, epoch
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def _zip(files: Mapping[str, tuple[bytes, int]], epoch: int) -> bytes:
    out = io.BytesIO()
    moment = datetime.fromtimestamp(max(epoch, 315532800), UTC)  # zip begins in 1980
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, (data, mode) in sorted(files.items()):
            entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
            entry.create_system, entry.external_attr = 3, (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return out.getvalue()
