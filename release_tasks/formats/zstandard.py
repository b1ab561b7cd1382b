"""Zstandard (RFC 8878), which Python has since 3.14, and `backports.zstd` before."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import IO, Any

MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878, 3.1.1
# the highest that needs no more memory to unpack than usual (zstd(1))
LEVEL = 19


def compressing(out: IO[bytes]) -> IO[bytes]:
    """Return a file that compresses into `out`, with a checksum as zstd(1) writes it."""
    zstd = _library()
    parameter = zstd.CompressionParameter
    options = {parameter.compression_level: LEVEL, parameter.checksum_flag: 1}
    file: IO[bytes] = zstd.ZstdFile(out, "wb", options=options)
    return file


def decompressing(file: Any) -> IO[bytes]:
    """Return a file with what is compressed in `file`; see `faults` for what reading raises."""
    plain: IO[bytes] = _library().ZstdFile(file)
    return plain


def faults() -> tuple[type[Exception], ...]:
    """Return what is raised for broken data; nothing where no library could have raised it."""
    try:
        return (_library().ZstdError,)
    except ImportError:
        return ()


def _library() -> ModuleType:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd
