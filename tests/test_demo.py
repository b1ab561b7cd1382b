"""The demo, on a machine that lacks programs: what is left out, and in which words."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.tools("git", "cargo")

DEMO = Path(__file__).parents[1] / "examples" / "demo.py"


def test_without_docker_and_helm_the_image_and_the_chart_are_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("demo", DEMO)
    assert spec is not None
    assert spec.loader is not None
    demo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)
    project = tmp_path / "polyglot"
    shutil.copytree(DEMO.parent / "polyglot", project)
    few = tmp_path / "few"
    few.mkdir()
    for name in ("rustc", "cargo", "git"):
        os.symlink(str(shutil.which(name)), few / name)
    monkeypatch.setenv("PATH", str(few))

    said = demo.reduce(project)
    assert "images  ghcr.io/example/polyglot  skipped: docker buildx is not installed" in said
    assert "charts  ghcr.io/example/charts/polyglot  skipped: helm is not installed" in said
    assert not (project / "Dockerfile").exists()
    assert "[images" not in (project / "release-tasks.toml").read_text()
