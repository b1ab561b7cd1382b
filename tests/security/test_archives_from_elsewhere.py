"""Archives from other machines and registries: nothing is written outside, no bomb goes off.

The attacks come from who can put a file into the dist/ of another machine, onto a registry, or
into the layers of a base image.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import io
import json
import lzma
import os
import stat
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from release_tasks.checks.smoke import rootfs
from release_tasks.errors import ReleaseError
from release_tasks.formats import (
    archives,
    differences,
    oci_layout,
    unpacking,
    wheels,
)
from release_tasks.rules import pypi_files

SECRET = b"outside"
Member = tuple[str, bytes, str]  # name, type of tarfile, link's target


def tar(*members: Member, content: bytes = b"evil") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind, link in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.linkname = link
            info.size = len(content) if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


FILE, LINK, HARD = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
ESCAPES: dict[str, tuple[Member, ...]] = {
    "a path with two dots": (("../out/file", FILE, ""),),
    "two dots in the middle": (("a/../../out/file", FILE, ""),),
    "an absolute path": (("/OUT/file", FILE, ""),),
    "two slashes": (("//OUT/file", FILE, ""),),
    "a link and a member behind it": (
        ("a", LINK, "../out"),
        ("a/file", FILE, ""),
    ),
    "an absolute link": (("a", LINK, "OUT"), ("a/file", FILE, "")),
    "a link to a link": (
        ("a", LINK, "b"),
        ("b", LINK, "../out"),
        ("a/file", FILE, ""),
    ),
    "a link to here and up": (
        ("a", LINK, "."),
        ("a/b", LINK, "../../out"),
        ("b/file", FILE, ""),
    ),
    "a link that is written to": (("a", LINK, "../out/file"), ("a", FILE, "")),
    "a hard link to a file outside": (
        ("a", HARD, "../out/secret"),
        ("a", FILE, ""),
    ),
    "a hard link by its absolute path": (
        ("a", HARD, "OUT/secret"),
        ("a", FILE, ""),
    ),
    "a hard link through a link": (
        ("a", LINK, "../out"),
        ("b", HARD, "a/secret"),
        ("b", FILE, ""),
    ),
    "a fifo": (("a", tarfile.FIFOTYPE, ""),),
    "a character device": (("a", tarfile.CHRTYPE, ""),),
    "a block device": (("a", tarfile.BLKTYPE, ""),),
    "a backslash": (("..\\out\\file", FILE, ""),),
}


def attack(name: str, out: Path) -> bytes:
    members = []
    for member, kind, link in ESCAPES[name]:
        members.append(
            (
                member.replace("OUT", str(out)).replace("//", "/"),
                kind,
                link.replace("OUT", str(out)),
            )
        )
    return tar(*members)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return a folder beside the one that is unpacked into, with a file."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "secret").write_bytes(SECRET)
    return folder


def untouched(out: Path) -> bool:
    names = [path.name for path in out.iterdir()]
    return names == ["secret"] and (out / "secret").read_bytes() == SECRET


@pytest.mark.parametrize("name", ESCAPES)
def test_nothing_of_an_image_layout_leaves_its_folder(
    name: str, out: Path, tmp_path: Path
) -> None:
    path = tmp_path / "app.oci.tar"
    path.write_bytes(attack(name, out))
    with pytest.raises(unpacking.Unreadable):
        unpacking.unpack(path, tmp_path / "in")
    assert untouched(out)
    for made in (tmp_path / "in").rglob("*"):
        assert stat.S_ISDIR(made.lstat().st_mode) or stat.S_ISREG(
            made.lstat().st_mode
        )


@pytest.mark.parametrize("name", ESCAPES)
def test_nothing_of_an_images_layer_leaves_its_folder(
    name: str, out: Path, tmp_path: Path
) -> None:
    root = tmp_path / "in"
    with contextlib.suppress(rootfs.Refused):
        rootfs.unpack([attack(name, out)], root)
    assert untouched(out)
    for made in root.rglob("*"):
        mode = made.lstat().st_mode
        assert stat.S_ISDIR(mode) or stat.S_ISREG(mode) or stat.S_ISLNK(mode)
        assert made.resolve().is_relative_to(root.resolve())


@pytest.mark.parametrize("name", ESCAPES)
def test_a_layer_cannot_leave_through_a_link_of_the_layer_below(
    name: str, out: Path, tmp_path: Path
) -> None:
    first, *rest = ESCAPES[name]
    layers = [attack(name, out)]
    if rest:
        layers = [tar(first), tar(*rest)]
    with contextlib.suppress(rootfs.Refused):
        rootfs.unpack(layers, tmp_path / "in")
    assert untouched(out)


@pytest.mark.parametrize(
    "removed", ["../out/.wh.secret", "../out/.wh..wh..opq"]
)
def test_a_whiteout_removes_nothing_outside(
    removed: str, out: Path, tmp_path: Path
) -> None:
    with pytest.raises(rootfs.Refused):
        rootfs.unpack([tar((removed, FILE, ""))], tmp_path / "in")
    assert untouched(out)


@pytest.mark.parametrize("removed", ["a/.wh.secret", "a/.wh..wh..opq"])
def test_a_whiteout_behind_a_link_removes_nothing_outside(
    removed: str, out: Path, tmp_path: Path
) -> None:
    layers = [tar(("a", LINK, "../out")), tar((removed, FILE, ""))]
    with pytest.raises(rootfs.Refused):
        rootfs.unpack(layers, tmp_path / "in")
    assert untouched(out)


def test_set_id_bits_of_a_layer_are_dropped(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("sh")
        info.mode = 0o6777
        archive.addfile(info)
    rootfs.unpack([out.getvalue()], tmp_path / "in")
    assert stat.S_IMODE((tmp_path / "in" / "sh").stat().st_mode) == 0o755


# --- bombs


def zeros(size: int) -> bytes:
    """Return a tar with one file of zeros, which any format packs to almost nothing."""
    return tar(("zeros", FILE, ""), content=b"\0" * size)


def deflated(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * size)
    return out.getvalue()


def overlapping(copies: int) -> bytes:
    """Return a zip whose directory names one and the same content many times."""
    data = deflated(1 << 20)
    at = data.index(b"PK\x01\x02")
    row = data[at : data.index(b"PK\x05\x06")]
    end = bytearray(data[data.index(b"PK\x05\x06") :])
    end[8:12] = copies.to_bytes(2, "little") * 2
    end[12:16] = (len(row) * copies).to_bytes(4, "little")
    return data[:at] + row * copies + bytes(end)


def sparse(size: int) -> bytes:
    """Return a tar with a sparse file of `size` bytes, of which it has none (pax 1.0)."""
    info = tarfile.TarInfo("zeros")
    content = b"0\n".ljust(512, b"\0")
    info.size = len(content)
    info.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "zeros",
        "GNU.sparse.realsize": str(size),
    }
    out = io.BytesIO()
    with tarfile.open(
        fileobj=out, mode="w", format=tarfile.PAX_FORMAT
    ) as archive:
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


MORE = 2 << 20
BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "tar.gz": ("a.tar.gz", lambda: gzip.compress(zeros(MORE))),
    "two members of gzip": (
        "a.tar.gz",
        lambda: gzip.compress(zeros(MORE // 2)) + gzip.compress(b"\0" * MORE),
    ),
    "tar.xz": ("a.tar.xz", lambda: lzma.compress(zeros(MORE))),
    "tar.zst": (
        "a.tar.zst",
        lambda: archives.pack("a.tar.zst", {"a": (b"\0" * MORE, 0o644)}, 0),
    ),
    "tar.bz2": ("a.tar.bz2", lambda: bz2.compress(zeros(MORE))),
    "crate": ("a.crate", lambda: gzip.compress(zeros(MORE))),
    "chart": ("a.tgz", lambda: gzip.compress(zeros(MORE))),
    "wheel": ("a-1-py3-none-any.whl", lambda: deflated(MORE)),
    "zip": ("a.zip", lambda: deflated(MORE)),
    "overlapping zip": ("a.zip", lambda: overlapping(9)),
    "sparse file": ("a.tar", lambda: sparse(1 << 40)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, make = BOMBS[name]
    monkeypatch.setattr(unpacking, "ALWAYS", 1 << 20)
    monkeypatch.setattr(unpacking, "RATIO", 10)
    data = make()
    with pytest.raises(
        unpacking.Unreadable, match=r"unpacks to more|cannot be unpacked"
    ):
        unpacking.files_in(file, data)
    (tmp_path / file).write_bytes(data)
    assert not archives.is_whole(tmp_path / file) or name == "sparse file"
    assert differences._members(data) == {}


@pytest.mark.parametrize("name", ["tar.gz", "tar.xz", "sparse file"])
def test_a_bomb_in_a_layer_fills_no_disk(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "ALWAYS", 1 << 20)
    monkeypatch.setattr(unpacking, "RATIO", 10)
    with pytest.raises(rootfs.Refused):
        rootfs.unpack([BOMBS[name][1]()], tmp_path / "in")
    used = sum(
        path.stat().st_blocks for path in tmp_path.rglob("*") if path.is_file()
    )
    assert used * 512 <= 1 << 20


def test_a_wheel_of_many_gigabytes_in_its_directory_is_refused() -> None:
    data = bytearray(deflated(100))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (0xFFFFFFF0).to_bytes(4, "little")
    with pytest.raises(unpacking.Unreadable):
        unpacking.files_in("a.whl", bytes(data))


def test_more_members_than_allowed_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unpacking, "MEMBERS", 3)
    many = tar(*((str(number), FILE, "") for number in range(4)))
    with pytest.raises(unpacking.Unreadable, match="members"):
        unpacking.tar_headers(many)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(4):
            archive.writestr(str(number), "")
    with pytest.raises(unpacking.Unreadable, match="members"):
        unpacking.zip_names(out.getvalue())


def test_a_large_honest_archive_is_read() -> None:
    noise = os.urandom(1 << 20)
    data = gzip.compress(tar(("noise", FILE, ""), content=noise))
    assert unpacking.files_in("a.tar.gz", data) == {"noise": noise}


def test_links_that_go_round_in_circles_end() -> None:
    data = tar(("a", LINK, "b"), ("b", LINK, "a"), ("c", HARD, "c"))
    assert unpacking.files_in("a.tar", data) == {}
    assert unpacking.tar_file(data, "a") is None


def encrypted(data: bytes) -> bytes:
    head = b"PK\x01\x02\x14\x03\x14\0"
    return data.replace(head + b"\0", head + b"\x01")


BROKEN = {
    "nothing": b"",
    "zeros": b"\0" * 2048,
    "noise": bytes(range(256)) * 8,
    "a gzip that is cut off": gzip.compress(os.urandom(4096))[:1000],
    "a gzip of noise": gzip.compress(bytes(range(256)) * 99),
    "a zip that is cut off": deflated(9999)[:-30],
    "a zstd of noise": b"\x28\xb5\x2f\xfd" + bytes(range(256)) * 9,
    "an encrypted zip": deflated(99).replace(
        b"PK\x01\x02\x14\x03\x14\0\0", b"PK\x01\x02\x14\x03\x14\0\x01"
    ),
    "an unknown method": deflated(99).replace(b"\x08\0", b"\x63\0"),
    "a negative size": tar(("a", FILE, "")).replace(
        b"00000000004", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    ),
    "a pax header without an end": tar(("x" * 300, FILE, "")).replace(
        b"path=", b"path\n"
    ),
    "a huge pax header": tar(("x" * 300, b"x", "")).replace(
        b"00000000000", b"77777777777"
    ),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("file", ["a.whl", "a.tar.gz", "a.tar", "a-1.tar.gz"])
def test_a_broken_archive_is_our_own_error_and_quick(
    name: str, file: str, tmp_path: Path
) -> None:
    data = BROKEN[name]
    before = time.process_time()
    with contextlib.suppress(ReleaseError):
        unpacking.files_in(file, data)
    (tmp_path / file).write_bytes(data)
    archives.is_whole(tmp_path / file)
    pypi_files.refusals(file, data)
    differences.first(data, data + b"x")
    assert time.process_time() - before < 2


LAYOUTS = {
    "no index": {},
    "an index that is a list": {"index.json": []},
    "an image that is a text": {"index.json": {"manifests": ["x"]}},
    "a digest that is a path": {
        "index.json": {"manifests": [{"digest": "../x"}]}
    },
    "a digest that is a number": {"index.json": {"manifests": [{"digest": 5}]}},
    "no blob": {
        "index.json": {"manifests": [{"digest": "sha256:" + "0" * 64}]}
    },
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_broken_image_layout_is_our_own_error(
    name: str, tmp_path: Path
) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, data in LAYOUTS[name].items():
            content = json.dumps(data).encode()
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    tar_path = tmp_path / "app.oci.tar"
    tar_path.write_bytes(out.getvalue())
    with pytest.raises(ReleaseError):
        oci_layout.manifests(tar_path)


def test_an_image_layout_of_plain_files_is_unpacked(tmp_path: Path) -> None:
    blob = b"{}"
    digest = hashlib.sha256(blob).hexdigest()
    archive = tmp_path / "app.oci.tar"
    entries = {f"blobs/sha256/{digest}": (blob, 0o644)}
    archive.write_bytes(archives.pack("app.tar", entries, 0))
    unpacking.unpack(archive, tmp_path / "in")
    assert (tmp_path / "in/blobs/sha256" / digest).read_bytes() == blob


def test_a_wheel_that_is_a_bomb_is_no_result_of_a_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "ALWAYS", 1 << 20)
    monkeypatch.setattr(unpacking, "RATIO", 10)
    (tmp_path / "a-1-py3-none-any.whl").write_bytes(deflated(MORE))
    with pytest.raises(ReleaseError, match="broken"):
        wheels.only_file(tmp_path, ".whl")
