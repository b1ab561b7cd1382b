"""The records of a zip file, one after the other, as a reader of a stream sees them.

Most readers trust the directory at the end; a file whose two views differ can show one content
to the one that checks it, and another to the one that installs it (APPNOTE.TXT 4.3).
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from typing import NamedTuple

LOCAL_FILE, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
END_64, LOCATOR_64 = b"PK\x06\x06", b"PK\x06\x07"
HAS_DESCRIPTOR = 0x08  # the flag of an entry whose sizes follow its data
IN_EXTRA = 0xFFFFFFFF  # a size that the extra field of ZIP64 has
# packed and full, in bytes, as in the central directory
Sizes = Mapping[str, tuple[int, int]]


class _Fault(Exception):
    """Why a zip file is not what its directory says."""


class _Record(NamedTuple):
    signature: bytes
    end: int  # where the next record begins
    name: bytes = b""


def fault(content: bytes) -> str:
    """Return why readers would see different files in a zip, "" where all see the same.

    Raises `BadZipFile` for what is not a zip file at all.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {
            info.orig_filename: (info.compress_size, info.file_size)
            for info in archive.filelist
        }
    try:
        records = list(_records(content, sizes))
    except _Fault as error:
        return str(error)
    except struct.error:
        return "Malformed zip file"
    local = [
        record.name for record in records if record.signature == LOCAL_FILE
    ]
    central = [record.name for record in records if record.signature == CENTRAL]
    if len(set(local)) < len(local):
        return "Duplicate filename in local headers"
    if len(set(central)) < len(central):
        return "Duplicate filename in central directory"
    if set(central) != set(local):
        return "Mis-matched local headers and central directory"
    if records[-1].end != len(content):
        return "Trailing data"
    return ""


def _records(content: bytes, sizes: Sizes) -> Iterator[_Record]:
    """Yield each record up to the end of the directory."""
    at = 0
    signature = b""
    while signature != END:
        signature = content[at : at + 4]
        record = _record(content, at, sizes)
        yield record
        at = record.end


def _record(content: bytes, at: int, sizes: Sizes) -> _Record:
    signature = content[at : at + 4]
    if signature == LOCAL_FILE:
        return _local_file(content, at, sizes)
    if signature == CENTRAL:
        return _central(content, at)
    if signature == END_64:
        (size,) = struct.unpack("<Q", content[at + 4 : at + 12])
        return _Record(signature, at + 12 + size)
    if signature == LOCATOR_64:
        return _Record(signature, at + 20)
    if signature == END:
        (size,) = struct.unpack("<H", content[at + 20 : at + 22])
        return _Record(signature, at + 22 + size)
    raise _Fault("Unknown record signature")


def _central(content: bytes, at: int) -> _Record:
    size, extra, comment = struct.unpack("<HHH", content[at + 28 : at + 34])
    if comment:
        raise _Fault("Comment in central directory")
    name = content[at + 46 : at + 46 + size]
    return _Record(CENTRAL, at + 46 + size + extra, name)


def _local_file(content: bytes, at: int, sizes: Sizes) -> _Record:
    head = struct.unpack("<xxHxxxxxxxxxxLLHH", content[at + 4 : at + 30])
    flags, packed, full, size, extra = head
    name = content[at + 30 : at + 30 + size]
    try:
        text = name.decode()
    except UnicodeDecodeError as error:
        raise _Fault("Filename not unicode") from error
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise _Fault("Invalid character in filename")
    if flags & HAS_DESCRIPTOR:
        raise _Fault("ZIP contains a data descriptor")
    if text not in sizes:
        raise _Fault("Filename not in central directory")
    if IN_EXTRA not in (packed, full) and (packed, full) != sizes[text]:
        raise _Fault("Mis-matched data size")
    return _Record(LOCAL_FILE, at + 30 + size + extra + sizes[text][0], name)
