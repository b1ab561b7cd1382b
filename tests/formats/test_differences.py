"""The first difference of two builds: in which file or layer, and at which byte."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from support.published_project import Layout, layer

from release_tasks.formats import archives, differences

ENTRIES: dict[str, archives.Entry] = {
    "LICENSE": (b"do", 0o644),
    "tiny": (b"\x7fELF" + bytes(400), 0o755),
}


def packed(name: str, epoch: int = 1767323045, **other: bytes) -> bytes:
    more = {
        path: (data, ENTRIES.get(path, (b"", 0o644))[1])
        for path, data in other.items()
    }
    return archives.pack(name, ENTRIES | more, epoch)


@pytest.mark.parametrize("name", ["tiny.tar.gz", "tiny.zip", "tiny.tar"])
def test_the_file_and_the_byte_are_reported(name: str) -> None:
    assert differences.first(packed(name), packed(name)) == ""
    other = packed(name, tiny=b"\x7fELF" + bytes(311) + b"/home/me" + bytes(81))
    assert (
        differences.first(packed(name), other)
        == rf"tiny: byte 315: {bytes(16)!r}, not {b'/home/me' + bytes(8)!r}"
    )
    assert (
        differences.first(packed(name), packed(name, extra=b""))
        == "extra, which only the second has"
    )
    assert (
        differences.first(packed(name, extra=b""), packed(name))
        == "extra, which only the first has"
    )


def test_a_difference_in_the_packing_alone_is_reported() -> None:
    assert (
        differences.first(packed("a.tar.gz"), packed("a.tar.gz", 1767323046))
        == "LICENSE: time 1767323045, not time 1767323046"
    )
    assert (
        differences.first(packed("a.zip"), packed("a.zip", 1767323047))
        == "LICENSE: time (2026, 1, 2, 3, 4, 4), not time (2026, 1, 2, 3, 4, 6)"
    )
    inner = [packed("in.tar.gz", epoch) for epoch in (1, 2)]
    assert (
        differences.first(*(packed("a.zip", tiny=one) for one in inner))
        == "tiny: LICENSE: time 1, not time 2"
    )
    tar = packed("a.tar")
    assert differences.first(
        gzip.compress(tar, 1, mtime=0), gzip.compress(tar, 1, mtime=1)
    ).startswith("byte 4: ")


def test_links_and_other_files_than_archives_are_compared() -> None:
    one, two = (
        layer(("bin", target), ("hello", b"x"))
        for target in ("usr/bin", "/nowhere")
    )
    assert (
        differences.first(one, two)
        == "bin: link 'usr/bin', not link '/nowhere'"
    )
    assert differences.first(b"", b"x") == "byte 0: b'', not b'x'"
    assert (
        differences.first(b"PK\3\4 cut", b"PK\3\4 cat")
        == "byte 6: b'ut', not b'at'"
    )
    assert differences.first(
        packed("a.tar.gz")[:90], packed("a.tar.gz")[:80]
    ).startswith("byte 80: ")


def image(folder: Path, *layers: bytes, **config: object) -> Path:
    layout = Layout(folder)
    layout.write(
        *(
            layout.image(name, list(layers), **config)
            for name in ("amd64", "arm64")
        )
    )
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for one in sorted(path for path in folder.rglob("*") if path.is_file()):
            tar.add(one, one.relative_to(folder).as_posix())
    path = folder.with_suffix(".oci.tar")
    path.write_bytes(out.getvalue())
    return path


def test_the_layer_of_an_image_is_reported_and_not_its_digest(
    tmp_path: Path,
) -> None:
    first = image(
        tmp_path / "one",
        layer(("base", b"b")),
        layer(("hello", b"program 1")),
        Cmd=["/hello"],
    )
    program = image(
        tmp_path / "two",
        layer(("base", b"b")),
        layer(("hello", b"program 2")),
        Cmd=["/hello"],
    )
    config = image(
        tmp_path / "three",
        layer(("base", b"b")),
        layer(("hello", b"program 1")),
        Cmd=["/hallo"],
    )
    shorter = image(tmp_path / "four", layer(("base", b"b")), Cmd=["/hello"])
    assert (
        differences.between(first, program)
        == ", first at layer 2 of linux/amd64: hello: byte 8: b'1', not b'2'"
    )
    assert differences.between(first, config).startswith(
        ", first at configuration of linux/amd64: byte "
    )
    assert (
        differences.between(first, shorter)
        == ", first at layer 2 of linux/amd64, which only the first has"
    )
    assert differences.between(first, first) == ""


def test_a_missing_or_too_large_file_is_not_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"one")
    assert differences.between(one, two) == differences.between(one, None) == ""
    two.write_bytes(b"two")
    assert (
        differences.between(one, two) == ", first at byte 0: b'one', not b'two'"
    )
    monkeypatch.setattr(differences, "LARGEST", 2)
    assert differences.between(one, two) == ""


def test_an_encrypted_or_unknown_zip_is_compared_by_its_bytes() -> None:
    def zipped(data: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(zipfile.ZipInfo("a"), data)
        return out.getvalue()

    broken = bytearray(zipped(b"hello"))
    at = broken.index(b"PK\1\2") + 10
    broken[at] = 99  # an unknown compression method
    assert differences.first(bytes(broken), zipped(b"hello")).startswith(
        f"byte {at}: "
    )
