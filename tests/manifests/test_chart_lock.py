"""The digest of a Chart.lock is the one that helm writes and demands."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.repositories import write_files

from release_tasks.errors import ReleaseError
from release_tasks.manifests import chart_lock, chart_yaml
from release_tasks.manifests.version_locations import FileBump

pytestmark = pytest.mark.tools("helm")
CHART = """apiVersion: v2
name: acme
version: 1.2.3
dependencies:
  - name: web
    version: "^1.2.3"
    repository: file://../web
    alias: "front"
    condition: web.enabled
    tags: [a, "<b> & c"]
    import-values:
      - data
      - {parent: data, child: exported}
  - name: web
    version: ">=1.0.0, <2"
    repository: file://../web/
    enabled: true
"""
WEB = "apiVersion: v2\nname: web\nversion: 1.2.3\n"


def test_the_digest_is_that_of_helm(tmp_path: Path) -> None:
    root = write_files(
        tmp_path, {"acme/Chart.yaml": CHART, "web/Chart.yaml": WEB}
    )
    update = ["helm", "dependency", "update", root / "acme"]
    subprocess.run(update, check=True, capture_output=True)
    lock = (root / "acme/Chart.lock").read_text()
    wanted = chart_yaml.read(CHART, "Chart.yaml").dependencies
    assert chart_lock.is_current(wanted, lock, "Chart.lock")
    siblings = {("web", "file://../web"): "2.0.0"}
    with pytest.raises(
        ReleaseError, match=r"Chart\.yaml:15: .* web: `>=1\.0\.0, <2`"
    ):
        chart_yaml.kind("2.0.0", siblings).set_versions(
            CHART, FileBump("Chart.yaml", {}, "2.0.0")
        )


def test_helm_builds_what_a_bumped_lock_names(tmp_path: Path) -> None:
    root = write_files(
        tmp_path, {"acme/Chart.yaml": CHART, "web/Chart.yaml": WEB}
    )
    update = ["helm", "dependency", "update", root / "acme"]
    subprocess.run(update, check=True, capture_output=True)
    siblings = {("web", "file://../web"): "1.3.0"}
    kind = chart_yaml.kind("1.3.0", siblings)
    text = kind.set_versions(CHART, FileBump("Chart.yaml", {}, "1.3.0"))
    assert 'version: "^1.3.0"' in text
    assert 'version: ">=1.0.0, <2"' in text
    wanted = chart_yaml.read(text, "Chart.yaml").dependencies
    lock = root / "acme/Chart.lock"
    locked = chart_lock.kind(wanted, siblings)
    lock.write_text(
        locked.set_versions(lock.read_text(), FileBump("Chart.lock", {}))
    )
    (root / "acme/Chart.yaml").write_text(text)
    (root / "web/Chart.yaml").write_text(WEB.replace("1.2.3", "1.3.0"))
    build = ["helm", "dependency", "build", root / "acme"]
    subprocess.run(build, check=True, capture_output=True)
    assert (root / "acme/charts/web-1.3.0.tgz").exists()
