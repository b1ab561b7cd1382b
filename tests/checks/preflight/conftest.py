"""Local registries that know the sample projects."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.local_registries import local_registries

from release_tasks.rehearsal import server
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.rehearsal.web import Request, Response


class Charts:
    """The chart repository that a sample depends on, with its files on this machine."""

    name, hosts, url = (
        "charts",
        ("charts.bitnami.com",),
        "https://charts.bitnami.com/bitnami",
    )

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "bitnami"
        for name, version in {
            "clickhouse": "6.3.4",
            "postgresql": "16.4.1",
            "redis": "20.6.3",
        }.items():
            (self.folder / name).mkdir(parents=True)
            (self.folder / name / "Chart.yaml").write_text(
                f"apiVersion: v2\nname: {name}\nversion: {version}\n"
            )
            subprocess.run(
                ["helm", "package", name],
                cwd=self.folder,
                check=True,
                capture_output=True,
            )
        subprocess.run(
            ["helm", "repo", "index", f"--url={self.url}", "."],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )

    def handle(self, request: Request) -> Response:
        """Answer with a file of the repository."""
        file = self.folder / request.path.rpartition("/")[2]
        return (
            Response(200, file.read_bytes())
            if file.is_file()
            else Response(404)
        )


@pytest.fixture(scope="module")
def samples(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LocalRegistries]:
    """The same registries for all of them, on a machine that has what their settings name."""
    folder = tmp_path_factory.mktemp("samples")
    for name in ("protoc", "trivy"):
        (folder / name).touch(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "release_tasks.rehearsal.registries.Servers",
            lambda apps, *rest: server.Servers((*apps, Charts(folder)), *rest),
        )
        with local_registries(folder, patch) as running:
            patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
            patch.setenv("RUSTUP_TOOLCHAIN", "stable")
            # after the last day of every changelog
            patch.setenv("GIT_COMMITTER_DATE", "2026-08-01T12:00:00Z")
            patch.delenv("GITHUB_ACTIONS", raising=False)
            yield running
