"""Where two builds of one file first differ: in which file or layer inside, and at which byte."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from release_tasks.formats import oci_layout, unpacking

LARGEST = 256 << 20  # bytes; a larger file is not read into memory for a hint
_SHOWN = 16  # bytes


class Member(NamedTuple):
    """A file in an archive."""

    attributes: tuple[str, ...]  # `mode 644`, `time 1700000000` and the like
    content: bytes


def between(ours: Path | None, other: Path | None) -> str:
    """Return a clause on the first difference of two files: `, first at hello: byte 312: ...`.

    It is "" where there is none, or where a file is missing or too large.
    """
    if ours is None or other is None or not _are_comparable(ours, other):
        return ""
    if ours.name.endswith(".oci.tar"):
        where = _first_member(_image(ours), _image(other))
    else:
        where = first(ours.read_bytes(), other.read_bytes())
    if not where:
        return ""
    return f", first at {where}"


def first(ours: bytes, other: bytes) -> str:
    """Return where two contents first differ, "" where they are equal."""
    if ours == other:
        return ""
    our_members = _members(ours)
    other_members = _members(other)
    if our_members and other_members:
        where = _first_member(our_members, other_members)
        if where:
            return where
    at = _first_byte(ours, other)
    return f"byte {at}: {ours[at : at + _SHOWN]!r}, not {other[at : at + _SHOWN]!r}"


def _are_comparable(ours: Path, other: Path) -> bool:
    if not ours.is_file() or not other.is_file():
        return False
    return max(ours.stat().st_size, other.stat().st_size) <= LARGEST


def _first_byte(ours: bytes, other: bytes) -> int:
    for at, (left, right) in enumerate(zip(ours, other, strict=False)):
        if left != right:
            return at
    return min(len(ours), len(other))


def _first_member(ours: dict[str, Member], others: dict[str, Member]) -> str:
    for name in ours | others:
        if name not in others:
            return f"{name}, which only the first has"
        if name not in ours:
            return f"{name}, which only the second has"
        where = first(ours[name].content, others[name].content)
        if where:
            return f"{name}: {where}"
        attributes = zip(
            ours[name].attributes, others[name].attributes, strict=False
        )
        for our_value, other_value in attributes:
            if our_value != other_value:
                return f"{name}: {our_value}, not {other_value}"
    return ""


def _members(data: bytes) -> dict[str, Member]:
    """Return what is in an archive, in its order; nothing for any other content."""
    try:
        if data.startswith(b"PK"):
            return _zip_members(data)
        return _tar_members(data)
    except unpacking.Unreadable:
        return {}


def _zip_members(data: bytes) -> dict[str, Member]:
    found: dict[str, Member] = {}
    for info, content in unpacking.zip_files(data):
        attributes = (
            f"mode {info.external_attr >> 16:o}",
            f"time {info.date_time}",
        )
        found[info.filename] = Member(attributes, content)
    return found


def _tar_members(data: bytes) -> dict[str, Member]:
    found: dict[str, Member] = {}
    for info, content in unpacking.tar_files(data):
        attributes = (
            f"mode {info.mode:o}",
            f"time {info.mtime}",
            f"owner {info.uid}:{info.gid}",
            f"link {info.linkname!r}",
        )
        found[info.name] = Member(attributes, content)
    return found


def _image(tar: Path) -> dict[str, Member]:
    """Return the layers and the configuration of each platform, which an OCI tar has by digest."""
    found: dict[str, Member] = {}
    for platform, manifest in oci_layout.manifests(tar).items():
        for number, layer in enumerate(manifest["layers"], 1):
            content = oci_layout.blob(tar, layer["digest"])
            found[f"layer {number} of {platform}"] = Member((), content)
        content = oci_layout.blob(tar, manifest["config"]["digest"])
        found[f"configuration of {platform}"] = Member((), content)
    return found
