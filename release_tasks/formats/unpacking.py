"""Reading archives that others may have made: within limits, and never out of a folder.

Whatever is wrong with an archive is an `Unreadable`. What an archive unpacks to may be large where
the archive is, as cargo has it (sources/registry: MAX_UNPACK_SIZE, MAX_COMPRESSION_RATIO).
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from release_tasks import files
from release_tasks.errors import ReleaseError
from release_tasks.formats import zstandard

ALWAYS = 512 << 20  # bytes that any archive may unpack to
RATIO = 100  # unpacked bytes for each packed one, above that
MEMBERS = 1_000_000
FIX = "build it again, or fetch it again"
# What tarfile, zipfile and the decompressors raise for broken data, found with `nox -s fuzz`.
FAULTS = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    ArithmeticError,
    MemoryError,
    AttributeError,
    TypeError,
    RuntimeError,  # encrypted zips, unknown methods, links that go round in circles
)
Source = Path | bytes
_OPENERS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    zstandard.MAGIC: zstandard.decompressing,
}


class Unreadable(ReleaseError):
    """An archive is broken, too large, or has a member that is not allowed."""

    def __init__(self, problem: str, fix: str = FIX) -> None:
        super().__init__(problem, fix)


def limit(size: int) -> int:
    """Return how many bytes an archive of `size` bytes may unpack to."""
    return max(ALWAYS, RATIO * size)


@contextmanager
def reading(source: Source) -> Iterator[None]:
    """Raise `Unreadable` for what is wrong with an archive that is read in the block."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, FAULTS) and not isinstance(
            error, zstandard.faults()
        ):
            raise
        reason = str(error) or type(error).__name__
        raise Unreadable(
            f"{_name(source)} cannot be unpacked: {reason}"
        ) from error


@contextmanager
def open_tar(source: Source) -> Iterator[tarfile.TarFile]:
    """Open a tar, packed or not; reading past the limit raises `Unreadable`.

    `members` goes through it; the block stands within `reading`.
    """
    with (
        _binary(source) as raw,
        _decompressed(raw, source) as file,
        tarfile.open(fileobj=file, mode="r:") as archive,
    ):
        yield archive


def members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the members of a tar; raise `Unreadable` for too many of them."""
    for number, member in enumerate(archive):
        if number >= MEMBERS:
            raise Unreadable(f"an archive has more than {MEMBERS} members")
        yield member


def tar_headers(source: Source) -> list[tarfile.TarInfo]:
    """Return the members of a tar without their content."""
    with reading(source), open_tar(source) as archive:
        return list(members(archive))


def tar_files(source: Source) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """Yield each member of a tar, with its content where it is a plain file, else `b""`."""
    left = limit(_size(source))
    with reading(source), open_tar(source) as archive:
        for member in members(archive):
            left -= member.size
            # a sparse file is larger than what the archive has of it
            if left < 0:
                raise _too_large(source)
            file = archive.extractfile(member) if member.isreg() else None
            yield member, file.read() if file else b""


def tar_file(source: Source, name: str) -> bytes | None:
    """Return the content of a plain file in a tar, None where there is none of that name.

    Of several the last one counts, as for every program that unpacks them.
    """
    with reading(source), open_tar(source) as archive:
        found = None
        for member in members(archive):
            if member.name == name:
                found = member
        if found is None or not found.isreg():
            return None
        if found.size > limit(_size(source)):
            raise _too_large(source)
        file = archive.extractfile(found)
        return file.read() if file else None


def zip_files(source: Source) -> Iterator[tuple[zipfile.ZipInfo, bytes]]:
    """Yield each file of a zip with its content."""
    with reading(source), _open_zip(source) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield info, archive.read(info)


def zip_names(source: Source) -> list[str]:
    """Return the names in a zip, folders included."""
    with reading(source), _open_zip(source) as archive:
        return archive.namelist()


def is_whole_zip(source: Source) -> bool:
    """Tell whether a zip has files, each with the content of its checksum."""
    with reading(source), _open_zip(source) as archive:
        return bool(archive.namelist()) and archive.testzip() is None


def zip_file(source: Source, name: str) -> bytes | None:
    """Return a file of a zip, None where there is none of that name."""
    with reading(source), _open_zip(source) as archive:
        if name not in archive.namelist():
            return None
        return archive.read(name)


def files_in(name: str, data: bytes) -> dict[str, bytes]:
    """Return the content of each file in an archive of the kind that `name` ends with."""
    if name.lower().endswith((".whl", ".zip")):
        return {info.filename: content for info, content in zip_files(data)}
    found = {}
    for member, content in tar_files(data):
        if member.isreg():
            found[member.name] = content
    return found


def unpack(source: Source, folder: Path) -> None:
    """Unpack a tar of plain files and folders; raise `Unreadable` for anything else in it.

    Links are refused, even those that stay inside: nothing that we unpack needs them.
    """
    left = limit(_size(source))
    with reading(source), open_tar(source) as archive:
        for member in members(archive):
            target = folder / path_inside(member)
            left -= member.size
            if left < 0:
                raise _too_large(source)
            if member.isdir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            content = archive.extractfile(member)
            if content:
                with content, files.replacing(target) as out:
                    shutil.copyfileobj(content, out)


def path_inside(member: tarfile.TarInfo) -> str:
    """Return the path of a member that may be unpacked; raise `Unreadable` for another."""
    parts = member.name.split("/")
    if member.name.startswith("/") or ".." in parts or "\\" in member.name:
        raise Unreadable(
            f"the path {member.name!r} in an archive leads out of it"
        )
    if not member.isreg() and not member.isdir():
        raise Unreadable(f"{member.name!r} in an archive is a link or a device")
    return member.name


class _Limited:
    """A file of which no more than `most` bytes can be read."""

    def __init__(self, file: IO[bytes], most: int, source: Source) -> None:
        self.file = file
        self.most = most
        self.source = source

    def read(self, size: int = -1) -> bytes:
        # never asks for more than the limit: some readers reserve that memory first
        allowed = self.most - self.file.tell() + 1
        if size < 0 or size > allowed:
            size = allowed
        data = self.file.read(size)
        if self.file.tell() > self.most:
            raise _too_large(self.source)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == io.SEEK_SET and offset > self.most:
            raise _too_large(self.source)
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()


@contextmanager
def _decompressed(raw: IO[bytes], source: Source) -> Iterator[Any]:
    start = raw.read(6)
    raw.seek(0)
    most = limit(_size(source))
    for magic, opener in _OPENERS.items():
        if start.startswith(magic):
            with opener(raw) as file:
                yield _Limited(file, most, source)
            return
    yield _Limited(raw, most, source)


@contextmanager
def _open_zip(source: Source) -> Iterator[zipfile.ZipFile]:
    """Open a zip whose directory promises no more than the limits: zipfile reads no more."""
    with _binary(source) as raw, zipfile.ZipFile(raw) as archive:
        infos = archive.infolist()
        if len(infos) > MEMBERS:
            raise Unreadable(f"{_name(source)} has more than {MEMBERS} members")
        if sum(info.file_size for info in infos) > limit(_size(source)):
            raise _too_large(source)
        yield archive


def _binary(source: Source) -> IO[bytes]:
    return (
        io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    )


def _size(source: Source) -> int:
    return len(source) if isinstance(source, bytes) else source.stat().st_size


def _name(source: Source) -> str:
    return "an archive" if isinstance(source, bytes) else source.name


def _too_large(source: Source) -> Unreadable:
    size = _size(source)
    return Unreadable(
        f"{_name(source)} has {size} bytes, and unpacks to more than {limit(size)}"
    )
