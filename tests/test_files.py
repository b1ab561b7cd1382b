"""A file is replaced as a whole or not at all; what cannot be written is an error with a fix."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.contexts import context
from support.waiting import wait_until

from release_tasks import files
from release_tasks.errors import ReleaseError

FULL = """
import resource, sys
from collections.abc import Iterator
from pathlib import Path
from release_tasks import files
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    files.write_bytes(Path(sys.argv[1]), b"x" * 5000)
except files.ReleaseError as error:
    print(error.problem)
"""


def test_a_file_that_does_not_fit_is_an_error_and_the_old_one_stays(
    tmp_path: Path,
) -> None:
    path = tmp_path / "wheel"
    path.write_text("old")
    done = subprocess.run(
        [sys.executable, "-c", FULL, path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{path} cannot be written: File too large\n"
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [
        ("wheel", "old")
    ]


def test_no_file_is_replaced_where_one_of_many_cannot_be(
    tmp_path: Path,
) -> None:
    paths = [tmp_path / f"{number:02}" / "version" for number in range(40)]
    files.write_all(context(), dict.fromkeys(paths, "old"))
    (tmp_path / "a file").write_text("")
    with pytest.raises(ReleaseError, match="a file/version cannot be written"):
        files.write_all(
            context(),
            dict.fromkeys([*paths, tmp_path / "a file" / "version"], "new"),
        )
    assert {path.read_text() for path in paths} == {"old"}
    assert [path.name for path in tmp_path.rglob("*.release-tasks")] == []
    files.write_all(context(), dict.fromkeys(paths, "new"))
    assert {path.read_text() for path in paths} == {"new"}


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "dist").write_text("a file")
    with pytest.raises(ReleaseError, match="cannot be written") as raised:
        files.write_bytes(tmp_path / "dist" / "wheel", b"x")
    assert "free some space" in raised.value.fix


def test_a_folder_is_removed_while_a_process_that_is_ending_writes_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    tries: list[Path] = []
    remove = shutil.rmtree

    def write() -> None:
        while len(tries) < 3:
            with contextlib.suppress(OSError):
                (folder / "sub").mkdir(parents=True, exist_ok=True)
                (folder / "sub" / "file").write_text("late")

    writer = threading.Thread(target=write)

    def remove_while_it_writes(path: Path, ignore_errors: bool = False) -> None:
        remove(path, ignore_errors=ignore_errors)
        tries.append(path)
        if len(tries) < 3:
            wait_until(path.exists)
        elif len(tries) == 3:
            writer.join()

    monkeypatch.setattr(shutil, "rmtree", remove_while_it_writes)
    writer.start()
    files.remove(folder)
    assert len(tries) >= 3
    assert not folder.exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)]
    if (
        os.geteuid() != 0
        or subprocess.run(argv, capture_output=True, check=False).returncode
    ):
        pytest.skip("only root can mount a small disk")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_an_error_and_the_old_file_stays(
    small_disk: Path, tmp_path: Path
) -> None:
    (small_disk / "wheel").write_bytes(b"old")
    (tmp_path / "built").write_bytes(bytes(128 << 10))
    with pytest.raises(
        ReleaseError, match="wheel cannot be written: No space left on device"
    ) as raised:
        files.copy(tmp_path / "built", small_disk / "wheel")
    assert raised.value.fix.startswith("free some space on that disk")
    assert [path.name for path in small_disk.iterdir()] == ["wheel"]
    assert (small_disk / "wheel").read_bytes() == b"old"
