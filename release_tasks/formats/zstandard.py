"""Zstandard (RFC 8878), which Python has since 3.14, and `backports.zstd` before."""

from __future__ import annotations

import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import IO

MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878, 3.1.1
LEVEL = 19  # the highest that needs no more memory to unpack than usual (zstd(1))


def compressing(out: IO[bytes]) -> IO[bytes]:
    """Return a file that compresses into `out`, with a checksum as zstd(1) writes it."""
    zstd = _library()
    parameter = zstd.CompressionParameter
    options = {parameter.compression_level: LEVEL, parameter.checksum_flag: 1}
    file: IO[bytes] = zstd.ZstdFile(out, "wb", options=options)
    return file


@contextmanager
def tar(file: IO[bytes]) -> Iterator[tarfile.TarFile]:
    """Open a tar that is plain, or compressed in a way that Python or this module knows.

    Raises `tarfile.TarError` or `EOFError` for a broken one.
    """
    magic = file.read(len(MAGIC))
    file.seek(0)
    if magic != MAGIC:
        with tarfile.open(fileobj=file) as archive:
            yield archive
        return
    zstd = _library()
    try:
        with zstd.ZstdFile(file) as plain, tarfile.open(fileobj=plain) as archive:
            yield archive
    except zstd.ZstdError as error:
        raise tarfile.ReadError(str(error)) from error


def _library() -> ModuleType:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd
