"""Archives with the same bytes wherever they are made: sorted, with fixed times, owners, modes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from release_tasks.formats import unpacking, zstandard
from release_tasks.formats.archive_names import PACKED, ZSTANDARD

PROGRAM = 0o755  # modes
TEXT = 0o644

_ZIP_BEGIN = 315532800  # 1980-01-01, the first moment that a zip can hold
_ZIP_UNIX = 3  # "version made by" Unix: the external attributes hold a mode

_Compressed = gzip.GzipFile | lzma.LZMAFile | bz2.BZ2File | IO[bytes]

Entry = tuple[bytes | Path, int]  # the content of a file, and its mode


def is_whole(path: Path) -> bool:
    """Return whether a file is not empty and, as an archive, complete and intact."""
    try:
        if path.suffix.lower() in (".whl", ".zip"):
            return unpacking.is_whole_zip(path)
        if path.name.lower().endswith((*PACKED, ".crate", ".tar")):
            return bool(unpacking.tar_headers(path))
    except unpacking.Unreadable:
        return False
    return path.stat().st_size > 0


def pack(name: str, entries: Mapping[str, Entry], epoch: int) -> bytes:
    """Return an archive as `pack_into` writes it."""
    out = io.BytesIO()
    pack_into(out, name, entries, epoch)
    return out.getvalue()


def pack_into(
    out: IO[bytes], name: str, entries: Mapping[str, Entry], epoch: int
) -> None:
    """Write an archive of the kind that `name` ends with: one of `PACKED`, or .tar.

    `entries` are by their path in the archive; `epoch` is their time in seconds since 1970.
    """
    ending = name.lower()
    if ending.endswith(".zip"):
        _zip(out, entries, epoch)
    elif ending.endswith(".tar"):
        _tar(out, entries, epoch)
    else:
        with _compressed(out, ending) as packed:
            _tar(packed, entries, epoch)


def _compressed(out: IO[bytes], ending: str) -> _Compressed:
    """Return a file that compresses into `out`, without a name or time of its own."""
    if ending.endswith(ZSTANDARD):
        return zstandard.compressing(out)
    if ending.endswith((".tar.xz", ".txz")):
        return lzma.LZMAFile(out, "wb", preset=9)
    if ending.endswith((".tar.bz2", ".tbz2")):
        return bz2.BZ2File(out, "wb", compresslevel=9)
    return gzip.GzipFile("", "wb", 9, out, mtime=0)


def _tar(out: _Compressed, entries: Mapping[str, Entry], epoch: int) -> None:
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, (data, mode) in sorted(entries.items()):
            info = tarfile.TarInfo(name)
            info.mode = mode
            info.mtime = epoch
            with _opened(data) as (size, content):
                info.size = size
                tar.addfile(info, content)


def _zip(out: IO[bytes], entries: Mapping[str, Entry], epoch: int) -> None:
    moment = datetime.fromtimestamp(max(epoch, _ZIP_BEGIN), UTC)
    with zipfile.ZipFile(
        out, "w", zipfile.ZIP_DEFLATED, compresslevel=9
    ) as archive:
        for name, (data, mode) in sorted(entries.items()):
            info = zipfile.ZipInfo(name, moment.timetuple()[:6])
            info.create_system = _ZIP_UNIX
            info.external_attr = (0o100000 | mode) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            with _opened(data) as (size, content):
                info.file_size = size
                with archive.open(info, "w") as packed:
                    shutil.copyfileobj(content, packed)


@contextmanager
def _opened(data: bytes | Path) -> Iterator[tuple[int, IO[bytes]]]:
    """Give the size of a content in bytes, and the content to read."""
    if isinstance(data, bytes):
        yield len(data), io.BytesIO(data)
        return
    with data.open("rb") as content:
        yield data.stat().st_size, content
