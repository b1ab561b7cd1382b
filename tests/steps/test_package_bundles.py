"""Bundles have a program, a downloaded file with its notice, and the project's license."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.contexts import context
from support.file_server import FileServer
from support.python_projects import HOST, PROGRAM
from support.tiny_project import TinyProject, tiny_project

from release_tasks import dist
from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.server import Servers
from release_tasks.steps.build_binaries import build_binaries
from release_tasks.steps.check_artifacts import check_artifacts
from release_tasks.steps.package_bundles import package_bundles

pytestmark = pytest.mark.tools("cargo", "git", "gh")
BUNDLE = "tiny-0.2.0-linux-with-small.tar.gz"
SETTINGS = f"""[build]
[binaries.tiny]
{HOST} = "tiny-{{version}}-linux"
[bundles."{{asset}}-with-{{variant}}.tar.gz"]
"""


@pytest.fixture
def file_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FileServer]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    app = FileServer(
        files={"small.gguf": b"weights" * 999, "large.gguf": b"more weights"}
    )
    with Servers([app], tmp_path) as servers:
        app.name = servers.urls["files"]
        yield app


@pytest.fixture
def tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_server: FileServer
) -> Iterator[TinyProject]:
    rows = "".join(
        f'{name} = {{ url = "{file_server.name}/models/{name}.gguf?download=true", '
        f'sha256 = "{hashlib.sha256(file_server.files[f"{name}.gguf"]).hexdigest()}",'
        f' license = "Apache-2.0" }}\n'
        for name in ("small", "large")
    )
    files = PROGRAM | {
        "release-tasks.toml": SETTINGS
        + rows
        + '[github]\nassets = ["binaries", "sha256", "bundles"]\n'
    }
    with tiny_project(tmp_path / "place", monkeypatch, files) as made:
        made.tag("v0.2.0")
        yield made


def rows(tool: TinyProject) -> dict[str, dist.Built]:
    return {
        row.name: row
        for row in dist.of_kind(tool.release().parts[0], "bundle", "sha256")
    }


@pytest.mark.statement("B4.24", "B4.25", "B4.26")
def test_each_program_is_packed_with_each_variant_and_checksums(
    tool: TinyProject, file_server: FileServer
) -> None:
    build_binaries(context())
    package_bundles(context())
    folder = tool.root / "dist" / "v0.2.0"
    large = BUNDLE.replace("small", "large")
    assert set(rows(tool)) == {
        f"{name}{end}" for name in (BUNDLE, large) for end in ("", ".sha256")
    } | {"tiny-0.2.0-linux.sha256"}
    subprocess.run(
        ["sha256sum", "--check", "--strict", f"{BUNDLE}.sha256"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    with tarfile.open(folder / BUNDLE) as archive:
        inside = {one.name: one for one in archive.getmembers()}
        assert set(inside) == {
            "tiny",
            "small.gguf",
            "THIRD_PARTY_NOTICES",
            "LICENSE",
            "README.md",
        }
        assert inside["tiny"].mode == 0o755
        notice = archive.extractfile("THIRD_PARTY_NOTICES")
        assert notice is not None
        assert (
            notice.read()
            .decode()
            .startswith("small.gguf (small)\nlicense: Apache-2.0\nfrom: http")
        )
        model = archive.extractfile("small.gguf")
        assert model is not None
        assert model.read() == file_server.files["small.gguf"]


@pytest.mark.statement("B4.22", "B4.27")
def test_bundles_need_a_sign_off_and_it_is_recorded(
    tool: TinyProject,
    file_server: FileServer,
    capfd: pytest.CaptureFixture[str],
) -> None:
    settings = (
        tool.root / "release-tasks.toml"
    ).read_text() + '[gates]\nsign-off = ["bundles"]\n'
    tool.commit("release-tasks.toml", settings)
    tool.git("push", "--quiet", "origin", ":v0.2.0")
    tool.git("tag", "--delete", "v0.2.0")
    tool.tag("v0.2.0")
    build_binaries(context())
    package_bundles(context(dry=True), sign_off="Jane")
    assert "would stop unless v0.2.0 is signed off" in capfd.readouterr().err
    with pytest.raises(
        ReleaseError, match=r"v0\.2\.0 is not signed off"
    ) as reported:
        package_bundles(context())
    assert (
        reported.value.fix
        == f"try the binaries in {tool.root / 'dist' / 'v0.2.0'}, then add --sign-off NAME"
    )
    assert file_server.sent == []
    assert BUNDLE not in rows(tool)
    package_bundles(context(), sign_off="Jane Roe")
    assert BUNDLE in rows(tool)
    folder = tool.root / "dist" / "v0.2.0"
    assert (
        folder / "sign-off.txt"
    ).read_text() == "Jane Roe signed v0.2.0 off\n"
    (folder / BUNDLE).unlink()
    package_bundles(context())  # the word is kept with what it is about
    assert (folder / BUNDLE).exists()


@pytest.mark.long
def test_a_second_run_and_another_checkout_download_nothing_and_pack_the_same_bytes(
    tool: TinyProject,
    file_server: FileServer,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    build_binaries(context())
    package_bundles(context())
    before = rows(tool)[BUNDLE].sha256
    asked = len(file_server.sent)
    capfd.readouterr()
    package_bundles(context())
    assert (
        "nothing to do, every bundle is packed or published"
        in capfd.readouterr().err
    )
    monkeypatch.chdir(other := tool.clone())
    build_binaries(context())
    package_bundles(context())
    row = dist.row_of(tool.release().parts[0], BUNDLE, "bundle")
    assert row is not None
    assert row.sha256 == before
    assert (other / "dist" / "v0.2.0" / BUNDLE).exists()
    assert len(file_server.sent) == asked


def test_a_dry_run_shows_what_would_be_packed_and_downloads_nothing(
    tool: TinyProject,
    file_server: FileServer,
    capfd: pytest.CaptureFixture[str],
) -> None:
    package_bundles(context(dry=True))
    assert (
        f"would pack {BUNDLE} from tiny-0.2.0-linux and {file_server.name}/models/small.gguf"
        in capfd.readouterr().err
    )
    assert file_server.sent == []
    assert not (tool.root / "dist").exists()


def test_a_bundle_without_its_program_is_refused(
    tool: TinyProject, file_server: FileServer
) -> None:
    with pytest.raises(
        ReleaseError, match=r"needs tiny-0\.2\.0-linux, which is not in"
    ) as reported:
        package_bundles(context())
    assert reported.value.fix == "inv build-binaries --version 0.2.0"
    assert file_server.sent == []


def test_a_download_with_another_sha256_is_never_packed(
    tool: TinyProject, file_server: FileServer
) -> None:
    file_server.files["small.gguf"] = b"other weights"
    build_binaries(context())
    with pytest.raises(ReleaseError, match="has the sha256"):
        package_bundles(context())
    assert not (tool.root / "dist" / "v0.2.0" / BUNDLE).exists()


def test_a_missing_bundle_is_found_before_publishing(tool: TinyProject) -> None:
    build_binaries(context())
    with pytest.raises(
        ReleaseError,
        match=f"{BUNDLE} of 0.2.0 is declared, but neither in dist/ nor on GitHub",
    ):
        check_artifacts(context())
    package_bundles(context())
    with pytest.raises(ReleaseError) as reported:  # nobody has packed the crate
        check_artifacts(context())
    assert "bundle" not in reported.value.problem
    assert "linux-with" not in reported.value.problem
