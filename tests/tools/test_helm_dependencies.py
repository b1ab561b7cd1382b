"""What a chart needs, where it has it already, and why helm cannot get it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.repositories import write_files

from release_tasks import shell
from release_tasks.tools import helm
from release_tasks.tools.helm import dependencies
from release_tasks.tools.helm.dependencies import Dependency

pytestmark = pytest.mark.tools("helm")
TWICE = """\
apiVersion: v2
name: shop
version: 0.1.0
dependencies:
- {name: store, version: 1.x.x, alias: one, repository: "REPOSITORY"}
- {name: store, version: 2.0.0, alias: two, repository: "REPOSITORY"}
"""
LOCK = """\
dependencies:
- {name: store, version: 1.0.0, repository: oci://a.example/b}
- {name: store, version: 2.0.0, repository: oci://a.example/b}
digest: sha256:0
"""


def test_one_chart_in_two_versions_is_not_missing(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    write_files(shop, {"Chart.yaml": TWICE.replace("REPOSITORY", "")})
    for version in ("1.0.0", "2.0.0"):
        store = tmp_path / version
        about = f"apiVersion: v2\nname: store\nversion: {version}\n"
        write_files(store, {"Chart.yaml": about})
        shell.ask(["helm", "package", store, f"--destination={shop}/charts"])
    assert helm.missing(shop) == ()
    shell.ask(["helm", "package", shop, f"--destination={tmp_path}"])


def test_one_chart_in_two_versions_is_locked_twice(tmp_path: Path) -> None:
    text = TWICE.replace("REPOSITORY", "oci://a.example/b")
    write_files(tmp_path, {"Chart.yaml": text, "Chart.lock": LOCK})
    found = dependencies.dependencies(tmp_path)
    assert [one.version for one in found] == ["1.0.0", "2.0.0"]


@pytest.mark.parametrize(
    ("repository", "reason"),
    [
        ("", "it has no repository, and is not in charts/"),
        ("@shop", "there is no repository shop in helm's list here"),
        ("alias:shop", "there is no repository shop in helm's list here"),
        ("file://../store", "there is no chart in ../store"),
    ],
)
def test_a_dependency_that_helm_cannot_find(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    repository: str,
    reason: str,
) -> None:
    config = tmp_path / "repositories.yaml"
    monkeypatch.setenv("HELM_REPOSITORY_CONFIG", str(config))
    wanted = Dependency("store", "1.0.0", repository)
    assert dependencies.fault(tmp_path, wanted) == reason
    config.write_text(
        "repositories:\n- {name: shop, url: https://charts.example.org}\n"
    )
    if "shop" in repository:
        assert dependencies.fault(tmp_path, wanted) == ""
