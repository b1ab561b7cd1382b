"""Where two builds of one file differ first: in which file or layer inside, and at which byte."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from pathlib import Path

from release_tasks.formats import oci_layout

LARGEST = 256 << 20  # bytes; what is larger is not read into memory for a hint
Inside = dict[
    str, tuple[tuple[str, ...], bytes]
]  # by name: mode, time and the like, and the content


def between(one: Path | None, other: Path | None) -> str:
    """Return what to say after that two files differ: `, first at hello: byte 312: ...`, or "" where that is unknown."""
    if (
        not (one and other and one.is_file() and other.is_file())
        or max(one.stat().st_size, other.stat().st_size) > LARGEST
    ):
        return ""
    where = (
        _compare(_image(one), _image(other))
        if one.name.endswith(".oci.tar")
        else first(one.read_bytes(), other.read_bytes())
    )
    return where and f", first at {where}"


def first(one: bytes, other: bytes) -> str:
    """Return where two contents differ first, "" where they are equal."""
    if one == other:
        return ""
    ours, theirs = _inside(one), _inside(other)
    if ours and theirs and (where := _compare(ours, theirs)):
        return where
    at = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    return f"byte {at}: {one[at : at + 16]!r}, not {other[at : at + 16]!r}"


def _compare(ours: Inside, theirs: Inside) -> str:
    for name in {**ours, **theirs}:
        if name not in ours or name not in theirs:
            return f"{name}, which only the {'first' if name in ours else 'second'} has"
        (about, data), (other_about, other_data) = ours[name], theirs[name]
        if where := first(data, other_data):
            return f"{name}: {where}"
        if about != other_about:
            return f"{name}: " + next(
                f"{one}, not {other}"
                for one, other in zip(about, other_about, strict=True)
                if one != other
            )
    return ""


def _inside(data: bytes) -> Inside:
    """Return what is in an archive, in its order; nothing for any other content."""
    try:
        if data.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(data)) as packed:
                return {
                    one.filename: (
                        (f"mode {one.external_attr >> 16:o}", f"time {one.date_time}"),
                        packed.read(one),
                    )
                    for one in packed.infolist()
                }
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            about = {
                one.name: (
                    f"mode {one.mode:o}",
                    f"time {one.mtime}",
                    f"owner {one.uid}:{one.gid}",
                    f"link {one.linkname!r}",
                )
                for one in archive
            }
            return {
                one.name: (
                    about[one.name],
                    file.read() if one.isfile() and (file := archive.extractfile(one)) else b"",
                )
                for one in archive
            }
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        EOFError,
        OSError,
        RuntimeError,
        zlib.error,
    ):  # RuntimeError: encrypted, or an unknown method
        return {}


def _image(tar: Path) -> Inside:
    """Return the layers and the configuration of each platform, which an OCI tar names by their digests."""
    found: Inside = {}
    for platform, manifest in oci_layout.manifests(tar).items():
        rows = {f"layer {n} of {platform}": row for n, row in enumerate(manifest["layers"], 1)}
        rows[f"configuration of {platform}"] = manifest["config"]
        found |= {name: ((), oci_layout.blob(tar, row["digest"])) for name, row in rows.items()}
    return found
