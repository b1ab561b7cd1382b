"""Go: the machine's own compiler where it will do, else one that is downloaded and compared."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from release_tasks import endpoints, shell
from release_tasks.errors import ReleaseError
from release_tasks.formats import machines
from release_tasks.tools import go

MACHINE = getattr(machines.this_machine(), "oci", "")
NAME = f"v0.0.1-go{go.VERSION}.linux-{MACHINE}"


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module proxy with one toolchain, and a PATH without Go; give the toolchain's zip."""
    packed = tmp_path / "proxy/golang.org/toolchain/@v" / f"{NAME}.zip"
    packed.parent.mkdir(parents=True)
    with zipfile.ZipFile(packed, "w") as out:
        out.writestr(
            f"golang.org/toolchain@{NAME}/bin/go",
            "#!/bin/sh\necho go version go9.9 test\n",
        )
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0),
        partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "proxy")),
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(
        endpoints, "GO_PROXY", f"http://127.0.0.1:{server.server_port}"
    )
    monkeypatch.setattr(
        go,
        "SHA256",
        {MACHINE: hashlib.sha256(packed.read_bytes()).hexdigest()},
    )
    monkeypatch.setenv("PATH", "/nowhere")
    yield packed
    server.shutdown()
    server.server_close()


def test_without_go_a_toolchain_is_downloaded_once(
    served: Path, tmp_path: Path
) -> None:
    first = go.compiler(tmp_path / "cache")
    served.unlink()
    assert go.compiler(tmp_path / "cache") == first
    assert "go9.9" in shell.ask([first, "version"])
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [
        f"go-{go.VERSION}"
    ]


def test_a_toolchain_with_other_bytes_is_refused(
    served: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(served, "a") as out:
        out.writestr("more", "bytes")
    with pytest.raises(ReleaseError, match="another sha256"):
        go.compiler(tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.parametrize(
    ("said", "is_used"),
    [("go1.19.8", False), ("go1.21.0", True), ("go1.26.8", True)],
)
def test_an_old_go_of_the_machine_is_passed_over(
    served: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    is_used: bool,
) -> None:
    own = tmp_path / "bin/go"
    own.parent.mkdir()
    own.write_text(f"#!/bin/sh\necho go version {said} linux/amd64\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(own.parent))
    assert (go.compiler(tmp_path / "cache") == str(own)) is is_used
