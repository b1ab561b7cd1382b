"""Licenses that SPDX has replaced, and crates that only a script still knows, are found."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.crate_projects import chain, edit, findings

from release_tasks.checks.preflight import licenses, workflows

pytestmark = pytest.mark.tools("cargo")


def test_a_license_that_spdx_has_replaced_is_found(tmp_path: Path) -> None:
    root = chain(tmp_path / "shop")
    assert findings(root, licenses) == []
    edit(root, "shop-app", '"MIT"', '"GPL-3.0"')
    path = "crates/shop-app/Cargo.toml"
    reason = "`GPL-3.0` is deprecated, use GPL-3.0-only or GPL-3.0-or-later"
    assert findings(root, licenses) == [
        (
            "deprecated-license",
            f"{path}: license 'GPL-3.0': {reason}",
            f"correct license in {path}",
        )
    ]
    edit(root, "shop-app", '"GPL-3.0"', '"GPL-3.0-only"')
    assert findings(root, licenses) == []


def test_a_crate_that_only_a_script_knows_is_found(tmp_path: Path) -> None:
    root = chain(tmp_path / "shop")
    script = root / "publish.sh"
    script.write_text(
        "for c in shop-zero shop-old shop-app; do\n  cargo test -p $c\ndone\n"
    )
    assert findings(root, workflows) == [
        (
            "unknown-crate",
            "publish.sh names the crate shop-old, which does not exist",
            "correct or remove shop-old in publish.sh",
        )
    ]
    script.write_text(script.read_text().replace("shop-old ", ""))
    assert findings(root, workflows) == []
    workflow = root / ".github" / "workflows" / "ci.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(
        "jobs:\n  a:\n    steps:\n      - run: cargo test -p shop-old\n"
    )
    assert [name for name, _, _ in findings(root, workflows)] == [
        "unknown-crate"
    ]
