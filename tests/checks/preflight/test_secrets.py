"""No gate and no build sees a secret: neither a build.rs nor a script."""

from __future__ import annotations

from pathlib import Path

import pytest
from invoke.context import Context
from support import crate_projects as projects
from support.local_registries import local_registries
from support.repositories import commit_all

from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import gates
from release_tasks.steps.package_crates import package_crates

pytestmark = pytest.mark.tools("cargo", "git")
NAMES = (
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "CARGO_REGISTRY_TOKEN",
    "CARGO_REGISTRIES_OTHER_TOKEN",
    "PYPI_API_TOKEN",
    "TWINE_PASSWORD",
    "UV_PUBLISH_TOKEN",
    "DOCKER_AUTH_CONFIG",
    "DOCKER_PASSWORD",
    "NPM_TOKEN",
    "NODE_AUTH_TOKEN",
    "NPM_CONFIG__AUTH",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AZURE_CLIENT_SECRET",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "SIGNING_KEY",
    "COSIGN_PASSWORD",
    "GPG_PASSPHRASE",
    "DEPLOY_KEY",
    "GH_PAT",
    "SLACK_API_KEY",
)
MARK = "a-value-that-nobody-may-see"
NOSY = f"""fn main() {{
    let seen: Vec<String> = std::env::vars()
        .filter(|(_, value)| value.contains("{MARK}"))
        .map(|(name, _)| name)
        .collect();
    assert!(seen.is_empty(), "seen: {{seen:?}}");
    assert!(std::env::var("SHOP_OPENS").is_ok());
}}
"""
SETTINGS = """
[build]
pass-env = ["SHOP_*"]

[gates]
nosy = "python3 nosy.py"
"""
NOSY_GATE = f"import os\n\nassert [k for k, v in os.environ.items() if {MARK!r} in v] == []\n"


def test_no_secret_reaches_a_build_script_or_the_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with local_registries(tmp_path, monkeypatch):
        root = projects.workspace(tmp_path / "shop", {"shop-zero": ""})
        (root / "crates" / "shop-zero" / "build.rs").write_text(NOSY)
        (root / "release-tasks.toml").write_text(SETTINGS)
        (root / "nosy.py").write_text(NOSY_GATE)
        projects.cargo(root, "fmt")
        commit_all(root)
        monkeypatch.chdir(root)
        for name in NAMES:
            monkeypatch.setenv(name, f"{MARK}-{name.lower()}")
        monkeypatch.setenv("SHOP_OPENS", "at eight")
        assert (
            gates.failing_gate(CheckContext(Context(), projects.release(root)))
            == []
        )
        monkeypatch.delenv("GH_TOKEN")
        package_crates(Context())
