"""A file is downloaded once, resumed where it was cut, and has the expected bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.file_server import FileServer

from release_tasks.building import downloads
from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.server import Servers

MODEL = bytes(range(256)) * 10


@pytest.fixture
def file_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[FileServer, str]]:
    monkeypatch.setattr(downloads, "PIECE", 1000)
    app = FileServer(files={"model.gguf": MODEL, "empty": b""})
    with Servers([app], tmp_path) as servers:
        yield app, f"{servers.urls['files']}/model.gguf"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_file_comes_in_pieces_and_only_once(
    file_server: tuple[FileServer, str], tmp_path: Path
) -> None:
    app, url = file_server
    path = tmp_path / "kept" / "model"
    assert downloads.fetch(url, sha256(MODEL), path) == path
    assert path.read_bytes() == MODEL
    assert app.sent == [1000, 1000, 560]
    downloads.fetch(url, sha256(MODEL), path)
    assert len(app.sent) == 3


def test_what_was_cut_goes_on_where_it_stopped(
    file_server: tuple[FileServer, str], tmp_path: Path
) -> None:
    app, url = file_server
    path = tmp_path / "model"
    path.with_name("model.part").write_bytes(MODEL[:1500])
    downloads.fetch(url, sha256(MODEL), path)
    assert path.read_bytes() == MODEL
    assert app.sent == [1000, 60]
    assert [one.name for one in tmp_path.glob("model*")] == ["model"]


def test_a_piece_that_fails_is_asked_for_again_and_what_came_before_is_kept(
    file_server: tuple[FileServer, str], tmp_path: Path
) -> None:
    app, url = file_server
    path = tmp_path / "model"
    app.broken = 2
    downloads.fetch(url, sha256(MODEL), path)
    assert path.read_bytes() == MODEL
    path.unlink()
    path.with_name("model.part").write_bytes(MODEL[:1000])
    app.broken = 99
    with pytest.raises(ReleaseError, match="answered 403"):
        downloads.fetch(url, sha256(MODEL), path)
    assert path.with_name("model.part").read_bytes() == MODEL[:1000]


def test_other_bytes_are_refused_and_removed(
    file_server: tuple[FileServer, str], tmp_path: Path
) -> None:
    _, url = file_server
    with pytest.raises(
        ReleaseError, match=f"has the sha256 {sha256(MODEL)}, expected 0000"
    ) as reported:
        downloads.fetch(url, "0" * 64, tmp_path / "model")
    assert reported.value.fix
    assert list(tmp_path.glob("model*")) == []


@pytest.mark.parametrize("ranges", [True, False])
def test_servers_without_ranges_and_empty_files_are_fine(
    file_server: tuple[FileServer, str], tmp_path: Path, ranges: bool
) -> None:
    app, url = file_server
    app.ranges = ranges
    assert (
        downloads.fetch(url, sha256(MODEL), tmp_path / "model").read_bytes()
        == MODEL
    )
    assert (
        downloads.fetch(
            url.replace("model.gguf", "empty"), sha256(b""), tmp_path / "none"
        ).read_bytes()
        == b""
    )
