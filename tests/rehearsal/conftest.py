"""Local registries for each test, and a small workspace to release into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.package_clients import Chain, Client, Serving, write_crate

from release_tasks.rehearsal.registries import LocalRegistries, run_registries
from release_tasks.rehearsal.server import Servers
from release_tasks.rehearsal.web import App


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture
def registries(tmp_path: Path) -> Iterator[LocalRegistries]:
    """All local registries, offline."""
    with run_registries(
        tmp_path / "registries", offline=True, cache=tmp_path / "downloads"
    ) as started:
        yield started


@pytest.fixture
def reading(tmp_path: Path, downloads: Path) -> Iterator[LocalRegistries]:
    """All local registries; third-party packages are read from the real registries."""
    with run_registries(tmp_path / "reading", cache=downloads) as started:
        yield started


@pytest.fixture
def client(registries: LocalRegistries, tmp_path: Path) -> Client:
    folder = tmp_path / "work"
    folder.mkdir()
    return Client(registries, folder)


@pytest.fixture
def reader(reading: LocalRegistries, tmp_path: Path) -> Client:
    """A client that may need third-party packages."""
    return Client(reading, tmp_path)


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    root, names = (
        tmp_path / "chain",
        ("rehearsed-alpha", "rehearsed-beta", "rehearsed-gamma"),
    )
    before = ""
    root.mkdir()
    (root / "Cargo.toml").write_text(
        '[workspace]\nmembers = ["*"]\nexclude = ["target"]\nresolver = "2"\n'
    )
    for name in names:
        write_crate(root / name, name, needs=before)
        before = name
    (root / names[2] / "src" / "lib.rs").unlink()
    (root / names[2] / "src" / "main.rs").write_text(
        'fn main() { println!("{} {}", rehearsed_beta::WHO, env!("CARGO_PKG_VERSION")); }\n'
    )
    return Chain(root, names)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """Serve one local registry on loopback and return its address."""
    started: list[Servers] = []

    def start(app: App) -> str:
        folder = tmp_path / f"ca{len(started)}"
        folder.mkdir()
        servers = Servers([app], folder).__enter__()
        started.append(servers)
        return servers.urls[app.name]

    yield start
    for servers in started:
        servers.__exit__()
