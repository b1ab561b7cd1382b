"""The layers of an image, unpacked over each other into a folder that nothing can leave."""

from __future__ import annotations

import os
import posixpath
import tarfile
from collections.abc import Iterable
from copy import copy
from pathlib import Path
from typing import Any

from release_tasks import files
from release_tasks.formats import unpacking

# names of files that remove a path, or all of a folder (OCI image specification, layer.md)
WHITEOUT, OPAQUE_WHITEOUT = ".wh.", ".wh..wh..opq"

# Python before 3.11.4 has no filters; `_safe` has changed what they would
_TRUSTED: dict[str, Any] = {}
if hasattr(tarfile, "data_filter"):
    _TRUSTED = {"filter": "fully_trusted"}


class Refused(Exception):
    """A layer cannot be unpacked here, or has a path that leads out of its folder."""


def unpack(layers: Iterable[bytes], root: Path) -> None:
    """Unpack the layers of an image, lowest first, into the new folder `root`.

    Raises:
        Refused: for a layer that is not a tar, or that leads out of the folder.
    """
    root.mkdir()
    root.chmod(0o755)
    for layer in layers:
        try:
            _unpack_layer(layer, root)
        except unpacking.Unreadable as error:
            raise Refused(
                f"a layer cannot be unpacked: {error.problem}"
            ) from error


def _unpack_layer(layer: bytes, root: Path) -> None:
    with unpacking.reading(layer), unpacking.open_tar(layer) as archive:
        members = list(unpacking.members(archive))
        if sum(member.size for member in members) > unpacking.limit(len(layer)):
            raise Refused(f"a layer of {len(layer)} bytes would fill the disk")
        for member in members:
            _apply_whiteout(root, member.name)
        for member in members:
            _extract(archive, root, member)


def inside(root: Path, name: str) -> Path:
    """Return where a path of an image is in its folder, links followed.

    Raises:
        Refused: for a path outside of the folder.
    """
    place = (root / name.lstrip("/")).resolve()
    if not place.is_relative_to(root.resolve()):
        raise Refused(f"{name} leads out of the image")
    return place


def _apply_whiteout(root: Path, name: str) -> None:
    """Remove what a whiteout removes from the layers below."""
    folder = inside(root, posixpath.dirname(name))
    base = posixpath.basename(name)
    if base == OPAQUE_WHITEOUT:
        if folder.is_dir():
            for path in folder.iterdir():
                files.remove(path)
    elif base.startswith(WHITEOUT):
        removed = base.removeprefix(WHITEOUT)
        if removed not in ("", ".", ".."):
            files.remove(folder / removed)


def _extract(
    archive: tarfile.TarFile, root: Path, member: tarfile.TarInfo
) -> None:
    base = posixpath.basename(member.name)
    is_supported = (
        member.isfile() or member.isdir() or member.issym() or member.islnk()
    )
    if base.startswith(WHITEOUT) or not is_supported:
        return  # a chroot needs no devices and pipes
    target = inside(root, posixpath.dirname(member.name)) / base
    if not member.isdir() and target != root and os.path.lexists(target):
        # or tarfile would write through a link of the layer below
        files.remove(target)
    archive.extract(_safe(root, member), root, **_TRUSTED)


def _safe(root: Path, member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return a member whose links stay inside of the folder, without set-id bits.

    An absolute link becomes a relative one, which is the same from inside and outside.
    """
    safe = copy(member)
    safe.name = member.name.lstrip("/")
    safe.mode = member.mode & 0o755 | 0o600
    if member.isdir():
        safe.mode = 0o755
    if member.islnk():
        inside(root, safe.linkname)
    if member.issym():
        folder = posixpath.dirname(posixpath.normpath("/" + member.name))
        if member.linkname.startswith("/"):
            safe.linkname = posixpath.relpath(member.linkname, folder)
        inside(root, posixpath.join(folder, safe.linkname))
    return safe
