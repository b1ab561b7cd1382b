"""Where a service answers 5xx, the error names the page on which it says so itself."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.crate_projects import write_crate
from support.local_registries import local_registries
from support.repositories import commit_all

from release_tasks import endpoints, http
from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.faults import Fault
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.shell import Failed
from release_tasks.tools import outages, twine
from release_tasks.tools.cargo import publish
from release_tasks.tools.gh import refusals


@pytest.fixture(scope="module")
def failing(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LocalRegistries]:
    """Registries of which every one answers 503 to clients."""
    with (
        pytest.MonkeyPatch.context() as patch,
        local_registries(tmp_path_factory.mktemp("failing"), patch) as running,
    ):
        body = b'{"message": "Service Unavailable"}'
        for method, path in (
            ("PUT", "/api/v1/crates/new"),
            ("POST", "/legacy/"),
            ("GET", "/repos/example/tiny"),
            ("POST", "/v2/example/charts/app/blobs/uploads"),
        ):
            fault = Fault(method, path, status=503, body=body, times=50)
            running.faults.add(fault)
        running.faults.add(Fault("GET", "/api/v1/summary", status=501))
        yield running


def failed(folder: Path, *argv: str) -> Failed:
    done = subprocess.run(
        argv,
        cwd=folder,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode
    return Failed(argv, done.returncode, done.stdout)


def chart(folder: Path) -> Path:
    source = folder / "app"
    source.mkdir()
    (source / "Chart.yaml").write_text(
        "apiVersion: v2\nname: app\nversion: 0.1.0\n"
    )
    subprocess.run(
        ["helm", "package", source], cwd=folder, check=True, capture_output=True
    )
    return folder / "app-0.1.0.tgz"


@pytest.mark.slow
@pytest.mark.statement("B4.41", "B4.45")
@pytest.mark.tools("cargo", "gh", "git", "helm")
@pytest.mark.usefixtures("failing")
def test_a_service_that_fails_is_named_with_its_page(tmp_path: Path) -> None:
    write_crate(tmp_path, "shop")
    commit_all(tmp_path)
    error = publish.explain(failed(tmp_path, "cargo", "publish", "--no-verify"))
    assert "https://status.crates.io" in error.fix
    assert "503" in error.problem

    error = refusals.explain(
        failed(tmp_path, "gh", "api", "repos/example/tiny")
    )
    assert "https://www.githubstatus.com" in error.fix

    argv = (
        "helm",
        "push",
        str(chart(tmp_path)),
        "oci://ghcr.io/example/charts",
    )
    found = outages.explain(failed(tmp_path, *argv).output, "ghcr.io")
    assert found is not None
    assert "https://www.githubstatus.com" in found.fix

    with pytest.raises(ReleaseError) as raised:
        http.get(f"{endpoints.CRATES}/api/v1/summary")
    assert raised.value.fix == (
        "look at https://status.crates.io, then try again"
    )


@pytest.mark.quick
def test_only_what_a_service_answers_counts() -> None:
    line = "ERROR    HTTPError: 503 Service Unavailable from https://upload.pypi.org"
    for text in ("uploading 503 files", "HTTP 403", "5.0.3"):
        assert outages.explain(text, "upload.pypi.org") is None
    explained = twine.explained(Failed(["twine"], 1, line), "TOKEN")
    assert explained.fix == (
        "look at https://status.python.org, then run the same line again"
    )
    found = outages.explain(
        "unexpected status code 502", "registry.example.org"
    )
    assert found is not None
    assert found.fix == "try again later"
