"""Archives: the same bytes whenever they are made, and none that was cut off."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from release_tasks.formats import archive_names, archives, unpacking


@pytest.mark.parametrize(
    "name", [f"a{ending}" for ending in archive_names.PACKED]
)
def test_an_archive_has_the_same_bytes_whenever_it_is_made(
    name: str, tmp_path: Path
) -> None:
    made = []
    for when in (1, 1_000_000_000):
        program = tmp_path / f"{when}"
        program.write_bytes(b"program")
        os.utime(program, (when, when))
        made.append(
            archives.pack(
                name,
                {
                    "hello": (program.read_bytes(), archives.PROGRAM),
                    "README": (program.read_bytes(), archives.TEXT),
                },
                1_700_000_000,
            )
        )
    assert made[0] == made[1]
    (tmp_path / name).write_bytes(made[0])
    assert archives.is_whole(tmp_path / name)
    assert unpacking.files_in(name, made[0]) == {
        "hello": b"program",
        "README": b"program",
    }
    # shutil knows these since Python 3.14
    if name.endswith(archive_names.ZSTANDARD):
        return
    shutil.unpack_archive(tmp_path / name, tmp_path / "out")
    assert (tmp_path / "out" / "hello").read_bytes() == b"program"


@pytest.mark.parametrize("ending", archive_names.PACKED)
def test_an_archive_that_was_cut_off_is_not_whole(
    ending: str, tmp_path: Path
) -> None:
    whole = archives.pack(
        f"a{ending}", {"a": (bytes(range(256)) * 99, 0o644)}, 1
    )
    path = tmp_path / f"a{ending}"
    path.write_bytes(whole[: len(whole) // 2])
    assert not archives.is_whole(path)


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("tool-1.0.tar.gz", ""),
        ("tool-1.0.TAR.XZ", ""),
        ("tool-1.0-linux-amd64", ""),
        ("tool-1.0.exe", ""),
        ("tool.AppImage", ""),
        ("tool-1.0.tar.zst", ""),
        ("tool-1.0.Tar.Zst", ""),
        ("tool-1.0-1-x86_64.pkg.tar.zst", ".pkg.tar.zst"),
        ("tool-1.0.tar.lz4", ".tar.lz4"),
        ("tool-1.0.zst", ".zst"),
        ("tool-1.0.gz", ".gz"),
        ("tool-1.0.7z", ".7z"),
        ("tool-1.0.tar", ".tar"),
        ("tool_1.0_amd64.deb", ".deb"),
        ("tool-1.0.msi", ".msi"),
    ],
)
def test_an_ending_of_a_format_that_is_not_written_is_known(
    name: str, ending: str
) -> None:
    assert archive_names.unpacked_ending(name) == ending
    is_packed = name.lower().endswith(archive_names.PACKED)
    assert archive_names.is_archive(name) == (is_packed and not ending)
