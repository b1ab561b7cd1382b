"""Publishing crates stops before anything wrong is uploaded, and resumes."""

from __future__ import annotations

from pathlib import Path

import pytest
from invoke.context import Context
from support import crate_projects as projects
from support.contexts import context
from support.crate_projects import CHAIN
from support.python_projects import tag
from support.repositories import commit_all

from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.steps.package_crates import package_crates
from release_tasks.steps.publish_crates import publish_crates

pytestmark = pytest.mark.tools("cargo", "git")


@pytest.fixture
def shop(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    root = projects.chain(tmp_path / "shop")
    tag(root, f"v{projects.VERSION}")
    monkeypatch.chdir(root)
    package_crates(Context())
    return root


@pytest.mark.statement("B1.17")
def test_crates_are_uploaded_in_the_order_of_their_normal_and_build_dependencies(
    shop: Path, registries: LocalRegistries
) -> None:
    publish_crates(Context(), new="all")
    assert projects.uploads(registries) == list(CHAIN)
    published = {
        line["name"]: line["cksum"]
        for line in projects.published_lines(registries)
    }
    assert published == {
        row["name"]: row["sha256"] for row in projects.recorded_crates(shop)
    }


def test_publishing_again_uploads_nothing(
    shop: Path, registries: LocalRegistries, capfd: pytest.CaptureFixture[str]
) -> None:
    publish_crates(Context(), new="all")
    capfd.readouterr()
    publish_crates(Context(), new="all")
    assert (
        "nothing to do, every crate is already published"
        in capfd.readouterr().err
    )
    assert len(projects.upload_requests(registries)) == 3


def test_new_names_have_to_be_confirmed(
    shop: Path, registries: LocalRegistries
) -> None:
    with pytest.raises(
        ReleaseError, match=r"`shop-app` has never been published to crates\.io"
    ):
        publish_crates(Context(), new="shop-zero,shop-middle")
    assert projects.upload_requests(registries) == []


def test_a_dry_run_prints_the_commands_and_uploads_nothing(
    shop: Path, registries: LocalRegistries, capfd: pytest.CaptureFixture[str]
) -> None:
    before = sorted((shop / "target" / "package").iterdir())
    publish_crates(context(dry=True), new="all")
    assert "cargo publish --no-verify" in (said := capfd.readouterr().err)
    assert said.rstrip().endswith("-p shop-zero -p shop-middle -p shop-app")
    assert registries.log.writes() == ()
    assert sorted((shop / "target" / "package").iterdir()) == before


def test_a_yanked_version_stops_the_release(
    shop: Path, registries: LocalRegistries
) -> None:
    projects.cargo(shop, "publish", "--no-verify", "-p", "shop-zero")
    projects.cargo(shop, "yank", "shop-zero@0.1.0")
    with pytest.raises(
        ReleaseError, match=r"shop-zero 0\.1\.0 on crates.io is yanked"
    ):
        publish_crates(Context(), new="all")
    assert projects.uploads(registries) == ["shop-zero"]


@pytest.mark.statement("B2.27")
def test_a_different_crate_of_our_version_stops_the_release_before_anything_is_published(
    shop: Path, registries: LocalRegistries
) -> None:
    projects.write_crate(shop.parent / "elsewhere", "shop-app")
    projects.cargo(shop.parent / "elsewhere", "publish", "--no-verify")
    with pytest.raises(
        ReleaseError, match=r"shop-app 0\.1\.0 on crates.io differs"
    ):
        publish_crates(Context(), new="all")
    assert projects.uploads(registries) == ["shop-app"]


def test_only_cargo_publish_sees_the_token(
    shop: Path, registries: LocalRegistries, capfd: pytest.CaptureFixture[str]
) -> None:
    publish_crates(Context(), new="all")
    assert registries.env["CARGO_REGISTRY_TOKEN"] not in capfd.readouterr().err


def test_crates_that_test_with_a_published_version_are_uploaded_one_after_another(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "old"
    projects.write_crate(old, "shop-any")
    projects.cargo(old, "publish", "--no-verify", "--quiet")
    root = projects.workspace(tmp_path / "shop", {
        "shop-core": '[dev-dependencies]\nshop-any = { path = "../shop-any", version = "0" }',
        "shop-any": "[dependencies]\n{shop-core}",
    })  # fmt: skip
    for name in ("shop-core", "shop-any"):
        projects.edit(
            root,
            name,
            f'version = "{projects.VERSION}"\nedition',
            'version = "0.1.1"\nedition',
        )
    projects.edit(
        root, "shop-any", 'version = "0.1.0" }', 'version = "0.1.1" }'
    )
    projects.cargo(root, "update", "--workspace", "--quiet")
    commit_all(root)
    tag(root, "v0.1.1")
    monkeypatch.chdir(root)
    package_crates(Context(), "0.1.1")
    publish_crates(Context(), "0.1.1", new="all")
    assert projects.uploads(registries)[-2:] == ["shop-core", "shop-any"]
