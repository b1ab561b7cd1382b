"""The endings of archives: which are written, and which promise what is not written here."""

from __future__ import annotations

ZSTANDARD = (".tar.zst", ".tzst")
PACKED = (
    *(".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2"),
    *ZSTANDARD,
    ".zip",
)
PACMAN = ".pkg.tar.zst"  # of Arch Linux, a package: it has more than files (alpm, PKGINFO)
# Endings that promise a format which is not written here: a bare program must not have them.
_UNPACKED = (
    *(
        ".tar",
        PACMAN,
        ".tar.lz",
        ".tar.lzma",
        ".tar.lz4",
        ".tar.br",
        ".tar.z",
    ),
    *(
        ".gz",
        ".xz",
        ".bz2",
        ".zst",
        ".lz",
        ".lzma",
        ".lz4",
        ".br",
        ".z",
        ".tbz",
        ".tlz",
    ),
    *(".7z", ".rar", ".cab", ".cpio", ".ar", ".jar", ".whl", ".crate", ".iso"),
    *(
        ".deb",
        ".rpm",
        ".apk",
        ".msi",
        ".msix",
        ".dmg",
        ".pkg",
        ".snap",
        ".flatpak",
    ),
)


def is_archive(name: str) -> bool:
    """Return whether a file's name is that of an archive, and not of a bare program."""
    return name.lower().endswith(PACKED) and not name.lower().endswith(PACMAN)


def unpacked_ending(name: str) -> str:
    """Return the ending of a name that promises a format which is not written here, else ""."""
    if is_archive(name):
        return ""
    endings = [ending for ending in _UNPACKED if name.lower().endswith(ending)]
    return max(endings, key=len, default="")


def stem(name: str) -> str:
    """Return a file's name without the ending of an archive."""
    for ending in PACKED:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name
