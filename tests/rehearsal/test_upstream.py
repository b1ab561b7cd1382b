"""What local registries read from the real ones, and how large it may be."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from release_tasks import http
from release_tasks.rehearsal.upstream import Unreachable, Upstream

SIZE = 3000  # bytes


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Serve a file of SIZE bytes."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "file").write_bytes(b"x" * SIZE)
    handler = functools.partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/file"
        server.shutdown()


def test_a_file_may_be_larger_than_a_page(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MOST", SIZE - 1)
    upstream = Upstream(tmp_path / "cache", offline=False)
    found = upstream.file(address, "key")
    assert found is not None
    assert found.stat().st_size == SIZE
    with pytest.raises(Unreachable):
        upstream.page(address, "name")
