"""The layers of an image are laid over each other in a folder, and nothing gets out of it."""

from __future__ import annotations

import io
import os
import posixpath
import tarfile
from collections.abc import Iterable
from copy import copy
from pathlib import Path

from release_tasks import files
from release_tasks.formats.archives import TRUSTED

GONE, EMPTIED = ".wh.", ".wh..wh..opq"  # whiteouts (OCI image specification, layer.md)


class Refused(Exception):
    """A layer is in a form that cannot be unpacked here, or leads out of its folder."""


def unpack(layers: Iterable[bytes], root: Path) -> None:
    """Unpack the layers of an image, lowest first, into the new folder `root`; raise `Refused`."""
    root.mkdir()
    root.chmod(0o755)
    for layer in layers:
        try:
            with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
                members = archive.getmembers()
                for member in members:
                    _white_out(root, member.name)
                for member in members:
                    _extract(archive, root, member)
        except (tarfile.TarError, OSError) as error:
            raise Refused(f"a layer cannot be unpacked: {error}") from error


def _white_out(root: Path, name: str) -> None:
    """Remove what a whiteout takes away of the layers below."""
    place, base = inside(root, posixpath.dirname(name)), posixpath.basename(name)
    if base == EMPTIED and place.is_dir():
        for path in place.iterdir():
            files.remove(path)
    elif base.startswith(GONE) and base != EMPTIED and base[len(GONE) :] not in ("", ".", ".."):
        files.remove(place / base[len(GONE) :])


def _extract(archive: tarfile.TarFile, root: Path, member: tarfile.TarInfo) -> None:
    if posixpath.basename(member.name).startswith(GONE) or not (
        member.isfile() or member.isdir() or member.issym() or member.islnk()
    ):
        return  # a chroot has no use for devices and pipes
    target = inside(root, posixpath.dirname(member.name)) / posixpath.basename(member.name)
    if not member.isdir() and target != root and os.path.lexists(target):
        files.remove(target)  # or tarfile would write through a link of the layer below
    archive.extract(_safe(root, member), root, **TRUSTED)


def _safe(root: Path, member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Let an absolute link point to the same file from inside and outside, and none lead out; drop set-id bits."""
    safe, folder = copy(member), posixpath.dirname(posixpath.normpath("/" + member.name))
    safe.name = member.name.lstrip("/")
    safe.mode = 0o755 if member.isdir() else member.mode & 0o755 | 0o600
    if member.issym() and member.linkname.startswith("/"):
        safe.linkname = posixpath.relpath(member.linkname, folder)
    if member.issym() or member.islnk():
        inside(root, posixpath.join(folder if member.issym() else "/", safe.linkname))
    return safe


def inside(root: Path, name: str) -> Path:
    """Return where a path of an image is in its folder, links followed; raise `Refused` where that is outside."""
    place = (root / name.lstrip("/")).resolve()
    if not place.is_relative_to(root.resolve()):
        raise Refused(f"{name} leads out of the image")
    return place
